//! Orders over a REST API for telephone numbers, through the same rule of resending as the line protocol.
//!
//! ```sh
//! cargo run --example numbers_api --features gateway
//! ```
//!
//! There is no HTTP here: the transport answers by a script. Paths and bodies are the example's own; statuses, codes and
//! their meaning are the API's. No read is known here that settles an order: what is lost waits for somebody's word.

mod scripted;

use std::error::Error;

use rrp::command::{Billable, Kind, Nature, Object, ObjectKind, Repeat, Safety, Settle};
use rrp::dispatch::{NoReads, OpaqueCommand, OpaqueReply, Outcome, QueryError, Resolution, Settled};
use rrp::gateway::numbers::{Code, CountryCode, PhoneNumber, Reply};
use rrp::verdict::{Advice, Executed};
use scripted::{Api, Exchange};

/// An order costs, and a second one costs again.
const ORDER: Nature = Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::Impossible);

fn order(number: &PhoneNumber, country: CountryCode) -> OpaqueCommand {
    let request = format!("POST /Numbers\n{{\"PhoneNumber\": \"{number}\", \"CountryCode\": \"{country}\"}}");
    // The name of an object is kept in clear: in doubt, somebody must know what to look for.
    OpaqueCommand::write("POST /Numbers", ORDER, request)
        .object(Object::new(ObjectKind::Other, number.as_str()))
}

fn get(number: &PhoneNumber) -> OpaqueCommand {
    OpaqueCommand::read("GET /Numbers", format!("GET /Numbers/{number}\n"))
}

const DONE: Exchange = Exchange::Answer(200, r#"{"Number": {}, "ResponseStatus": null}"#);
const BROKEN: Exchange = Exchange::Answer(500, r#"{"responseStatus": {"errorCode": "Exception"}}"#);
const TOO_SOON: Exchange = Exchange::Answer(429, "{}");

fn main() -> Result<(), Box<dyn Error>> {
    let mut api = Api::new(NoReads, |status, body| Reply::read(status, body).map(OpaqueReply::from));
    let country: CountryCode = "AU".parse()?;
    let number: PhoneNumber = "+61299999999".parse()?;
    assert!(
        "0299999999".parse::<PhoneNumber>().is_err(),
        "not E.164: it would be INVALID_PHONENUMBER_FORMAT"
    );

    println!("a POST whose answer is lost: in doubt, and not sent again");
    api.expect([Exchange::Lost]);
    let ticket = match api.change(order(&number, country), Safety::ReadBack, "order-1")? {
        Outcome::InDoubt(doubt) => doubt.ticket(),
        other => panic!("{other:?}"),
    };
    assert!(matches!(api.settle(ticket)?, Settled::StillInDoubt(_)), "no read is known that could tell");

    println!(
        "asked for again with its key: still in doubt, and nothing is sent; under another key: not sent"
    );
    assert!(matches!(
        api.change(order(&number, country), Safety::ReadBack, "order-1")?,
        Outcome::InDoubt(again) if again.ticket() == ticket
    ));
    assert!(api.change(order(&number, country), Safety::ReadBack, "order-2").is_err());
    assert_eq!(api.sent, ["POST /Numbers"]);

    println!("somebody looks, and says what became of it: not there, so it is ordered again under its key");
    let nobody = r#"{"ResponseStatus": {"ErrorCode": "NUMBER_NOT_FOUND", "Message": "A matching phone number could not be found.", "Errors": []}}"#;
    api.expect([Exchange::Answer(400, nobody)]);
    match api.query(get(&number)) {
        Err(QueryError::Refused(answer)) => {
            assert_eq!(answer.reply().code(), Code::NUMBER_NOT_FOUND.as_str());
        }
        other => panic!("{other:?}"),
    }
    let at = api.at();
    api.dispatch().resolve(ticket, Resolution::NotApplied, "it is not in the list of our numbers", at)?;
    api.expect([DONE]);
    assert!(matches!(
        api.change(order(&number, country), Safety::ReadBack, "order-1")?,
        Outcome::Accepted(accepted) if !accepted.is_replayed()
    ));

    println!("the server breaks off: perhaps it has done it, whatever its status");
    let other: PhoneNumber = "+61288888888".parse()?;
    api.expect([BROKEN]);
    assert!(matches!(api.change(order(&other, country), Safety::Once, "order-3")?, Outcome::InDoubt(_)));

    println!("a refusal names the parameter");
    let third: PhoneNumber = "+61277777777".parse()?;
    let missing = r#"{"ResponseStatus": {"ErrorCode": "PARAMETER_REQUIRED", "Message": "Missing required parameter: AddressId.",
        "Errors": [{"ErrorCode": "PARAMETER_REQUIRED", "FieldName": "AddressId", "Message": "Missing."}]}}"#;
    api.expect([Exchange::Answer(400, missing)]);
    match api.change(order(&third, country), Safety::ReadBack, "order-4")? {
        Outcome::Refused(refusal) => {
            let verdict = refusal.reply().map(OpaqueReply::verdict).expect("it was answered");
            assert_eq!((verdict.executed(), verdict.advice()), (Executed::No, Advice::FixRequest));
            assert_eq!(refusal.text(), "http 400: fields: AddressId");
        }
        other => panic!("{other:?}"),
    }

    println!("too soon, to a caller who believes that nothing was done: sent again a minute later");
    api.expect([TOO_SOON, DONE]);
    assert!(matches!(
        api.change(order(&third, country), Safety::TrustReply, "order-5")?,
        Outcome::Accepted(_)
    ));

    println!("a query is asked again when the server breaks off, or nobody can be connected to");
    api.expect([BROKEN, Exchange::NoConnection, DONE]);
    assert!(api.query(get(&number))?.reply().verdict().completed());
    Ok(())
}
