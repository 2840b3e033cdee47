//! What is known about repeating a command, as sentences.

use rrp::command::nature::{Row, When, rows};
use rrp::command::{
    Add, Billable, Check, Command, Del, Describe, Dialect, Effect, Kind, Mod, Nature, Period, Ptf,
    PtfCommand, Quit, Raw, Renew, Repeat, RrpCommand, Session, Settle, Status, ToCommand, Transfer, Year,
};
use rrp::verb::Entity;
use rrp::{Context, DomainName, HostName, Verb};

fn domain() -> DomainName {
    "example.com".parse().unwrap()
}

fn host() -> HostName {
    "ns1.example.com".parse().unwrap()
}

fn ptf(name: &str, parameters: &[(&str, &str)]) -> Command {
    let command = PtfCommand::new(name).unwrap();
    let add = |command: PtfCommand, (name, value): &(&str, &str)| command.param(name, value).unwrap();
    Command::new(parameters.iter().fold(command, add))
}

fn nature(name: &str, parameters: &[(&str, &str)]) -> Nature {
    *ptf(name, parameters).nature()
}

/// The researched table: command, dialect, effect, billable, on_repeat, resolver_query, note.
fn researched() -> Vec<Vec<&'static str>> {
    let table = include_str!("fixtures/reference/commands.tsv");
    table.lines().skip(1).map(|line| line.split('\t').collect()).collect()
}

/// The rows of ours that a researched row became.
fn ours(cells: &[&str]) -> Vec<&'static Row> {
    let (name, dialect) = match cells[1] {
        "RRP" => (cells[0].split(' ').next().unwrap(), Dialect::Rfc),
        _ => (cells[0], Dialect::Xrrp),
    };
    rows()
        .filter(|row| row.dialect() == dialect && row.name().eq_ignore_ascii_case(name))
        .filter(|row| row.repetition() == cells[4])
        .collect()
}

#[test]
fn every_researched_command_is_in_the_table_with_its_texts() {
    assert_eq!(researched().len(), 80);
    for cells in researched() {
        let rows = ours(&cells);
        assert!(!rows.is_empty(), "`{}` is missing", cells[0]);
        for row in rows {
            assert_eq!(row.resolver(), cells[5], "{}", cells[0]);
            assert_eq!(row.note(), cells.get(6).copied().unwrap_or(""), "{}", cells[0]);
        }
    }
}

#[test]
fn nothing_is_in_the_table_that_was_not_researched() {
    let researched = researched();
    for row in rows() {
        assert!(
            researched.iter().any(|cells| ours(cells).iter().any(|ours| std::ptr::eq(*ours, row))),
            "`{}`",
            row.name()
        );
    }
}

#[test]
fn the_effect_is_the_researched_one() {
    for cells in researched() {
        let wanted = match cells[2].split(' ').next().unwrap() {
            "read-only" => Effect::Read,
            "session" => Effect::Session,
            "mutating" => Effect::Write,
            other => panic!("`{other}`"),
        };
        for row in ours(&cells) {
            // CHECKONLY=1 makes it a question, says its note.
            let asks = row.name() == "ModifyContact" && row.when() == When::Is("checkonly", "1");
            let effect = row.nature().effect();
            assert_eq!(effect, if asks { Effect::Read } else { wanted }, "{}", cells[0]);
        }
    }
}

#[test]
fn only_a_plain_no_means_that_no_money_is_at_stake() {
    for cells in researched() {
        for row in ours(&cells) {
            let nature = row.nature();
            if nature.effect() == Effect::Write {
                assert_eq!(nature.billable() == Billable::No, cells[3] == "no", "{}", cells[0]);
                if cells[3].starts_with("yes") && row.name() != "TransferDomain" {
                    assert_eq!(nature.billable(), Billable::Yes, "{}", cells[0]);
                }
            }
        }
    }
}

#[test]
fn a_repetition_that_charges_again_is_harmful() {
    for name in [
        "ChargeCreditcard",
        "AddAccounting",
        "SendSMS",
        "AddCertificate",
        "RenewServer",
        "RenewWebspace",
        "RenewTrademark",
    ] {
        assert_eq!(nature(name, &[]).repeat(), Repeat::Harmful, "{name}");
        assert!(nature(name, &[]).billable().at_stake(), "{name}");
    }
}

