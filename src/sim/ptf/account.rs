//! The account in PTF, and services that leave no object behind.

use super::super::ledger::Change;
use super::super::wire::{Answer, Request};
use super::super::world::{Outcome, Turn};
use super::list::Page;
use super::required;

/// Cents as an amount: `-12.05`.
fn amount(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents.div_euclid(100), cents.rem_euclid(100))
}

pub(super) fn status(turn: &Turn<'_>) -> Outcome {
    let balance = turn.world.accounts.get(turn.caller).map_or(0, |account| account.registrar.balance);
    Ok(Answer::new(200)
        .pair("amount", amount(balance))
        .pair("credit", amount(0))
        .pair("currency", "USD")
        .pair("registrar", turn.caller)
        .pair("vat", "0.00"))
}

pub(super) fn query(turn: &Turn<'_>, request: &Request) -> Outcome {
    let own = turn.world.bookings.iter().filter(|booking| booking.registrar == turn.caller);
    let (page, rows) = Page::of(request, own.collect())?;
    let answer = rows.into_iter().fold(Answer::new(200), |answer, booking| {
        answer
            .pair("accountingamount", amount(booking.cents))
            .pair("accountingdate", booking.when)
            .pair("accountingdescription", &booking.object)
    });
    Ok(page.write(answer))
}

/// Sends a message, and another each time: nothing refuses a repetition.
pub(super) fn send_sms(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let phone = required(request, "phone")?.to_owned();
    required(request, "message")?;
    turn.object = phone;
    turn.afford(turn.config.prices.sms)?;
    turn.bill(turn.config.prices.sms);
    turn.did(Change::Served);
    Ok(Answer::new(200).pair("smsid", turn.world.next_id()))
}

/// Sends a token by mail, another each time.
pub(super) fn request_token(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    required(request, "type")?;
    for name in ["domain", "contact"] {
        if let Some(object) = request.first(name) {
            turn.object = object.to_ascii_lowercase();
        }
    }
    turn.did(Change::Served);
    Ok(Answer::new(200))
}
