//! An operator's hold of an account as bytes, beside [what is known of the account](super::encode_account): one JSON object,
//! in a version of its own, which an earlier version of this program neither reads nor minds.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::record::{InvalidRecord, versioned};
use crate::dispatch::{Account, OperatorHold};

/// The version that is written here.
const VERSION: u64 = 1;

/// The longest record, in bytes: beyond what its bounds allow, every byte of the reason escaped.
const MAX_RECORD: usize = 4 << 10;

const WHAT: &str = "operator's hold";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'a> {
    version: u64,
    until: u64,
    reason: Cow<'a, str>,
    /// Until when the registry has locked the account, which the other record does not tell apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    locked_until: Option<u64>,
}

/// Until when an account is locked for whoever does not know of operators' holds.
pub(super) fn covering(account: &Account) -> Option<u64> {
    account.held_until.max(account.operator_hold.as_ref().map(|hold| hold.until))
}

/// An operator's hold of the account as bytes, or `None` if there is none: to be kept beside what
/// [`encode_account`](super::encode_account) makes of it, in the same commit. Of a reason beyond
/// [`OperatorHold::MAX_REASON`] the first bytes are kept.
///
/// # Errors
///
/// None is known.
pub fn encode_operator_hold(account: &Account) -> Result<Option<Vec<u8>>, InvalidRecord> {
    let account = super::account::bounded(account);
    let Some(hold) = &account.operator_hold else { return Ok(None) };
    let record = Record {
        version: VERSION,
        until: hold.until,
        reason: (&*hold.reason).into(),
        locked_until: account.held_until,
    };
    let bytes = serde_json::to_vec(&record)
        .map_err(|error| InvalidRecord::of(WHAT, "it cannot be written").because(error))?;
    Ok(Some(bytes))
}

/// What is known of an account, with the operator's hold in these bytes.
///
/// # Errors
///
/// If they are not what [`encode_operator_hold`] makes, or what a newer version makes.
pub fn decode_operator_hold(account: Account, bytes: &[u8]) -> Result<Account, InvalidRecord> {
    let wrong = |what| InvalidRecord::of(WHAT, what);
    let record: Record<'static> = versioned(bytes, MAX_RECORD, VERSION, WHAT)?;
    if record.reason.len() > OperatorHold::MAX_REASON || record.reason.contains(char::is_control) {
        return Err(wrong("beyond the bounds of a reason"));
    }
    let hold = OperatorHold { until: record.until, reason: record.reason.into() };
    let mut account = Account { operator_hold: Some(hold), ..account };
    // If an earlier version has written the other record since, that is the registry's lock as it was known then.
    let covered = Some(record.until).max(record.locked_until);
    if account.held_until == covered {
        account.held_until = record.locked_until;
    }
    Ok(account)
}
