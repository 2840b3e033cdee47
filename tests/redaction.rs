//! A planted secret is found nowhere but where it was put (P7), and no peer's control character reaches a terminal raw.

mod support;

use std::error::Error;
use std::fmt::Debug;

use rrp::command::{
    Body, Command, Describe, Dialect, DomainStatus, Mod, Ptf, PtfCommand, Raw, RrpCommand, Session, ToCommand,
};
use rrp::reply::ReplyBuilder;
use rrp::wire::deframe::{Ends, Grammar, Limits};
use rrp::wire::{Greeting, decode, encode};
use rrp::{DomainName, Reply, ReturnCode, Secret};
use support::{chain, deframe, frame, frames, wire};

/// What is looked for. It has none of the marks of a secret itself.
const PLANTED: &str = "pl4nted";

#[track_caller]
fn assert_hidden(what: &str, printed: &str) {
    assert!(!shows(printed), "{what}: {printed}");
}

/// Whether it is printed, as text or as a list of bytes.
fn shows(printed: &str) -> bool {
    let bytes = format!("{:?}", PLANTED.as_bytes());
    let printed = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    printed.contains(PLANTED) || printed.contains(bytes.trim_matches(['[', ']']))
}

/// Debug in both forms.
#[track_caller]
fn assert_debug_hides(what: &str, value: &impl Debug) {
    assert_hidden(what, &format!("{value:?} {value:#?}"));
}

/// Display, Debug and every source.
#[track_caller]
fn assert_error_hides(what: &str, error: &dyn Error) {
    assert_hidden(what, &format!("{} {error:?} {error:#?}", chain(error)));
}

const SECRET_NAMES: [&str; 12] = [
    "auth",
    "AUTH",
    "Auth Code",
    "password",
    "PASSWORD",
    "new password",
    "sessionid",
    "session id",
    "pw",
    "token",
    "x-auth",
    "creditcard number",
];

#[test]
fn a_secret_in_a_reply_is_not_printed() {
    for name in SECRET_NAMES {
        for reply in [
            format!("[RESPONSE]\ncode = 200\nproperty[{name}][0] = {PLANTED}\nEOF\n"),
            format!("[RESPONSE]\ncode = 200\nproperty[{name}][7] = a;b=c {PLANTED}\nEOF\n"),
            format!("[RESPONSE]\ncode = 200\n{name} = {PLANTED}\nEOF\n"),
            format!("[RESPONSE]\ncode = 200\nproperty[{name}][99999999999] = {PLANTED}\nEOF\n"),
            format!("200 ok\n{name}:{PLANTED}\n.\n"),
        ] {
            let reply = support::reply(reply.as_bytes());
            let item = reply.lines().next().unwrap();
            assert!(item.is_secret() && item.value().contains(PLANTED), "{name}");
            assert_eq!(item.redacted(), "***");
            assert_debug_hides(name, &item);
            assert_debug_hides(name, &reply);
            assert_debug_hides(name, &reply.clone().into_index());
        }
    }
}

#[test]
fn a_secret_that_a_value_or_a_text_quotes_is_not_printed() {
    for value in [
        format!("AUTH={PLANTED}"),
        format!("auth = {PLANTED}"),
        format!("PASSWORD: {PLANTED}"),
        format!("COMMAND=TransferDomain AUTH={PLANTED}"),
        format!("COMMAND=TransferDomain&auth={PLANTED}&x=1"),
        format!("a=1, b=2, new password={PLANTED}"),
        format!("https://example.com/?token={PLANTED}"),
        format!("{{\"auth\":\"{PLANTED}\"}}"),
        format!("auth='{PLANTED}; more of {PLANTED}'"),
    ] {
        let reply = format!(
            "[RESPONSE]\ncode = 541\ndescription = Invalid attribute value; {value}\n\
             property[OPERATIONINFO][0] = {value}\nlog = {value}\nEOF\n"
        );
        let reply = support::reply(reply.as_bytes());
        assert_debug_hides(&value, &reply);
        assert_hidden(&value, &reply.redacted_text());
        assert!(reply.lines().all(|item| item.is_secret()), "{value}");
        assert!(reply.text().contains(PLANTED), "it can still be read");
        let rrp =
            support::reply(format!("541 Invalid attribute value; {value}\nnote:{value}\n.\n").as_bytes());
        assert_debug_hides(&value, &rrp);
    }
}

