//! What is refused whole: frames that are no reply or no command, each with its line and its cause.

mod support;

use rrp::command::CommandError;
use rrp::reply::ReplyBuilder;
use rrp::wire::deframe::{Deframer, Ends, Limits};
use rrp::wire::{Malformed, decode};
use rrp::{Context, Reply, ReturnCode, Value, Verb};
use support::{chain, deframe, frame};

const LONG: usize = Value::MAX_LEN + 1;

/// Replies and what is said of them.
const REPLIES: [(&str, &str); 34] = [
    // RRP.
    ("20 x", "line 1: not three digits, a blank and a text"),
    ("2000 x", "line 1: not three digits, a blank and a text"),
    ("200x", "line 1: not three digits, a blank and a text"),
    ("200-x", "line 1: not three digits, a blank and a text"),
    ("099 x", "line 1: not three digits, a blank and a text"),
    ("000 x", "line 1: not three digits, a blank and a text"),
    (" 200 x", "line 1: not three digits, a blank and a text"),
    ("2\u{0660}0 x", "line 1: not three digits, a blank and a text"),
    ("NSI RRP Server version 1.1.0\nMon Oct 25", "line 1: not three digits, a blank and a text"),
    ("status:ACTIVE\n200 x", "line 1: not three digits, a blank and a text"),
    ("200 x\nstatus", "line 2: no `:` on the line"),
    ("200 x\nstatus=ACTIVE", "line 2: no `:` on the line"),
    ("200 x\nstatus:ACTIVE\n\n211 y", "line 4: no `:` on the line"),
    ("200 x\n. ", "line 2: no `:` on the line"),
    ("200 x\n:ACTIVE", "line 2: no name before the separator"),
    ("200 x\n \t:ACTIVE", "line 2: no name before the separator"),
    ("200 x\n[RESPONSE]\ncode = 200", "line 2: no `:` on the line"),
    // PTF.
    ("[RESPONSE]", "no return code in the reply"),
    ("[RESPONSE]\ndescription = x\nruntime = 1", "no return code in the reply"),
    ("[RESPONSE]\nproperty[code][0] = 200", "no return code in the reply"),
    ("[RESPONSE]\ncode =", "line 2: the return code is not three digits from `100` to `999`"),
    ("[RESPONSE]\ncode = 20", "line 2: the return code is not three digits from `100` to `999`"),
    ("[RESPONSE]\n\ncode = 2000", "line 3: the return code is not three digits from `100` to `999`"),
    ("[RESPONSE]\ncode = 099", "line 2: the return code is not three digits from `100` to `999`"),
    ("[RESPONSE]\ncode = 200 OK", "line 2: the return code is not three digits from `100` to `999`"),
    ("[RESPONSE]\ncode = 200\ncode = 200", "line 3: a second return code in one reply"),
    ("[RESPONSE]\ncode = 200\nx = 1\nCODE=549", "line 4: a second return code in one reply"),
    ("[RESPONSE]\ncode = 200\nruntime", "line 3: no `=` on the line"),
    ("[RESPONSE]\ncode = 200\n...\nruntime = 1", "line 3: no `=` on the line"),
    ("[RESPONSE]\ncode = 200\n= x", "line 3: no name before the separator"),
    ("[RESPONSE]\ncode = 200\n[RESPONSE]\ncode = 549", "line 3: a second block in one frame"),
    ("[RESPONSE]\ncode = 200\n[HEADER]", "line 3: a second block in one frame"),
    ("[COMMAND]\ncommand = x\ncode = 200", "line 1: not the `[RESPONSE]` that should stand here"),
    ("[RESPONSE] x\ncode = 200", "line 1: no `=` on the line"),
];

