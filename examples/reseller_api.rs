//! Orders over a reseller platform's JSON API, through the same rule of resending as the line protocol.
//!
//! ```sh
//! cargo run --example reseller_api --features gateway
//! ```
//!
//! There is no HTTP here: the transport answers by a script. Paths and the members of results are the example's own; codes
//! and their meaning are the API's.

mod scripted;

use std::error::Error;

use rrp::ReturnCode;
use rrp::command::{Billable, Kind, Nature, Object, ObjectKind, Repeat, Safety, Settle};
use rrp::dispatch::{OpaqueCommand, OpaqueReply, Outcome, Reads, Resolution, Settled};
use rrp::gateway::reseller::{Code, Reply};
use rrp::settle::{Finding, Keyed, Proof, Reading, Sent, Sight};
use rrp::verdict::Advice;
use scripted::{Api, Exchange};

/// An order costs, and nobody says what a second one does.
const ORDER: Nature =
    Nature::write(Kind::Creation, Billable::Yes, Repeat::Unknown, Settle::Read("GET domain"));
const UPDATE: Nature = Nature::write(Kind::Modification, Billable::No, Repeat::Harmless, Settle::Impossible);

/// An order is settled by a look at the domain: not there before, and there now, it is ours.
#[derive(Clone, Debug)]
struct LookAtDomain;

impl Reads for LookAtDomain {
    fn reads(&self, sent: &Sent) -> Vec<OpaqueCommand> {
        let domain = sent.objects().first().filter(|_| sent.name().starts_with("POST "));
        domain.map(|domain| get(domain.name())).into_iter().collect()
    }

    fn wants_earlier_reading(&self, _sent: &Sent) -> bool {
        true
    }

    fn reading(&self, reply: &OpaqueReply, _keyed: &Keyed) -> Option<Reading> {
        let shows = |code| Some(Reading::from_parts(code, Vec::new(), true));
        if reply.verdict().completed() {
            shows(ReturnCode::COMPLETED)
        } else if reply.code() == Code::DOMAIN_UNKNOWN.as_str() {
            shows(ReturnCode::NOT_FOUND)
        } else {
            None
        }
    }

    fn judge(&self, sight: Sight<'_>) -> Finding {
        let is_there =
            |readings: &[Reading]| readings.first().map(|reading| reading.code() == ReturnCode::COMPLETED);
        match (is_there(sight.before), is_there(sight.now)) {
            (Some(false), Some(true)) => Finding::Applied { proof: Proof::ReadBack, twice: false },
            (_, Some(false)) => Finding::NotApplied,
            (_, Some(true)) => Finding::Unproved("it was there before, or nobody looked"),
            (_, None) => Finding::Unreadable("the domain was not shown"),
        }
    }
}

fn get(domain: &str) -> OpaqueCommand {
    OpaqueCommand::read("GET /domains", format!("GET /domains/{domain}\n"))
}

fn order(domain: &str) -> OpaqueCommand {
    let request = format!("POST /domains\n{{\"domain\": \"{domain}\", \"interval\": 12}}");
    OpaqueCommand::write("POST /domains", ORDER, request).object(Object::new(ObjectKind::Domain, domain))
}

fn update(domain: &str) -> OpaqueCommand {
    let request = format!("PUT /domains/{domain}\n{{\"auto_renew\": false}}");
    OpaqueCommand::write("PUT /domains", UPDATE, request).object(Object::new(ObjectKind::Domain, domain))
}

const UNKNOWN: Exchange = Exchange::Answer(
    200,
    r#"{"success": false, "error": {"code": "domain_unknown", "message": "Requested domain does not exist."}}"#,
);
const THERE: Exchange = Exchange::Answer(200, r#"{"success": true, "result": {"status": "active"}}"#);
const DONE: Exchange = Exchange::Answer(200, r#"{"success": true}"#);
const ANOTHER: Exchange = Exchange::Answer(
    200,
    r#"{"success": false, "error": {"code": "domain_update_other_process_in_progress", "message": "There is an update pending."}}"#,
);

fn main() -> Result<(), Box<dyn Error>> {
    let mut api = Api::new(LookAtDomain, |status, body| Reply::read(status, body).map(OpaqueReply::from));

    println!("an order whose answer is lost, and which was done");
    api.expect([UNKNOWN, Exchange::Lost, THERE]);
    match api.change(order("example.com"), Safety::ReadBack, "order-1")? {
        Outcome::Accepted(accepted) => {
            // No reply says so: a look at the domain does.
            assert!(accepted.reply().is_none() && accepted.summary().proof() == Proof::ReadBack);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(api.sent, ["GET /domains/example.com", "POST /domains", "GET /domains/example.com"]);

    println!("asked for again with its key: told again, and nothing is sent");
    assert!(matches!(
        api.change(order("example.com"), Safety::ReadBack, "order-1")?,
        Outcome::Accepted(accepted) if accepted.is_replayed()
    ));

    println!("a proxy's page instead of an answer, and it was not done: looked at twice, then sent again");
    let page = Exchange::Answer(502, "<html><h1>502 Bad Gateway</h1></html>");
    api.expect([UNKNOWN, page, UNKNOWN, UNKNOWN, UNKNOWN, DONE]);
    api.sent.clear();
    assert!(matches!(api.change(order("example.net"), Safety::ReadBack, "order-2")?, Outcome::Accepted(_)));
    assert_eq!(api.sent.iter().filter(|name| name.starts_with("POST")).count(), 2);

    println!("no credit: refused, and what to do stands in the verdict");
    let broke = r#"{"success": false, "error": {"code": "billing_balance_insufficient", "message": "Insufficient balance."}}"#;
    api.expect([UNKNOWN, Exchange::Answer(200, broke)]);
    match api.change(order("example.org"), Safety::ReadBack, "order-3")? {
        Outcome::Refused(refusal) => {
            assert_eq!(refusal.summary().word(), Some(Code::BILLING_BALANCE_INSUFFICIENT.as_str()));
            assert_eq!(refusal.reply().map(|reply| reply.verdict().advice()), Some(Advice::TopUp));
        }
        other => panic!("{other:?}"),
    }

    println!("another update is in progress: refused for now, for nobody may send it again but its caller");
    api.expect([ANOTHER]);
    assert!(matches!(
        api.change(update("example.com"), Safety::ReadBack, "update-1")?,
        Outcome::Refused(refusal) if refusal.is_for_now()
    ));

    println!("the same with a caller who vouches for it: sent again after a pause");
    api.expect([ANOTHER, Exchange::NoConnection, DONE]);
    assert!(matches!(
        api.change(update("example.com"), Safety::Repeatable, "update-2")?,
        Outcome::Accepted(_)
    ));

    println!("its answer is lost, and no read is known that could tell: in doubt, until somebody says");
    api.expect([Exchange::Lost]);
    let ticket = match api.change(update("example.net"), Safety::ReadBack, "update-3")? {
        Outcome::InDoubt(doubt) => doubt.ticket(),
        other => panic!("{other:?}"),
    };
    assert!(matches!(api.settle(ticket)?, Settled::StillInDoubt(_)));
    let at = api.at();
    api.dispatch().resolve(ticket, Resolution::Applied, "the platform shows it", at)?;
    assert!(matches!(
        api.change(update("example.net"), Safety::ReadBack, "update-3")?,
        Outcome::Accepted(accepted) if accepted.is_replayed()
    ));

    println!("a query is asked again whatever happens to its answer");
    api.expect([Exchange::Lost, THERE]);
    assert!(api.query(get("example.com"))?.reply().verdict().completed());
    Ok(())
}