#[test]
fn the_parts_of_a_reply_print_no_secret_either() {
    let bytes = format!(
        "[RESPONSE]\ncode = 541\ndescription = Invalid attribute value; AUTH={PLANTED}\n\
         property[auth][0] = {PLANTED}\nproperty[domaincheck][0] = 541 bad; AUTH={PLANTED}\nEOF\n"
    );
    let whole = frame(bytes.as_bytes());
    let reply = Reply::parse(&whole).unwrap();
    let head = Reply::peek(&whole).unwrap();
    let (rows, checks) = (reply.rows(&["domain", "auth"]), reply.domain_checks());
    let shown = [format!("{head:?}"), format!("{rows:?}"), format!("{checks:?}")];
    let printed: Vec<&String> = shown.iter().filter(|shown| shows(shown)).collect();
    assert!(printed.is_empty(), "{printed:?}");
}

#[test]
fn what_is_no_secret_is_printed() {
    let reply =
        "[RESPONSE]\ncode = 200\ndescription = ok; see the manual\nproperty[domain][0] = example.com\nEOF\n";
    let printed = format!("{:?}", support::reply(reply.as_bytes()));
    assert!(printed.contains("example.com") && printed.contains("ok; see the manual"), "{printed}");
}

#[test]
fn a_secret_in_a_malformed_frame_is_in_no_error() {
    for text in [
        format!("[RESPONSE]\ncode = 200\n{PLANTED}\nEOF\n"),
        format!("[RESPONSE]\ncode = {PLANTED}\nEOF\n"),
        format!("[RESPONSE]\ncode = 200\nproperty[auth][0] = {PLANTED}\ncode = 200\nEOF\n"),
        format!("[RESPONSE]\ncode = 200\n= {PLANTED}\nEOF\n"),
        format!("[{PLANTED}]\ncode = 200\nEOF\n"),
        format!("200 ok\nauth {PLANTED}\n.\n"),
        format!("200 ok\n:{PLANTED}\n.\n"),
        format!("{PLANTED}\n.\n"),
    ] {
        let error = Reply::parse(&frame(text.as_bytes())).unwrap_err();
        assert_error_hides(&text, &error);
    }
    for text in [
        format!("session\n-Id:a\n-Password:{PLANTED}\0\n.\n"),
        format!("session\n-Password {PLANTED}\n.\n"),
        format!("session\n-Password:{PLANTED}\n-Password:{PLANTED}\n.\n"),
        format!("mod\nauth:{PLANTED}==\n.\n"),
        format!("mod\nauth:={PLANTED}\n.\n"),
        format!("[COMMAND]\ncommand = X\nauth = {PLANTED}\u{1b}\nEOF\n"),
        format!("[COMMAND]\ncommand = X\nauth = {PLANTED}\nauth = {PLANTED}\nEOF\n"),
        format!("[COMMAND]\ncommand = X\n{PLANTED}\nEOF\n"),
        format!("[COMMAND]\nauth = {PLANTED}\nEOF\n"),
        format!("[HEADER]\ns_pw = {PLANTED}\u{7f}\n[COMMAND]\ncommand = X\nEOF\n"),
    ] {
        assert_error_hides(&text, &decode(&frame(text.as_bytes())).unwrap_err());
    }
}

