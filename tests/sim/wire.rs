//! The registry's own grammar: what it reads, what it writes, and that no bytes hurt it.

use proptest::prelude::*;
use rrp::command::Dialect;
use rrp::sim::wire::{
    Answer, Form, LineEnds, MAX_FRAME, MAX_LINE, MAX_LINES, Reader, RequestError, Style, Terminator,
    read_command, write_reply,
};
use rrp::sim::{Action, Close, Effect, Fault, Registry, Trigger};

use crate::drive::{Client, base, config};

#[test]
fn commands_are_read_in_both_grammars() {
    let rrp = read_command(b"mod\nentityname : x\n").unwrap_err();
    assert_eq!(rrp, RequestError::Incomplete);
    let rrp =
        read_command(b"\r\n.\r\nMod\r\nIPAddress:2001:DB8::1= \r\n-Period: 2\r\n.\r\nEOF\r\n\r\n").unwrap();
    assert_eq!((rrp.form(), rrp.name()), (Form::Rrp, "Mod"));
    assert_eq!((rrp.first("ipaddress"), rrp.option("period")), (Some("2001:DB8::1="), Some("2")));
    assert_eq!(rrp.first("period"), None);
    let ptf = b"[header]\nx = 1\n[Command]\nnameserver10=c\nCOMMAND = \tAddDomain\nnameserver2 = b=b\nNAMESERVER0=a\n\nauth=\neof\n.\n";
    let ptf = read_command(ptf).unwrap();
    assert_eq!((ptf.form(), ptf.name(), ptf.header()[0].value()), (Form::Ptf, "AddDomain", "1"));
    assert_eq!(ptf.indexed("nameserver"), ["a", "b=b", "c"]);
    assert_eq!(ptf.fields().iter().map(|field| field.name()).collect::<Vec<_>>().len(), 4);
    assert_eq!(
        format!("{:?}", read_command(b"session\n-Password:hunter2\n.\n").unwrap()).find("hunter2"),
        None
    );
}

#[test]
fn what_is_no_command_is_refused_whole() {
    let malformed: [&[u8]; 11] = [
        b"add\r\nEntityName Domain\r\n.\r\n",
        b"add me\r\n.\r\n",
        b"add\r\n:x\r\n.\r\n",
        b"add\r\nNameServer:ns1\rdel\r\n.\r\n",
        b"add\r\nNameServer:\xff\r\n.\r\n",
        b"[COMMAND]\r\ndomain = example.com\r\nEOF\r\n",
        b"[COMMAND]\r\ncommand = A\r\ncommand = B\r\nEOF\r\n",
        b"[COMMAND]\r\ncommand = A\r\nno equals\r\nEOF\r\n",
        b"[COMMAND]\r\ncommand = A\r\n= x\r\nEOF\r\n",
        b"[COMMAND]\r\ncommand = A\0\r\nEOF\r\n",
        b"[COMMAND]\r\ncommand = A\r\n.\r\n",
    ];
    for bytes in malformed {
        assert!(matches!(read_command(bytes), Err(RequestError::Malformed(_))), "{}", bytes.escape_ascii());
        let mut client = Client::new(config());
        client.registry.receive(client.id, bytes, client.now);
        client.settle();
        assert!(client.take().starts_with("507 Invalid command format; "), "{}", bytes.escape_ascii());
        assert_eq!((client.closed, client.code("describe")), (None, 200));
    }
    assert_eq!(read_command(b"describe\r\n.\r\nquit\r\n.\r\n"), Err(RequestError::Trailing));
    assert_eq!(read_command(b"describe\r\n.\r\nqui"), Err(RequestError::Trailing));
}

