//! What is known of an account as bytes: one JSON object, in a version of its own.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::held::covering;
use super::record::{InvalidRecord, hex, unhex, versioned};
use crate::dispatch::{Account, OperatorHold, RefusedLogin};

/// The version that is written here.
const VERSION: u64 = 1;

/// The longest record of an account, in bytes: beyond what its bounds allow, every byte of its texts escaped.
pub const MAX_ACCOUNT_RECORD: usize = 16 << 10;

/// Bounds, in bytes.
const MAX_WHY: usize = 1024;
const MAX_BOOT: usize = 128;

const WHAT: &str = "account";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'a> {
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<RefusedRecord<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held_until: Option<u64>,
    sessions: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boot: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "<[u64]>::is_empty")]
    ghosts: Cow<'a, [u64]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedRecord<'a> {
    credential: Cow<'a, str>,
    why: Cow<'a, str>,
    at: u64,
}

/// The same within its bounds: `why` of 1 KiB, a boot of 128 bytes, and of the ghosts those that stay longest. A boot that
/// was cut is equal to none, so its sessions are those of another.
pub(super) fn bounded(account: &Account) -> Account {
    let cut = |text: &str, most: usize| text.get(..text.floor_char_boundary(most)).unwrap_or_default().into();
    let mut account = account.clone();
    if let Some(refused) = &mut account.refused {
        refused.why = cut(&refused.why, MAX_WHY);
    }
    account.boot = account.boot.map(|boot| cut(&boot, MAX_BOOT));
    if let Some(hold) = &mut account.operator_hold {
        hold.reason = cut(&hold.reason, OperatorHold::MAX_REASON);
    }
    let beyond = account.ghosts.len().saturating_sub(Account::MAX_GHOSTS);
    if beyond > 0 {
        account.ghosts.sort_unstable();
        account.ghosts.drain(..beyond);
    }
    account
}

/// What is known of an account as bytes. What is beyond its bounds is left out: of why a login was refused all but the first
/// 1 KiB, of the boot all but 128 bytes, and of the ghosts all but the [`Account::MAX_GHOSTS`] that stay longest.
///
/// An operator's hold has a record of its own ([`encode_operator_hold`](super::encode_operator_hold)), which earlier versions
/// do not know; for whoever reads this one alone, the account is locked for as long.
///
/// # Errors
///
/// None is known: within its bounds it fits into [`MAX_ACCOUNT_RECORD`].
pub fn encode_account(account: &Account) -> Result<Vec<u8>, InvalidRecord> {
    let account = bounded(account);
    let refused = account.refused.as_ref().map(|refused| RefusedRecord {
        credential: hex(&refused.credential).into(),
        why: (&*refused.why).into(),
        at: refused.at,
    });
    let record = Record {
        version: VERSION,
        refused,
        held_until: covering(&account),
        sessions: account.sessions,
        boot: account.boot.as_deref().map(Into::into),
        ghosts: account.ghosts.as_slice().into(),
    };
    let bytes = serde_json::to_vec(&record)
        .map_err(|error| InvalidRecord::of(WHAT, "it cannot be written").because(error))?;
    if bytes.len() > MAX_ACCOUNT_RECORD {
        return Err(InvalidRecord::of(WHAT, "it is too long"));
    }
    Ok(bytes)
}

/// What is known of an account, in these bytes.
///
/// # Errors
///
/// If they are not what [`encode_account`] makes, or what a newer version makes.
pub fn decode_account(bytes: &[u8]) -> Result<Account, InvalidRecord> {
    let wrong = |what| InvalidRecord::of(WHAT, what);
    let record: Record<'static> = versioned(bytes, MAX_ACCOUNT_RECORD, VERSION, WHAT)?;
    let refused = record.refused.map(|refused| {
        if refused.why.len() > MAX_WHY {
            return Err(wrong("beyond the bounds of a refused login"));
        }
        let credential = unhex(&refused.credential).ok_or_else(|| wrong("a hash that is none"))?;
        Ok(RefusedLogin { credential, why: refused.why.into(), at: refused.at })
    });
    if record.boot.as_ref().is_some_and(|boot| boot.len() > MAX_BOOT) {
        return Err(wrong("beyond the bounds of a boot"));
    }
    if record.ghosts.len() > Account::MAX_GHOSTS {
        return Err(wrong("too many ghosts"));
    }
    Ok(Account {
        refused: refused.transpose()?,
        held_until: record.held_until,
        operator_hold: None,
        sessions: record.sessions,
        boot: record.boot.map(Into::into),
        ghosts: record.ghosts.into_owned(),
    })
}

/// What is known of an account as one line of JSON for people and programs: an object whose one member is `account`, without
/// the credential's hash. It cannot be read back.
#[must_use]
pub fn account_to_json(account: &Account) -> String {
    let refused = account.refused.as_ref().map(|refused| json!({"why": &*refused.why, "at_ms": refused.at}));
    let mut account_json = json!({
        "refused": refused,
        "held_until_ms": account.held_until,
        "sessions": account.sessions,
        "boot": account.boot.as_deref(),
        "ghosts_until_ms": account.ghosts,
    });
    if let (Some(hold), Some(fields)) = (&account.operator_hold, account_json.as_object_mut()) {
        let hold = json!({"until_ms": hold.until, "reason": &*hold.reason});
        fields.insert("operator_hold".to_owned(), hold);
    }
    json!({ "account": account_json }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_bounds_is_left_out() {
        let refused = RefusedLogin { credential: [1; 16], why: "€".repeat(400).into(), at: 1 };
        let ghosts: Vec<u64> = (0..Account::MAX_GHOSTS as u64 + 40).rev().collect();
        let account = Account {
            refused: Some(refused),
            held_until: Some(7),
            operator_hold: None,
            sessions: 3,
            boot: Some("é".repeat(100).into()),
            ghosts: ghosts.clone(),
        };
        let kept = bounded(&account);
        // Not in the middle of a character.
        assert_eq!(kept.refused().unwrap().why(), "€".repeat(341));
        assert_eq!(kept.boot().unwrap(), "é".repeat(64));
        assert_eq!(kept.ghosts().len(), Account::MAX_GHOSTS);
        assert!(kept.ghosts().iter().all(|until| *until >= 40), "those that stay longest");
        assert_eq!((kept.held_until(), kept.sessions()), (Some(7), 3));
        assert_eq!(decode_account(&encode_account(&account).unwrap()).unwrap(), kept);
        // What is within them stays as it is, in its order.
        let few = Account { ghosts: ghosts[..9].to_vec(), ..kept };
        assert_eq!(bounded(&few), few);
    }
}