/// Commands that hold the secret, made in every way that there is.
fn commands() -> Vec<(&'static str, Command)> {
    let raw = |verb: &str| RrpCommand::new(verb).unwrap();
    let domain: DomainName = "example.com".parse().unwrap();
    let ptf = PtfCommand::new("StatusDomain").unwrap();
    let modify = || Mod::domain(&domain);
    vec![
        ("login", Session::login("registrar", PLANTED).unwrap().to_command()),
        ("new password", Session::login("a", "b").unwrap().new_password(PLANTED).unwrap().to_command()),
        ("raw option", Command::new(raw("session").option("Password", PLANTED).unwrap())),
        ("raw new password", Command::new(raw("session").option("NewPassword", PLANTED).unwrap())),
        ("secret option", Command::new(raw("session").secret_option("Id", Secret::from(PLANTED)).unwrap())),
        ("raw attribute", Command::new(raw("transfer").attribute("AuthCode", PLANTED).unwrap())),
        ("described", Describe::new().option("Token", PLANTED).unwrap().to_command()),
        ("parameter", Command::new(ptf.clone().param("auth", PLANTED).unwrap())),
        ("indexed", Command::new(ptf.clone().params("password", ["x", PLANTED]).unwrap())),
        ("secret parameter", Command::new(ptf.clone().secret("domain", Secret::from(PLANTED)).unwrap())),
        ("header", Command::new(ptf.header("s_pw", PLANTED).unwrap())),
        (
            "typed by name",
            Ptf::change("TransferDomain").unwrap().param("AUTH", PLANTED).unwrap().to_command(),
        ),
        ("added in a MOD", modify().add("auth", PLANTED).unwrap().to_command()),
        ("removed in a MOD", modify().remove("auth", PLANTED).unwrap().to_command()),
        ("replaced in a MOD", modify().replace("auth", PLANTED, "x").unwrap().to_command()),
        ("replacing in a MOD", modify().replace("auth", "x", PLANTED).unwrap().to_command()),
    ]
}

#[test]
fn a_secret_in_a_command_goes_to_the_wire_and_is_not_printed() {
    let mut printed = Vec::new();
    for (what, command) in commands() {
        let bytes = wire(command.body(), Dialect::Xrrp);
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.contains(PLANTED), "{what}: it must be sent");
        let read = decode(&frame(&bytes)).unwrap();
        // A name that does not tell cannot be known for a secret by who only reads it.
        let telling = !["secret option", "secret parameter"].contains(&what);
        let shown =
            [format!("{command:?} {command:#?}"), format!("{:?}", command.body()), format!("{read:?}")];
        let shown = shown.iter().take(if telling { 3 } else { 2 });
        if shown.into_iter().any(|shown| shows(shown)) {
            printed.push(what);
        }
    }
    assert!(printed.is_empty(), "printed: {printed:?}");
}

#[test]
fn the_typed_commands_print_no_secret_either() {
    let login = Session::login("registrar", PLANTED).unwrap().new_password(PLANTED).unwrap();
    assert_debug_hides("Session", &login);
    let ptf = Ptf::change("TransferDomain").unwrap().param("auth", PLANTED).unwrap();
    assert_debug_hides("Ptf", &ptf);
    let raw = RrpCommand::new("transfer").unwrap().option("AuthInfo", PLANTED).unwrap();
    assert_debug_hides("lines", &raw.lines());
    assert_debug_hides("field", &raw.get("AuthInfo"));
    assert_debug_hides("Raw", &Raw::change(raw).unwrap());
    assert_debug_hides("Secret", &Secret::from(PLANTED));
}