/// Commands and what is said of them, causes included.
const COMMANDS: [(&str, &str); 39] = [
    // RRP.
    (
        "*",
        "line 1: refused: invalid text in `command name`: word has `*` at byte 0, which it may not have there",
    ),
    (
        "add domain",
        "line 1: refused: invalid text in `command name`: word has ` ` at byte 3, which it may not have there",
    ),
    ("check\nEntityName", "line 2: no `:` on the line"),
    ("check\n\n \t\nEntityName", "line 4: no `:` on the line"),
    ("check\n:Domain", "line 2: no name before the separator"),
    ("check\nEntityName:", "line 2: refused: invalid text in `EntityName`: value is empty"),
    ("check\n-Id:", "line 2: refused: invalid text in `Id`: value is empty"),
    ("check\n-:x", "line 2: no name before the separator"),
    (
        "check\n--Id:x",
        "line 2: refused: invalid text in `-Id`: word has `-` at byte 0, which it may not have there",
    ),
    (
        "check\nEntity Name:Domain",
        "line 2: refused: invalid text in `name`: word has ` ` at byte 6, which it may not have there",
    ),
    ("check\nEntityName:Domain\nentityname:NameServer", "line 3: refused: `entityname` is given twice"),
    ("check\nDomainName:a.example\nDomainName:b.example", "line 3: refused: `DomainName` is given twice"),
    ("renew\n-Period:1\nX:y\n-PERIOD:9", "line 4: refused: `PERIOD` is given twice"),
    (
        "check\nDomainName:a\u{1b}[2J",
        "line 2: refused: invalid text in `DomainName`: value has `\\u{1b}` at byte 1, which it may not have there",
    ),
    (
        "check\nDomainName:a\rDomainName:b",
        "line 2: refused: invalid text in `DomainName`: value has `\\r` at byte 1, which it may not have there",
    ),
    (
        "check\nDomainName:a\0",
        "line 2: refused: invalid text in `DomainName`: value has `\\u{0}` at byte 1, which it may not have there",
    ),
    ("mod\nNameServer:=", "line 2: refused: invalid text in `NameServer`: value of a modification is empty"),
    (
        "mod\nNameServer:=ns1",
        "line 2: refused: invalid text in `NameServer`: value of a modification is empty",
    ),
    ("mod\nNameServer:", "line 2: refused: invalid text in `NameServer`: value of a modification is empty"),
    (
        "mod\nNameServer:a=b=",
        "line 2: refused: invalid text in `NameServer`: \
         value of a modification has `=` at byte 1, which it may not have there",
    ),
    (
        "MOD\nNameServer:a==",
        "line 2: refused: invalid text in `NameServer`: \
         value of a modification has `=` at byte 0, which it may not have there",
    ),
    // PTF.
    ("[COMMAND]", "no `command` in the block"),
    ("[HEADER]\nx = y", "no `command` in the block"),
    ("[COMMAND]\ndomain = a.example", "no `command` in the block"),
    ("[COMMAND]\ncommand", "line 2: no `=` on the line"),
    ("[COMMAND]\ncommand = X\n.. ", "line 3: no `=` on the line"),
    ("[COMMAND]\ncommand =", "line 2: refused: invalid text in `command`: word is empty"),
    (
        "[COMMAND]\ncommand = Check Domain",
        "line 2: refused: invalid text in `command`: word has ` ` at byte 5, which it may not have there",
    ),
    ("[COMMAND]\ncommand = EOF", "line 2: refused: invalid text in `command`: word may not be `EOF`"),
    ("[COMMAND]\ncommand = X\ncommand = Y", "line 3: a second `command` in one block"),
    ("[COMMAND]\nCommand = X\na = b\nCOMMAND = X", "line 4: a second `command` in one block"),
    (
        "[COMMAND]\ncommand = X\ncommand0 = Y",
        "line 3: refused: invalid text in `parameter name`: parameter name may not be `command`",
    ),
    (
        "[COMMAND]\ncommand = X\na b = c",
        "line 3: refused: invalid text in `parameter name`: \
         parameter name has ` ` at byte 1, which it may not have there",
    ),
    ("[COMMAND]\ncommand = X\na = 1\nA = 2", "line 4: refused: `A` is given twice"),
    ("[COMMAND]\ncommand = X\n = 1", "line 3: no name before the separator"),
    ("[COMMAND]\ncommand = X\n[COMMAND]\ncommand = Y", "line 3: a second block in one frame"),
    ("[COMMAND]\ncommand = X\n[HEADER]\na = b", "line 3: a second block in one frame"),
    ("[HEADER]\na = b\n[HEADER]\n[COMMAND]\ncommand = X", "line 3: a second block in one frame"),
    ("[RESPONSE]\ncode = 200", "line 1: not the `[COMMAND]` that should stand here"),
];

fn parse(text: &str) -> Result<Reply, Malformed> {
    Reply::parse(&frame(format!("{text}\n.\n").as_bytes()))
}

/// The number before the colon in `line 3: …`; 0 if it is about the whole frame.
fn line_of(text: &str) -> usize {
    let line = text.strip_prefix("line ").and_then(|rest| rest.split_once(':'));
    line.map_or(0, |(number, _)| number.parse().unwrap())
}

#[test]
fn malformed_replies_are_refused_with_line_and_cause() {
    for (text, wanted) in REPLIES {
        let error = parse(text).expect_err(text);
        assert_eq!((error.line(), chain(&error).as_str()), (line_of(wanted), wanted), "{text:?}");
        assert_eq!(error.command_error(), None, "{text:?}");
    }
}

#[test]
fn malformed_replies_are_refused_alike_with_every_line_end_and_cut() {
    for (text, wanted) in REPLIES {
        let bytes = format!("{text}\n.\n").replace('\n', "\r\n").into_bytes();
        for size in [1, 2, 7] {
            let (frames, _) = deframe(Limits::REPLY, Ends::Either, bytes.chunks(size)).unwrap();
            assert_eq!(chain(&Reply::parse(&frames[0]).unwrap_err()), wanted, "{text:?} by {size}");
        }
    }
}