#[test]
fn frames_are_bounded() {
    let line = |len: usize| ["a:".to_owned(), "x".repeat(len - 2), "\r\n".to_owned()].concat();
    let frame = |lines: &str| ["add\r\n", lines, ".\r\n"].concat();
    assert!(read_command(frame(&line(MAX_LINE)).as_bytes()).is_ok());
    let too_long = [
        frame(&line(MAX_LINE + 1)),
        frame(&line(3).repeat(MAX_LINES)),
        frame(&line(MAX_LINE).repeat(MAX_FRAME / MAX_LINE + 1)),
        "x".repeat(MAX_LINE + 2),
    ];
    for text in too_long {
        assert_eq!(read_command(text.as_bytes()), Err(RequestError::TooLong));
        let mut client = Client::new(config());
        client.registry.receive(client.id, text.as_bytes(), client.now);
        client.settle();
        assert!(client.take().starts_with("507 "));
        assert_eq!(client.closed, Some(Close::Orderly));
    }
    assert!(read_command(frame(&line(3).repeat(MAX_LINES - 1)).as_bytes()).is_ok());
}

#[test]
fn pure_rfc_has_no_ptf() {
    let mut client = Client::new(config().dialect(Dialect::Rfc));
    let reply = client.ask("[COMMAND]\ncommand = Describe\nEOF\n.");
    assert!(reply.starts_with("507 "), "{reply}");
    assert_eq!(client.code("check\nEntityName:Domain\nDomainName:müller.com"), 505);
    for (dialect, code) in [(Dialect::Rfc, 541), (Dialect::Xrrp, 210)] {
        let mut client = Client::new(config().dialect(dialect).zones(["com", "co.com"]));
        assert_eq!(client.code("check\nEntityName:Domain\nDomainName:example.co.com"), code);
    }
    assert_eq!(Client::new(config()).code("check\nEntityName:Domain\nDomainName:müller.com"), 210);
}