#[test]
fn a_secret_that_is_refused_is_in_no_error() {
    let broken = format!("{PLANTED}\n{PLANTED}");
    let rrp = || RrpCommand::new("mod").unwrap();
    let ptf = || PtfCommand::new("X").unwrap();
    for error in [
        Session::login("a", broken.as_str()).unwrap_err(),
        Session::login("a", "b").unwrap().new_password(broken.as_str()).unwrap_err(),
        rrp().secret_option("Password", Secret::from(broken.as_str())).unwrap_err(),
        rrp().attribute("auth", &broken).unwrap_err(),
        rrp().remove("auth", &broken).unwrap_err(),
        rrp().replace("auth", "x", &broken).unwrap_err(),
        rrp().attribute("auth", &format!("{PLANTED}=")).unwrap_err(),
        ptf().param("auth", &broken).unwrap_err(),
        ptf().secret("auth", Secret::from(broken.as_str())).unwrap_err(),
        ptf().header("s_pw", &broken).unwrap_err(),
    ] {
        assert_error_hides("refused", &error);
    }
    assert_error_hides("status", &DomainStatus::new(&broken).unwrap_err());
    let long = Session::login("registrar", format!("{PLANTED}-{PLANTED}-{PLANTED}")).unwrap().to_command();
    let error = encode(long.body(), Dialect::Rfc, &mut bytes::BytesMut::new()).unwrap_err();
    assert_error_hides("strict dialect", &error);
}

#[test]
fn a_reply_to_be_written_prints_no_secret() {
    let builder = ReplyBuilder::new(ReturnCode::COMPLETED, PLANTED).unwrap();
    let builder = builder.property("auth", 0, PLANTED).unwrap().attribute("note", PLANTED).unwrap();
    assert_debug_hides("builder", &builder);
    let error = builder.property("auth", 1, &format!("{PLANTED}\r")).unwrap_err();
    assert_error_hides("builder", &error);
    assert_debug_hides("frames", &frames(format!("200 {PLANTED}\n.\n").as_bytes()));
    let error = deframe(Limits::REPLY.with_line(5), Ends::Either, [PLANTED.as_bytes()]).unwrap_err();
    assert_error_hides("framing", &error);
}

/// What a codec takes for a greeting may be a reply that lost its first line.
#[test]
fn a_secret_in_a_frame_taken_for_a_greeting_is_not_printed() {
    for text in [
        format!("200OK\nauth:{PLANTED}\n.\n"),
        format!("code = 200\nproperty[auth][0] = {PLANTED}\nEOF\n"),
        format!("X RRP Server version 1\nsessionid: {PLANTED}\n.\n"),
    ] {
        let whole = frame(text.as_bytes());
        assert_eq!(whole.grammar(), Grammar::Text);
        assert_debug_hides(&text, &Greeting::parse(whole.bytes()));
    }
}

#[test]
fn control_characters_of_a_peer_are_never_printed_raw() {
    let order = "\u{1b}[2J\u{7}\u{9b}31m\u{202e}";
    // In a name those of ASCII are refused.
    let name = "\u{9b}31m\u{202e}";
    let reply = format!(
        "[RESPONSE]\ncode = 541\ndescription = bad {order}; {order}x\nproperty[{name}][0] = {order}x\n\
         property[domain][1] = {order}\r\0x\n{name}key = {order}x\nEOF\n"
    );
    let reply = support::reply(reply.as_bytes());
    let rrp = support::reply(format!("541 bad {order}x\n{name}name:{order}x\n.\n").as_bytes());
    let greeting =
        Greeting::parse(frame(format!("A{order} RRP Server version {order}x\n.\n").as_bytes()).bytes());
    let mut printed = vec![format!("{reply:?}"), format!("{rrp:?}"), format!("{greeting:?}")];
    printed.extend(reply.lines().map(|item| format!("{item:?}")));
    printed.extend(reply.domain_checks().iter().map(|check| format!("{check:?}")));
    printed.push(format!("{:?}", reply.rows(&["domain"])));
    printed.push(format!("{:?}", Reply::peek(&frame(format!("541 {order}x\n.\n").as_bytes())).unwrap()));
    for text in [format!("check\n{order}:x\n.\n"), format!("{order}\n.\n"), format!("check\nx:{order}y\n.\n")]
    {
        printed.push(chain(&decode(&frame(text.as_bytes())).unwrap_err()));
    }
    for text in [
        format!("[COMMAND]\ncommand = X\n{order} = 1\nEOF\n"),
        format!("[COMMAND]\ncommand = X\na = {order}y\nEOF\n"),
        format!("[{order}]\ncommand = X\nEOF\n"),
    ] {
        let error = decode(&frame(text.as_bytes())).unwrap_err();
        printed.push(format!("{} {error:?}", chain(&error)));
    }
    let error = ReplyBuilder::listed(ReturnCode::COMPLETED).unwrap().attribute(order, "x").unwrap_err();
    printed.push(format!("{} {error:?}", chain(&error)));
    for printed in printed {
        let raw = printed.chars().find(|c| c.is_control() || *c == '\u{202e}');
        assert_eq!(raw, None, "{printed:?}");
    }
}