#[test]
fn what_no_read_can_prove_is_not_settled_by_one() {
    for name in ["ChargeCreditcard", "SendSMS", "RequestToken", "ResendNotification", "GenerateList"] {
        assert_eq!(nature(name, &[]).settle(), Settle::Impossible, "{name}");
    }
    let request = Transfer::request(&domain()).to_command();
    assert_eq!(request.nature().settle(), Settle::Impossible);
    assert_eq!(request.nature().billable(), Billable::Yes);
}

#[test]
fn a_list_without_authors_is_no_resolver() {
    for name in ["AddAccounting", "AddContact", "AddWebFwd", "AddServer", "ExecuteOrder"] {
        assert!(matches!(nature(name, &[]).settle(), Settle::List(_)), "{name}");
    }
}

#[test]
fn an_added_domain_is_settled_by_its_status_and_refused_on_repetition() {
    for nature in
        [nature("AddDomain", &[("domain", "example.com")]), *Add::domain(&domain()).to_command().nature()]
    {
        assert_eq!(nature.kind(), Kind::Creation);
        assert_eq!(nature.billable(), Billable::Yes);
        assert_eq!(nature.repeat(), Repeat::Refused);
    }
    assert_eq!(nature("AddDomain", &[]).settle(), Settle::Read("StatusDomain"));
}

#[test]
fn a_renewal_without_its_guard_renews_again() {
    assert_eq!(nature("RenewDomain", &[("domain", "example.com")]).repeat(), Repeat::Harmful);
    assert_eq!(nature("RenewDomain", &[("EXPIRATION", "2027")]).repeat(), Repeat::Guarded);
    assert_eq!(nature("RenewDomain", &[("expiration", "")]).repeat(), Repeat::Harmful);
    let guarded = Renew::domain(&domain(), Period::years(1).unwrap(), Year::new(2027).unwrap());
    assert_eq!(guarded.to_command().nature().repeat(), Repeat::Guarded);
    assert_eq!(Renew::domain_unguarded(&domain()).to_command().nature().repeat(), Repeat::Harmful);
    let half = RrpCommand::new("renew").unwrap().option("Period", "1").unwrap();
    assert_eq!(Nature::of_rrp(&half).repeat(), Repeat::Harmful);
    assert_eq!(Nature::of_rrp(&half).billable(), Billable::Yes);
}

#[test]
fn a_transfer_is_what_its_action_says() {
    let action = |action: &str| nature("TransferDomain", &[("action", action)]);
    for requests in [nature("TransferDomain", &[]), action("REQUEST"), action("request")] {
        assert_eq!(requests.billable(), Billable::Yes);
        assert_eq!(requests.settle(), Settle::Read("StatusDomainTransfer"));
    }
    for answers in ["APPROVE", "DENY"] {
        assert_eq!(action(answers).settle(), Settle::Read("QueryForeignTransferList"), "{answers}");
    }
    assert_eq!(action("CANCEL").repeat(), Repeat::Refused);
    assert_eq!(action("SOMETHING").repeat(), Repeat::Unknown);
    assert_eq!(action("SOMETHING").settle(), Settle::Impossible);
    assert!(action("SOMETHING").billable().at_stake());
    for answer in [Transfer::approve(&domain()).to_command(), Transfer::reject(&domain()).to_command()] {
        assert_eq!(answer.nature().billable(), Billable::No);
        assert_eq!(answer.nature().settle(), Settle::Read("status"));
    }
}

#[test]
fn the_requester_of_a_transfer_cannot_read_its_cancellation_back() {
    assert_eq!(Transfer::cancel(&domain()).to_command().nature().settle(), Settle::Impossible);
    // By its line alone a "no" may be either.
    let raw = RrpCommand::new("transfer").unwrap().option("Approve", "No").unwrap();
    assert_eq!(Nature::of_rrp(&raw).settle(), Settle::Impossible);
}

#[test]
fn a_contact_that_is_only_checked_is_read() {
    assert_eq!(nature("ModifyContact", &[("CheckOnly", "1")]).effect(), Effect::Read);
    assert_eq!(nature("ModifyContact", &[("checkonly", "0")]).effect(), Effect::Write);
}