#[test]
fn the_head_alone_may_be_read_of_a_reply_that_is_malformed_further_down() {
    let whole = frame(b"[RESPONSE]\ncode = 200\ndescription = ok\ncode = 549\n.\n");
    let head = Reply::peek(&whole).unwrap();
    assert_eq!((head.code().as_u16(), &*head.text()), (200, "ok"));
    assert!(Reply::parse(&whole).is_err());
    for (text, wanted) in [
        ("20 x", "line 1: not three digits, a blank and a text"),
        ("[RESPONSE]\nruntime", "line 2: no `=` on the line"),
        ("[RESPONSE]\nruntime = 1", "no return code in the reply"),
        ("[HEADER]\ncode = 200", "line 1: not the `[RESPONSE]` that should stand here"),
    ] {
        let error = Reply::peek(&frame(format!("{text}\n.\n").as_bytes())).unwrap_err();
        assert_eq!(error.to_string(), wanted);
    }
}

#[test]
fn an_excerpt_may_lack_its_block_and_lines_but_not_its_code() {
    let excerpt = |text: &str| Reply::parse_excerpt(&frame(format!("{text}\n.\n").as_bytes()));
    let reply =
        excerpt("code = 200\nproperty[domain][0] = a.example\n...\nproperty[domain][9] = j.example").unwrap();
    assert_eq!((reply.code().as_u16(), reply.lines().len()), (200, 2));
    for (text, wanted) in [
        ("...", "no return code in the reply"),
        ("description = x", "no return code in the reply"),
        ("code = 200\ncode = 211", "line 2: a second return code in one reply"),
        ("code = 200\n[COMMAND]", "line 2: a second block in one frame"),
    ] {
        assert_eq!(excerpt(text).unwrap_err().to_string(), wanted, "{text:?}");
    }
}

/// It may be two replies run together, and which is the answer to what is then unknown.
#[test]
fn a_second_status_line_within_a_reply_is_refused() {
    let error = parse("[RESPONSE]\ncode = 200\n520 Server closing connection; reason = idle").unwrap_err();
    assert_eq!(error.line(), 3);
    for second in ["211 no", "520 Server closing connection; reason: idle", "520 Server: closing"] {
        let error = parse(&format!("200 ok\n{second}")).expect_err(second);
        assert_eq!(error.line(), 2, "{second:?}");
    }
}

#[test]
fn malformed_commands_are_refused_with_line_and_cause() {
    for (text, wanted) in COMMANDS {
        let error = decode(&frame(format!("{text}\nEOF\n").as_bytes())).expect_err(text);
        assert_eq!((error.line(), chain(&error).as_str()), (line_of(wanted), wanted), "{text:?}");
        assert_eq!(error.command_error().is_some(), wanted.contains("refused"), "{text:?}");
    }
}

#[test]
fn commands_of_bytes_that_are_no_utf_8_are_refused() {
    for (bytes, line) in [
        (&b"check\nDomainName:m\xfcller.example\n.\n"[..], 2),
        (b"ch\xe9ck\n.\n", 1),
        (b"[COMMAND]\ncommand = X\nname = M\xfcller\nEOF\n", 3),
    ] {
        let error = decode(&frame(bytes)).unwrap_err();
        assert_eq!((error.line(), error.to_string()), (line, format!("line {line}: not UTF-8")));
    }
}

#[test]
fn a_command_of_blank_lines_alone_is_no_frame() {
    let mut deframer = Deframer::new(Limits::COMMAND);
    let mut buffer = bytes::BytesMut::from("\n \n\t\r\nEOF\n");
    assert_eq!(deframer.deframe(&mut buffer), Ok(None));
}

#[test]
fn too_long_a_value_and_too_many_lines_are_refused_on_the_line_where_they_stand() {
    let last = |text: &str| decode(&frame(format!("{text}\n.\n").as_bytes())).map_err(|error| chain(&error));
    let value = "x".repeat(LONG);
    assert_eq!(
        last(&format!("check\nDomainName:{value}")).unwrap_err(),
        "line 2: refused: invalid text in `DomainName`: value is longer than 32768 bytes"
    );
    let lines: String = (0..1_025).map(|_| "\nNameServer:ns1.example.net").collect();
    assert_eq!(last(&format!("add{lines}")).unwrap_err(), "line 1026: refused: more than 1024 of `line`");
    let lines: String = (0..1_025).map(|index| format!("\np{index} = 1")).collect();
    assert_eq!(
        last(&format!("[COMMAND]\ncommand = X{lines}")).unwrap_err(),
        "line 1027: refused: more than 1024 of `parameter`"
    );
    let lines: String = (0..65).map(|index| format!("\np{index} = 1")).collect();
    assert_eq!(
        last(&format!("[HEADER]{lines}\n[COMMAND]\ncommand = X")).unwrap_err(),
        "line 66: refused: more than 64 of `header line`"
    );
}