#[test]
fn a_raw_body_prints_what_its_command_prints() {
    for (what, command) in commands() {
        let body: &Body = command.body();
        let inner = match body {
            Body::Rrp(rrp) => format!("{rrp:?}"),
            Body::Ptf(ptf) => format!("{ptf:?}"),
        };
        assert!(format!("{body:?}").contains(&inner), "{what}");
    }
}

#[cfg(feature = "net")]
#[test]
fn what_the_codecs_say_hides_secrets_too() {
    use rrp::net::{CodecError, CommandCodec, ReplyCodec};
    use tokio_util::codec::{Decoder, Encoder};

    let reply = format!("200 ok\r\nauth:{PLANTED}\r\n.\r\n");
    let mut codec = ReplyCodec::default();
    let message = codec.decode(&mut bytes::BytesMut::from(&reply[..])).unwrap().unwrap();
    assert_debug_hides("message", &message);
    let mut partial = bytes::BytesMut::from(&reply[..reply.len() - 3]);
    assert_error_hides("incomplete", &codec.decode_eof(&mut partial).unwrap_err());
    assert_debug_hides("codec", &codec);
    let command = format!("session\r\n-Password:{PLANTED}\t\u{1b}\r\n.\r\n");
    let error = CommandCodec::default().decode(&mut bytes::BytesMut::from(&command[..])).unwrap_err();
    assert_error_hides("command", &error);
    let long = Session::login("registrar", format!("{PLANTED}-{PLANTED}-{PLANTED}")).unwrap().to_command();
    let mut strict = ReplyCodec::new(Limits::REPLY, Dialect::Rfc);
    let error: CodecError = strict.encode(&long, &mut bytes::BytesMut::new()).unwrap_err();
    assert_error_hides("encoder", &error);
}

#[test]
fn a_text_that_a_separator_tears_hides_its_secret_in_name_and_value() {
    let reply = support::reply(format!("200 ok\nLogin of user PASSWORD={PLANTED} at 10:00\n.\n").as_bytes());
    let item = reply.lines().next().unwrap();
    assert!(item.is_secret() && !item.redacted_name().contains(PLANTED));
    assert_debug_hides("torn", &reply);
}

#[test]
fn what_is_printed_of_a_reply_is_bounded() {
    let long = "n".repeat(60_000);
    let lines: String = (0..32).map(|n| format!("{long}{n}:v\n")).collect();
    let reply = support::reply(format!("200 {}\n{lines}.\n", "\u{1}".repeat(60_000)).as_bytes());
    assert!(format!("{reply:?}").len() < 40_000);
}

#[test]
fn secrets_in_sentences_tags_and_addresses_are_hidden() {
    for value in [
        "password for joe: pl4nted",
        "auth code of x.example: pl4nted",
        "<domain:pw>pl4nted</domain:pw>",
        "https://joe:pl4nted@host.example/",
    ] {
        assert!(rrp::secret::assigns_secret(value), "{value}");
    }
    for value in ["Authentication failed: account closed", "see https://host.example/", "time: 10:00"] {
        assert!(!rrp::secret::assigns_secret(value), "{value}");
    }
}