#[test]
fn a_contact_has_no_key_of_ours_and_does_no_harm_twice() {
    assert_eq!(nature("AddContact", &[]).kind(), Kind::Handle);
    assert_eq!(nature("AddContact", &[]).repeat(), Repeat::Harmless);
}

#[test]
fn an_unlisted_name_reads_if_it_begins_with_query_check_or_status() {
    for name in ["QueryDomainList", "querywhatever", "CheckDomains", "STATUSDOMAIN", "StatusFoo", "Check"] {
        assert_eq!(nature(name, &[]), Nature::READ, "{name}");
        assert!(Ptf::query(name).is_ok() && Ptf::change(name).is_err(), "{name}");
    }
}

#[test]
fn every_other_unlisted_name_is_a_write_of_unknown_nature() {
    for name in
        ["FooBar", "ConvertIDN", "UK_CheckRightOfRegistration", "QuerDomainList", "Chec", "GetInvoicePdf"]
    {
        assert_eq!(nature(name, &[]), Nature::UNKNOWN, "{name}");
        assert!(Ptf::query(name).is_err() && Ptf::change(name).is_ok(), "{name}");
    }
    assert_eq!(Nature::UNKNOWN.effect(), Effect::Write);
    assert!(Nature::UNKNOWN.billable().at_stake());
    // The convention is one of PTF names, not of RRP verbs.
    assert_eq!(Nature::of_rrp(&RrpCommand::new("querydomain").unwrap()), Nature::UNKNOWN);
}

#[test]
fn the_caller_can_override_the_table() {
    let read = Ptf::declare_query("ConvertIDN").unwrap().to_command();
    assert_eq!(read.nature().effect(), Effect::Read);
    let nature = Nature::write(Kind::Modification, Billable::No, Repeat::Harmless, Settle::Read("StatusFoo"));
    assert_eq!(*Ptf::declare_change("SetFoo", nature).unwrap().to_command().nature(), nature);
    assert!(Ptf::declare_change("SetFoo", Nature::READ).is_err());
    let raw = RrpCommand::new("peek").unwrap();
    assert_eq!(Raw::declare_query(raw.clone()).unwrap().to_command().nature().effect(), Effect::Read);
    assert!(Raw::query(raw.clone()).is_err() && Raw::change(raw.clone()).is_ok());
    assert!(Raw::declare_change(raw, Nature::SESSION).is_err());
}

#[test]
fn the_ten_verbs_read_write_or_belong_to_the_session() {
    let effect = |command: &dyn ToCommand| command.to_command().nature().effect();
    for read in [
        &Check::domain(&domain()) as &dyn ToCommand,
        &Check::name_server(&host()),
        &Status::domain(&domain()),
        &Status::name_server(&host()),
        &Describe::new(),
        &Describe::protocol(),
    ] {
        assert_eq!(effect(read), Effect::Read, "{:?}", read.to_command());
    }
    for write in [
        &Add::domain(&domain()) as &dyn ToCommand,
        &Add::name_server(&host(), &[]).unwrap(),
        &Del::domain(&domain()),
        &Del::name_server(&host()),
        &Mod::domain(&domain()),
        &Mod::name_server(&host()),
        &Renew::domain_unguarded(&domain()),
        &Transfer::request(&domain()),
        &Transfer::cancel(&domain()),
    ] {
        assert_eq!(effect(write), Effect::Write, "{:?}", write.to_command());
    }
    for session in [&Session::login("registrarA", "i-am-registrarA").unwrap() as &dyn ToCommand, &Quit] {
        assert_eq!(effect(session), Effect::Session, "{:?}", session.to_command());
    }
    for name in ["StartSession", "StopSession", "EndSession"] {
        assert_eq!(nature(name, &[]).effect(), Effect::Session, "{name}");
        assert!(Ptf::query(name).is_err() && Ptf::change(name).is_err(), "{name}");
    }
}

#[test]
fn an_add_of_an_unknown_entity_is_a_write_of_unknown_nature() {
    let add = RrpCommand::new("ADD").unwrap().attribute("EntityName", "Contact").unwrap();
    assert_eq!(Nature::of_rrp(&add), Nature::UNKNOWN);
}