#[test]
fn the_cause_of_a_refusal_can_be_asked_for() {
    let error = decode(&frame(b"check\nDomainName:a\tb\n.\n")).unwrap_err();
    let cause: &CommandError = error.command_error().unwrap();
    assert_eq!(cause.of(), "DomainName");
    assert_eq!(cause.text_error().and_then(rrp::text::TextError::position), Some(1));
}

#[test]
fn a_reply_that_would_be_read_otherwise_cannot_be_built() {
    let reply = || ReplyBuilder::listed(ReturnCode::COMPLETED).unwrap();
    let long = "n".repeat(129);
    for (name, wanted) in [
        ("", "name is empty"),
        ("code", "name may not be `code`"),
        ("C o d e", "name may not be `code`"),
        ("Description", "name may not be `description`"),
        ("a:b", "name has `:` at byte 1, which it may not have there"),
        ("a=b", "name has `=` at byte 1, which it may not have there"),
        ("[a", "name has `[` at byte 0, which it may not have there"),
        ("property[a][0]", "name has `[` at byte 8, which it may not have there"),
        ("a]", "name has `]` at byte 1, which it may not have there"),
        (" a", "value has ` ` at byte 0, which it may not have there"),
        ("a ", "value has ` ` at byte 1, which it may not have there"),
        ("a\nb", "value has `\\n` at byte 1, which it may not have there"),
        (&long, "name is longer than 128 bytes"),
    ] {
        let wanted = format!("invalid text in `{}`: {wanted}", name.escape_debug());
        for error in [reply().attribute(name, "x").unwrap_err(), reply().property(name, 0, "x").unwrap_err()]
        {
            assert_eq!(chain(&error), wanted);
        }
    }
    let error = reply().property("domain", u32::MAX, "x").unwrap_err();
    assert_eq!(chain(&error), "the index of `domain` is larger than 4294967294");
    let error = reply().attribute("domain", "a\r").unwrap_err();
    assert_eq!(
        chain(&error),
        "invalid text in `domain`: value has `\\r` at byte 1, which it may not have there"
    );
    let error = ReplyBuilder::new(ReturnCode::COMPLETED, "a\n.").map(drop).unwrap_err();
    assert_eq!(
        chain(&error),
        "invalid text in `text`: value has `\\n` at byte 1, which it may not have there"
    );
}

#[test]
fn a_bare_cr_or_a_code_in_disguise_is_refused() {
    for text in [
        "200 ok\r554 Domain already registered",
        "200 ok\nstatus:ACTIVE\r554 no",
        "[RESPONSE]\ncode = 200\nco\rde = 500",
        "[RESPONSE]\ncode = 200\ndescription = ok\rcode = 500",
        "[RESPONSE]\ncode = 200\ncode\0 = 500",
        "[RESPONSE]\ncode = 200\n\u{feff}code = 500",
    ] {
        assert!(parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_success_in_the_other_grammar_answers_something_else() {
    let block = parse("[RESPONSE]\ncode = 200").unwrap();
    assert!(!block.verdict(Context::Rrp(Verb::Add)).fits() && block.verdict(Context::Ptf).completed());
    let lines = parse("200 ok\nstatus:ACTIVE").unwrap();
    assert!(!lines.verdict(Context::Ptf).fits() && lines.verdict(Context::Rrp(Verb::Add)).completed());
    // A closing server speaks RRP to everybody, and so may a refusal.
    assert!(parse("220 bye").unwrap().verdict(Context::Ptf).completed());
    assert!(parse("554 no").unwrap().verdict(Context::Ptf).fits());
}

#[test]
fn the_text_of_a_failed_change_of_the_password_does_not_make_it_certain() {
    use rrp::verdict::{Advice, Executed};
    for text in
        ["520 Server closing connection; timeout", "549 Command failed; system", "423 no", "547 Invalid; x"]
    {
        let verdict = parse(text).unwrap().verdict(Context::PasswordChange);
        assert_eq!((verdict.executed(), verdict.advice()), (Executed::Unknown, Advice::ProbeLogin), "{text}");
    }
    // To a command, a detail after 530 and 547 makes them plain refusals; to others it changes nothing.
    for text in ["530 Authentication failed; by ACL", "547 Invalid command sequence; x"] {
        assert_eq!(parse(text).unwrap().verdict(Context::Ptf).executed(), Executed::No, "{text}");
    }
    let bare = parse("530 Authentication failed").unwrap().verdict(Context::Ptf);
    assert_eq!((bare.executed(), bare.advice()), (Executed::Unknown, Advice::ProbeLogin));
}
