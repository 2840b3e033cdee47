//! Commands: what can be made, what cannot, and what each dialect lets through.

use std::error::Error;
use std::net::IpAddr;

use bytes::BytesMut;
use rrp::command::{
    Add, Body, Command, CommandError, Describe, Dialect, DomainStatus, Mod, Period, Ptf, PtfCommand,
    RrpCommand, Session, ToCommand, Transfer, Year,
};
use rrp::wire::{EncodeError, encode};
use rrp::{DomainName, HostName, Secret, ServerAddress};

fn domain(name: &str) -> DomainName {
    name.parse().unwrap()
}

fn host(number: usize) -> HostName {
    format!("ns{number}.example.com").parse().unwrap()
}

fn text(command: &impl ToCommand, dialect: Dialect) -> Result<String, EncodeError> {
    let mut out = BytesMut::new();
    let result = encode(command.to_command().body(), dialect, &mut out);
    if result.is_err() {
        assert!(out.is_empty(), "a refused command must leave nothing behind");
    }
    result.map(|()| String::from_utf8(out.to_vec()).unwrap())
}

fn chain(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

#[test]
fn a_domain_has_at_most_13_name_servers() {
    let add = |count: usize| {
        (1..=count)
            .try_fold(Add::domain(&domain("example.com")), |add, number| add.name_server(&host(number)))
    };
    assert!(add(13).is_ok());
    assert_eq!(add(14).unwrap_err().to_string(), "more than 13 of `NameServer`");
    assert!(add(1).unwrap().name_server(&host(1)).is_err(), "twice the same");
}

#[test]
fn a_name_server_has_at_most_13_addresses() {
    let addresses = |count: u8| -> Vec<ServerAddress> {
        (1..=count).map(|last| format!("198.41.1.{last}").parse().unwrap()).collect()
    };
    assert!(Add::name_server(&host(1), &addresses(13)).is_ok());
    assert!(Add::name_server(&host(1), &addresses(14)).is_err());
    assert!(Add::name_server(&host(1), &[addresses(1)[0]; 2]).is_err(), "twice the same");
}

#[test]
fn a_modification_adds_at_most_13_name_servers_and_removes_as_many_as_it_likes() {
    let many =
        (1..=13).try_fold(Mod::domain(&domain("example.com")), |m, n| m.add_name_server(&host(n))).unwrap();
    assert!(many.clone().add_name_server(&host(14)).is_err());
    let many = (1..=20).try_fold(many, |m, n| m.remove_name_server(&host(n))).unwrap();
    assert_eq!(text(&many, Dialect::Rfc).unwrap().lines().count(), 3 + 13 + 20 + 1);
}

#[test]
fn adding_removing_and_replacing_are_three_different_lines() {
    let change = Mod::domain(&domain("example.com"))
        .add_name_server(&host(1))
        .unwrap()
        .remove_name_server(&host(2))
        .unwrap()
        .replace_name_server(&host(3), &host(4))
        .unwrap()
        .add_status(&DomainStatus::REGISTRAR_LOCK)
        .unwrap()
        .remove_status(&DomainStatus::REGISTRAR_HOLD)
        .unwrap()
        .replace_status(&DomainStatus::ACTIVE, &DomainStatus::new("Foo").unwrap())
        .unwrap()
        .add("Memo", "x")
        .unwrap();
    assert_eq!(
        text(&change, Dialect::Rfc).unwrap(),
        "mod\r\nEntityName:Domain\r\nDomainName:example.com\r\nNameServer:ns1.example.com\r\n\
         NameServer:ns2.example.com=\r\nNameServer:ns3.example.com=ns4.example.com\r\nStatus:REGISTRAR-LOCK\r\n\
         Status:REGISTRAR-HOLD=\r\nStatus:ACTIVE=Foo\r\nMemo:x\r\n.\r\n"
    );
}

#[test]
fn a_reserved_address_can_be_removed_but_not_added() {
    let private: IpAddr = "10.0.0.1".parse().unwrap();
    assert!(ServerAddress::new(private).is_err());
    let change = Mod::name_server(&host(1))
        .rename(&host(2))
        .remove_address(private)
        .unwrap()
        .add_address("2001:500:88:200::8".parse().unwrap())
        .unwrap()
        .replace_address("192.168.0.1".parse().unwrap(), "198.41.1.11".parse().unwrap())
        .unwrap();
    assert_eq!(
        text(&change, Dialect::Rfc).unwrap(),
        "mod\r\nEntityName:NameServer\r\nNameServer:ns1.example.com\r\nNewNameServer:ns2.example.com\r\n\
         IPAddress:10.0.0.1=\r\nIPAddress:2001:500:88:200::8\r\nIPAddress:192.168.0.1=198.41.1.11\r\n.\r\n"
    );
}

#[test]
fn a_value_of_a_modification_cannot_turn_into_a_removal() {
    let mod_ = || RrpCommand::new("MoD").unwrap();
    for value in ["ns1.example.com=", "a=b", "="] {
        let error = mod_().attribute("NameServer", value).unwrap_err();
        assert_eq!(error.text_error().and_then(|error| error.character()), Some('='), "{value}");
        assert!(mod_().remove("NameServer", value).is_err());
        assert!(mod_().replace("NameServer", "x", value).is_err());
    }
    assert!(mod_().remove("NameServer", "").is_err(), "nothing to remove");
    assert!(RrpCommand::new("add").unwrap().remove("NameServer", "x").is_err(), "removing is for MOD");
    assert!(RrpCommand::new("add").unwrap().attribute("Memo", "a=b").is_ok(), "elsewhere `=` is a character");
}

#[test]
fn no_value_and_no_name_can_begin_another_line() {
    let evil = "x\r\nEOF\r\n.\r\n[COMMAND]\r\ncommand=AddDomain\r\n";
    for ending in ["\r", "\n", "\0", "\u{85}", "\u{2028}", "\u{b}", "\u{c}"] {
        let value = format!("ab{ending}c");
        for error in [
            PtfCommand::new("StatusDomain").unwrap().param("domain", &value).unwrap_err(),
            PtfCommand::new("StatusDomain").unwrap().secret("auth", value.as_str().into()).unwrap_err(),
            PtfCommand::new("StatusDomain").unwrap().header("user", &value).unwrap_err(),
            RrpCommand::new("status").unwrap().attribute("DomainName", &value).unwrap_err(),
            RrpCommand::new("mod").unwrap().attribute("NameServer", &value).unwrap_err(),
            RrpCommand::new("mod").unwrap().remove("NameServer", &value).unwrap_err(),
            RrpCommand::new("describe").unwrap().option("Target", &value).unwrap_err(),
            Session::login(&value, "secret").unwrap_err(),
            Session::login("id", value.as_str()).unwrap_err(),
            Session::login("id", "secret").unwrap().new_password(value.as_str()).unwrap_err(),
        ] {
            assert_eq!(error.text_error().and_then(|error| error.position()), Some(2), "{ending:?}: {error}");
        }
    }
    for refused in [
        PtfCommand::new(evil).map(drop),
        PtfCommand::new("A").unwrap().param(evil, "x").map(drop),
        PtfCommand::new("A").unwrap().params("domain", [evil]).map(drop),
        RrpCommand::new(evil).map(drop),
        RrpCommand::new("add").unwrap().attribute(evil, "x").map(drop),
        RrpCommand::new("add").unwrap().option(evil, "x").map(drop),
    ] {
        assert!(refused.is_err());
    }
    for verb in [".", "EOF", "eof", "", "[COMMAND]", "-x", "a b", "a:b"] {
        assert!(RrpCommand::new(verb).is_err(), "{verb}");
        assert!(PtfCommand::new(verb).is_err(), "{verb}");
    }
}

#[test]
fn the_name_of_the_command_is_given_once() {
    for name in ["command", "COMMAND", "Command", "command0", "com-mand", "c.o.m.m.a.n.d", "COMMAND_1"] {
        let error = Ptf::query("StatusDomain").unwrap().param(name, "DeleteDomain").unwrap_err();
        assert_eq!(
            chain(&error),
            "invalid text in `parameter name`: parameter name may not be `command`",
            "{name}"
        );
    }
    for name in [" command", "command ", "[COMMAND]", "command=x"] {
        assert!(Ptf::query("StatusDomain").unwrap().param(name, "DeleteDomain").is_err(), "{name}");
    }
}

#[test]
fn a_parameter_is_given_once_whatever_its_case() {
    let twice = PtfCommand::new("AddDomain")
        .unwrap()
        .param("domain", "a.example")
        .unwrap()
        .param("DOMAIN", "b.example");
    assert_eq!(twice.unwrap_err().to_string(), "`DOMAIN` is given twice");
    let entity = RrpCommand::new("check").unwrap().attribute("EntityName", "Domain").unwrap();
    assert!(entity.attribute("entityname", "NameServer").is_err());
    let option = RrpCommand::new("renew").unwrap().option("Period", "1").unwrap();
    assert!(option.option("PERIOD", "2").is_err());
}

#[test]
fn indexed_parameters_count_from_zero() {
    let add = Ptf::change("AddDomain")
        .unwrap()
        .param("domain", "example.com")
        .unwrap()
        .params("nameserver", ["ns1.example.net", "ns2.example.net"])
        .unwrap()
        .header("lane", "bulk")
        .unwrap();
    assert_eq!(
        text(&add, Dialect::Xrrp).unwrap(),
        "[HEADER]\r\nlane=bulk\r\n[COMMAND]\r\ncommand=AddDomain\r\ndomain=example.com\r\n\
         nameserver0=ns1.example.net\r\nnameserver1=ns2.example.net\r\nEOF\r\n.\r\n"
    );
}

#[test]
fn commands_are_bounded() {
    let many = |count: usize| {
        (0..count).try_fold(PtfCommand::new("A").unwrap(), |command, n| command.param(&format!("p{n}x"), "v"))
    };
    assert!(many(PtfCommand::MAX_PARAMETERS).is_ok());
    assert!(many(PtfCommand::MAX_PARAMETERS + 1).is_err());
    let headers = |count: usize| {
        (0..count)
            .try_fold(PtfCommand::new("A").unwrap(), |command, n| command.header(&format!("h{n}x"), "v"))
    };
    assert!(headers(PtfCommand::MAX_HEADERS).is_ok() && headers(PtfCommand::MAX_HEADERS + 1).is_err());
    let lines = |count: usize| {
        (0..count)
            .try_fold(RrpCommand::new("add").unwrap(), |command, _| command.attribute("NameServer", "a.b"))
    };
    assert!(lines(RrpCommand::MAX_LINES).is_ok() && lines(RrpCommand::MAX_LINES + 1).is_err());
    let large = "x".repeat(32_768);
    let heavy = (0..40)
        .try_fold(PtfCommand::new("A").unwrap(), |command, n| command.param(&format!("p{n}x"), &large));
    assert_eq!(heavy.unwrap_err().to_string(), "`command` is larger than 1000000 bytes");
    assert!(PtfCommand::new("A").unwrap().param("p", &"x".repeat(32_769)).is_err());
}

#[test]
fn the_largest_command_is_one_that_a_reader_with_the_default_limits_takes() {
    use rrp::wire::deframe::{Deframer, Limits};
    let value = "x".repeat(32_000);
    let command =
        (0..31).fold(PtfCommand::new("A").unwrap(), |c, n| c.param(&format!("p{n}x"), &value).unwrap());
    let full = (0..PtfCommand::MAX_HEADERS).fold(command, |c, n| c.header(&format!("h{n}x"), "v").unwrap());
    let mut out = BytesMut::new();
    encode(&Body::from(full.clone()), Dialect::Xrrp, &mut out).unwrap();
    let frame = Deframer::new(Limits::COMMAND).deframe(&mut out).unwrap().unwrap();
    assert_eq!(rrp::wire::decode(&frame).unwrap(), Body::from(full));
}

#[test]
fn the_strict_dialect_keeps_the_limits_of_the_rfc() {
    let login = |id: &str, password: &str| {
        text(&Session::login(id, password).unwrap(), Dialect::Rfc).map(drop).map_err(|error| chain(&error))
    };
    assert_eq!(login("registrarA", "four"), Ok(()));
    assert_eq!(login("registrarA", &"x".repeat(16)), Ok(()));
    assert!(login("registrarA", "abc").unwrap_err().contains("password is shorter than 4 bytes"));
    assert!(login("registrarA", &"x".repeat(17)).unwrap_err().contains("password is longer than 16 bytes"));
    assert!(login("account:role", "secret").unwrap_err().contains("`:` at byte 7"));
    assert!(login("registrarA", "pässword").unwrap_err().contains("at byte 1"));
    let add = |name: &str| text(&Add::domain(&domain(name)), Dialect::Rfc);
    assert!(add("example.com").is_ok());
    assert_eq!(
        add("example.co.uk").unwrap_err().to_string(),
        "not allowed by RFC 2832: `DomainName` is no name of two labels"
    );
    let raw = |value: &str| {
        let command = RrpCommand::new("add").unwrap().attribute("Memo", value).unwrap();
        text(&Command::new(command), Dialect::Rfc)
    };
    assert!(raw(&"x".repeat(128)).is_ok());
    assert!(raw(&"x".repeat(129)).is_err());
    assert!(raw("ü").is_err());
    assert!(text(&Command::new(RrpCommand::new("frob").unwrap()), Dialect::Rfc).is_err());
    assert!(text(&Ptf::query("StatusDomain").unwrap(), Dialect::Rfc).is_err());
}

#[test]
fn xrrp_takes_long_passwords_roles_third_level_names_and_utf_8() {
    assert!(text(&Session::login("account:role", "x".repeat(40)).unwrap(), Dialect::Xrrp).is_ok());
    assert!(text(&Add::domain(&domain("example.co.uk")), Dialect::Xrrp).is_ok());
    let contact = Ptf::change("AddContact").unwrap().param("city", "Zürich").unwrap();
    assert!(text(&contact, Dialect::Xrrp).unwrap().contains("city=Zürich\r\n"));
}

#[test]
fn an_internationalised_name_goes_out_in_ascii() {
    assert!(
        text(&Add::domain(&domain("müller.example")), Dialect::Rfc)
            .unwrap()
            .contains(":xn--mller-kva.example\r\n")
    );
}

#[test]
fn periods_and_years_have_their_ranges() {
    assert!(Period::years(0).is_err() && Period::years(100).is_err() && Period::years(99).is_ok());
    assert!(Year::new(999).is_err() && Year::new(10_000).is_err() && Year::new(2027).is_ok());
}

#[test]
fn a_rejection_and_a_cancellation_are_different_types_with_the_same_line() {
    let name = domain("example.com");
    let (reject, cancel) = (Transfer::reject(&name), Transfer::cancel(&name));
    assert_eq!(text(&reject, Dialect::Rfc).unwrap(), text(&cancel, Dialect::Rfc).unwrap());
    assert!(
        text(&Transfer::approve(&name), Dialect::Rfc)
            .unwrap()
            .starts_with("transfer\r\n-Approve:Yes\r\nEntityName")
    );
}

#[test]
fn secrets_go_over_the_wire_and_nowhere_else() {
    let login =
        Session::login("registrarA", "pl4nted").unwrap().new_password(Secret::from("pl4nted-too")).unwrap();
    let wire = text(&login, Dialect::Rfc).unwrap();
    assert_eq!(wire, "session\r\n-Id:registrarA\r\n-Password:pl4nted\r\n-NewPassword:pl4nted-too\r\n.\r\n");
    let transfer = Ptf::change("TransferDomain").unwrap().param("AUTH", "pl4nted").unwrap();
    let odd = Ptf::change("Foo").unwrap().secret("harmless", "pl4nted".into()).unwrap();
    for debug in [
        format!("{login:?} {:?}", login.to_command()),
        format!("{transfer:?} {:#?}", transfer.to_command()),
        format!("{odd:?} {:?}", odd.to_command()),
    ] {
        assert!(!debug.contains("pl4nted") && debug.contains("***"), "{debug}");
    }
}

#[test]
fn a_typed_command_in_a_session_is_made_with_options() {
    assert_eq!(
        text(&Describe::protocol().option("Foo", "Bar").unwrap(), Dialect::Rfc).unwrap(),
        "describe\r\n-Target:Protocol\r\n-Foo:Bar\r\n.\r\n"
    );
    let refused: CommandError = Session::login("", "secret").unwrap_err();
    assert_eq!(chain(&refused), "invalid text in `Id`: value is empty");
}

#[test]
fn what_a_command_about_a_name_server_is_about_stands_once_and_is_not_changed() {
    let ours = host(1);
    assert!(Mod::name_server(&ours).add("NameServer", "ns1.victim.example").is_err());
    assert!(Mod::name_server(&ours).remove("nameserver", "ns1.victim.example").is_err());
    assert!(Mod::name_server(&ours).replace("NameServer", "ns1.example.com", "ns1.victim.example").is_err());
    assert!(Mod::name_server(&ours).rename(&host(2)).add("NewNameServer", "ns3.example.com").is_err());
    let del = || RrpCommand::new("del").unwrap();
    let entity = del()
        .attribute("EntityName", "NameServer")
        .unwrap()
        .attribute("NameServer", "a.example.com")
        .unwrap();
    assert!(entity.attribute("NameServer", "b.example.com").is_err());
    // The entity may come last.
    let two = del()
        .attribute("NameServer", "a.example.com")
        .unwrap()
        .attribute("NameServer", "b.example.com")
        .unwrap();
    assert!(two.attribute("EntityName", "NameServer").is_err());
    let late = RrpCommand::new("mod").unwrap().remove("NameServer", "a.example.com").unwrap();
    assert!(late.attribute("EntityName", "NameServer").is_err());
    // Of a domain it is a list.
    assert!(Mod::domain(&domain("example.com")).add("NameServer", "ns9.example.net").is_ok());
}

#[test]
fn an_error_shows_no_name_that_may_hold_a_value() {
    let chain = |error: CommandError| format!("{error:?} {}", chain(&error));
    for shown in [
        chain(RrpCommand::new("session").unwrap().option("Password hun", "ter2").unwrap_err()),
        chain(RrpCommand::new("session").unwrap().option("Password=hunter2", "x").unwrap_err()),
        chain(PtfCommand::new("A").unwrap().param("password: hunter2", "\u{7}").unwrap_err()),
        chain(
            PtfCommand::new("A")
                .unwrap()
                .param("password:hunter2", "1")
                .unwrap()
                .param("password:hunter2", "1")
                .unwrap_err(),
        ),
        chain(RrpCommand::new("check").unwrap().attribute(&"\u{1}".repeat(65_000), "x").unwrap_err()),
    ] {
        assert!(!shown.contains("hunter2") && !shown.contains("hun\"") && shown.len() < 400, "{shown}");
    }
    let noted = Ptf::change("Foo").unwrap().param("note", "password=hunter2").unwrap();
    assert!(!format!("{noted:?}").contains("hunter2"));
}