#[test]
fn a_command_knows_where_its_reply_comes() {
    assert_eq!(Check::domain(&domain()).to_command().context(), Context::Check(Entity::Domain));
    assert_eq!(Session::login("a", "b").unwrap().to_command().context(), Context::Login);
    assert_eq!(ptf("StartSession", &[]).context(), Context::Login);
    assert_eq!(Check::name_server(&host()).to_command().context(), Context::Check(Entity::NameServer));
    assert_eq!(ptf("checkdomains", &[]).context(), Context::PtfCheck);
    // Not listed, it is a write; on the caller's word it asks, and 211 answers it.
    assert_eq!(ptf("UK_CheckRightOfRegistration", &[]).context(), Context::Ptf);
    let asks = Ptf::declare_query("UK_CheckRightOfRegistration").unwrap().to_command();
    assert_eq!(asks.context(), Context::PtfCheck);
    let rotate = Session::login("a", "old").unwrap().new_password("new").unwrap().to_command();
    assert_eq!(rotate.context(), Context::PasswordChange);
    assert_eq!(ptf("AddDomain", &[]).context(), Context::Ptf);
    assert_eq!(Command::new(RrpCommand::new("peek").unwrap()).context(), Context::Ptf);
}

#[test]
fn a_resolver_named_by_the_table_reads() {
    for row in rows() {
        if let Settle::Read(name) | Settle::List(name) = row.nature().settle() {
            let verb = Verb::from_name(name).filter(|_| row.dialect() == Dialect::Rfc);
            assert!(verb.is_some() || Nature::by_name(name) == Nature::READ, "{}: {name}", row.name());
        }
    }
}

#[test]
fn a_guard_is_an_option_with_a_number_and_not_whatever_goes_by_its_name() {
    for nothing in ["0", "null", "-", "0000", "2027-01-01"] {
        assert_eq!(nature("RenewDomain", &[("expiration", nothing)]).repeat(), Repeat::Harmful, "{nothing}");
    }
    let renew = || RrpCommand::new("renew").unwrap();
    let attributes =
        renew().attribute("Period", "1").unwrap().attribute("CurrentExpirationYear", "2027").unwrap();
    assert_eq!(Nature::of_rrp(&attributes).repeat(), Repeat::Harmful);
    let zero = renew().option("Period", "1").unwrap().option("CurrentExpirationYear", "0").unwrap();
    assert_eq!(Nature::of_rrp(&zero).repeat(), Repeat::Harmful);
}

#[test]
fn only_an_option_answers_a_transfer_and_only_yes_or_no() {
    let transfer = || RrpCommand::new("transfer").unwrap();
    let attribute = transfer().attribute("Approve", "Yes").unwrap();
    assert_eq!(Nature::of_rrp(&attribute), *Transfer::request(&domain()).to_command().nature());
    assert_eq!(Nature::of_rrp(&transfer().option("Approve", "maybe").unwrap()), Nature::UNKNOWN);
    let add = RrpCommand::new("add").unwrap().option("EntityName", "NameServer").unwrap();
    assert_eq!(Nature::of_rrp(&add), Nature::UNKNOWN);
}

#[test]
fn an_order_of_hexonet_is_an_order_whatever_it_orders() {
    for name in ["AddDomain", "RenewDomain", "TransferDomain", "RestoreDomain"] {
        let order = nature(name, &[("expiration", "2027"), ("ORDER", "CREATE")]);
        assert_eq!((order.kind(), order.repeat()), (Kind::Order, Repeat::Harmful), "{name}");
        assert_eq!(
            (order.billable(), order.settle()),
            (Billable::Yes, Settle::List("QueryOrderList")),
            "{name}"
        );
    }
}

#[test]
fn no_declaration_makes_a_command_of_the_session_a_read_or_a_write() {
    let quit = RrpCommand::new("quit").unwrap();
    assert!(Raw::declare_query(quit.clone()).is_err() && Raw::declare_change(quit, Nature::UNKNOWN).is_err());
    assert!(Ptf::declare_query("StartSession").is_err());
    assert!(Ptf::declare_change("StopSession", Nature::UNKNOWN).is_err());
}

#[test]
fn a_write_that_is_called_a_check_is_not_answered_as_one() {
    let cart = Ptf::declare_change("CheckoutCart", Nature::UNKNOWN).unwrap().to_command();
    assert_eq!(cart.context(), Context::Ptf);
    assert!(!rrp::ReturnCode::DOMAIN_AVAILABLE.verdict(cart.context()).fits());
}