#[test]
fn answers_are_written_in_every_style() {
    let answer =
        Answer::new(200).form(Form::Ptf).pair("a", 1).pair("b", "x\r\n.").pair("a", 2).key("pending", 1);
    let written = |style: Style| String::from_utf8(write_reply(&answer, &style).to_vec()).unwrap();
    assert_eq!(
        written(Style::new()),
        "[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\npending = 1\r\n\
         property[a][0] = 1\r\nproperty[b][0] = x  .\r\nproperty[a][1] = 2\r\nruntime = 0.012\r\nqueuetime = 0\r\nEOF\r\n.\r\n"
    );
    let style = Style::new()
        .without_times(true)
        .line_ends(LineEnds::Lf)
        .tight(true)
        .upper_keys(true)
        .index_gaps(true);
    assert_eq!(
        written(style.code_last(true).terminator(Terminator::Dot)),
        "[RESPONSE]\nPENDING=1\nPROPERTY[A][0]=1\nPROPERTY[B][0]=x  .\nPROPERTY[A][2]=2\nCODE=200\n\
         DESCRIPTION=Command completed successfully\n.\n"
    );
    assert!(written(Style::new().padded(true)).contains("\r\ncode           = 200\r\n"));
    assert!(written(Style::new().stray_lines(true)).starts_with("\r\n.\r\n[RESPONSE]\r\n"));
    let rrp = write_reply(
        &Answer::new(213).pair("ipAddress", "192.10.10.10"),
        &Style::new().rrp_ended_by_eof(true),
    );
    assert_eq!(rrp, "213 Name server not available\r\nipAddress:192.10.10.10\r\nEOF\r\n");
    let secret = Answer::new(200).pair("auth", "hunter2").pair("domain", "example.com");
    let shown = format!("{secret:?}");
    assert!(shown.contains("example.com") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn nothing_secret_is_shown() {
    let mut client = Client::new(config());
    assert_eq!(client.ptf("command = AddDomain\ndomain = example.com\nauth = hunter2").code(), 200);
    let shown = format!("{:?} {:?}", client.registry, client.registry.domain("example.com"));
    for secret in ["hunter2", "i-am-registrarA"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

/// Bytes that come close to commands.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        Just(&b"session\r\n-Id:registrarA\r\n-Password:i-am-registrarA\r\n.\r\n"[..]),
        Just(&b"add\r\nEntityName:Domain\r\nDomainName:example.com\r\n"[..]),
        Just(&b"mod\nEntityName:NameServer\nNameServer:ns1.example.com\nIPAddress:198.41.1.1=\n"[..]),
        Just(&b"[COMMAND]\r\ncommand = AddDomain\r\ndomain = example.com\r\n"[..]),
        Just(&b"[COMMAND]\ncommand = QueryDomainList\nfirst = 99999999999999999999\n"[..]),
        Just(&b"[HEADER]\n"[..]),
        Just(&b"-Period:99999999999999999999\r\n"[..]),
        Just(&b".\r\n"[..]),
        Just(&b"EOF\n"[..]),
        Just(&b"quit\r\n.\r\n"[..]),
        Just(&b"\r"[..]),
        Just(&b"\n"[..]),
        Just(&b":="[..]),
        Just(&b"xn--\xc3\xbc.com"[..]),
    ];
    let noise = prop::collection::vec(any::<u8>(), 0..20);
    let piece = prop_oneof![4 => pieces.prop_map(<[u8]>::to_vec), 1 => noise];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// All that a registry does with these bytes, however they are cut.
fn run(bytes: &[u8], cuts: &[usize], faults: bool) -> (Vec<Action>, Vec<String>) {
    let now = base();
    let mut registry = Registry::new(config().seed(5), now);
    if faults {
        for effect in [Effect::Garble, Effect::Twice, Effect::ExecuteAfter(std::time::Duration::from_secs(1))]
        {
            registry.faults().add(Fault::on(Trigger::AnyCommand).then(effect).always().with_probability(0.2));
        }
    }
    let id = registry.connect(now);
    let mut rest = bytes;
    for cut in cuts {
        let (begin, end) = rest.split_at((*cut).min(rest.len()));
        registry.receive(id, begin, now);
        rest = end;
    }
    registry.receive(id, rest, now);
    registry.receive_eof(id, now);
    let mut actions = Vec::new();
    while let Some(when) = registry.poll_timeout() {
        while let Some((_, action)) = registry.poll(when) {
            actions.push(action);
        }
    }
    (actions, registry.ledger().entries().iter().map(ToString::to_string).collect())
}

proptest! {
    #[test]
    fn any_bytes_are_borne_and_cuts_do_not_matter(
        bytes in stream(),
        cuts in prop::collection::vec(0..50_usize, 0..20),
        faults: bool,
    ) {
        let whole = run(&bytes, &[], faults);
        prop_assert_eq!(whole.0.iter().filter(|action| matches!(action, Action::Close(_))).count(), 1);
        prop_assert!(matches!(whole.0.last(), Some(Action::Close(_))));
        prop_assert_eq!(whole, run(&bytes, &cuts, faults));
    }

    #[test]
    fn what_is_read_one_by_one_is_what_is_read_alone(bytes in stream()) {
        let mut reader = Reader::new(Dialect::Xrrp);
        reader.push(&bytes);
        let first = reader.next_command();
        match read_command(&bytes) {
            Err(RequestError::Incomplete) => prop_assert!(first.is_none()),
            Err(RequestError::Trailing) => prop_assert!(matches!(first, Some(Ok(_)))),
            read => prop_assert_eq!(Some(read), first),
        }
    }

    #[test]
    fn whatever_is_in_an_answer_it_is_one_frame(text in any::<String>(), name in any::<String>(), value in any::<String>()) {
        for form in [Form::Rrp, Form::Ptf] {
            let answer = Answer::new(200).form(form).text(text.clone()).pair(name.clone(), value.clone());
            let written = write_reply(&answer, &Style::new());
            let text = std::str::from_utf8(&written).unwrap();
            let lines: Vec<&str> = text.split("\r\n").collect();
            prop_assert_eq!(lines.len(), if form == Form::Rrp { 4 } else { 9 });
        }
    }
}
