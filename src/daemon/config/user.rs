//! One local user, as it is configured: who it is, and what it may do.

use argon2::password_hash::PasswordHash;
use toml::Spanned;

use super::error::ConfigError;
use super::raw;
use super::reader::{Reader, Sources};
use super::told::{Part, Section};
use super::value;
use super::{Password, User};
use crate::pace::Lane;
use crate::secret::Secret;

/// What a user may not send unless its own `deny` says otherwise: what changes the account itself or its prices, its users and
/// passwords, what moves names to another registrar's account, and what draws on a card or moves money.
///
/// `*` at an end stands for anything; capitals do not count. Reads of such things are not denied, but for those that show a
/// password. RRP's SESSION and QUIT never come from a local client.
pub const DENIED_BY_DEFAULT: [&str; 25] = [
    // The account, its currency, prices and money.
    "ModifyAccount*",
    "SetAccount*",
    "ModifyRegistrar*",
    "AddRegistrar",
    "DeleteRegistrar*",
    "AddAccounting",
    "DeleteAccounting*",
    "TransferFunds*",
    "AddSubaccount*",
    "ModifySubaccount*",
    "DeleteSubaccount*",
    // Those who may log in, and as what.
    "AddUser*",
    "ModifyUser*",
    "DeleteUser*",
    "AddRole*",
    "ModifyRole*",
    "DeleteRole*",
    "SetUser*",
    // Passwords, not those of names.
    "*Password",
    "RequestToken",
    // Names that leave for another account.
    "Push*",
    "AcceptPush*",
    // Cards.
    "*CreditCard*",
    "ChargeMobile*",
    "*Payment*",
];

pub(super) fn read(
    reader: &mut Reader<'_>,
    name: &str,
    said: &Spanned<raw::User>,
    accounts: &[&str],
) -> Result<(User, Section), ConfigError> {
    let (whole, raw) = (said.span(), said.get_ref());
    let shown = name.escape_debug();
    let mut section = Section::new(Part::User(name.into()));
    if name.is_empty() || name.len() > 128 || name.chars().any(char::is_control) {
        return Err(reader.error(&whole, "the name of a user is a text of 1 to 128 bytes"));
    }
    let password = password(reader, &mut section, name, said)?;
    let account = match (&raw.account, accounts) {
        (Some(said), _) => {
            let found = accounts.iter().find(|account| **account == said.get_ref().as_str());
            *found.ok_or_else(|| {
                let what = format!("is no account of this file; it has {}", listed(accounts));
                reader.wrong("account", said, &what)
            })?
        }
        (None, [only]) => *only,
        (None, _) => {
            let what = format!("user `{shown}` needs `account`: there are {}", listed(accounts));
            return Err(reader.error(&whole, what));
        }
    };
    section.text("account", account);
    let lane = match &raw.lane {
        None => Lane::Normal,
        Some(said) => reader.understood("lane", said, value::lane(said.get_ref()))?,
    };
    section.text("lane", lane.as_str());
    let mut lanes = value::lanes_from(lane);
    for said in raw.lanes.iter().flatten() {
        let more = reader.understood("lanes", said, value::lane(said.get_ref()))?;
        if !lanes.contains(&more) {
            lanes.push(more);
        }
    }
    lanes.sort_unstable();
    section.list("lanes", lanes.iter().map(|lane| lane.as_str()));
    let size = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let commands_per_second =
        reader.optional_number("commands-per-second", &raw.commands_per_second, 1..=1_000_000)?;
    let billable_per_day =
        reader.optional_number("billable-per-day", &raw.billable_per_day, 0..=1_000_000_000)?;
    let connections = reader.optional_number("connections", &raw.connections, 1..=1_000_000)?;
    let numbers = [
        ("commands-per-second", commands_per_second),
        ("billable-per-day", billable_per_day),
        ("connections", connections),
    ];
    for (key, number) in numbers {
        if let Some(number) = number {
            section.plain(key, number);
        }
    }
    let allow = patterns(reader, "allow", &raw.allow)?.unwrap_or_default();
    let deny = patterns(reader, "deny", &raw.deny)?.unwrap_or_else(|| {
        DENIED_BY_DEFAULT.iter().map(|pattern| pattern.to_ascii_lowercase().into()).collect()
    });
    section.list("allow", allow.iter().map(|pattern| &**pattern));
    section.list("deny", deny.iter().map(|pattern| &**pattern));
    let cltrid_is_key = raw.cltrid_is_key.as_ref().is_some_and(|said| *said.get_ref());
    section.plain("cltrid-is-key", cltrid_is_key);
    let user = User {
        name: name.into(),
        password,
        account: account.into(),
        lane,
        lanes,
        commands_per_second: commands_per_second.map(size),
        billable_per_day: billable_per_day.map(size),
        allow,
        deny,
        cltrid_is_key,
        connections,
    };
    Ok((user, section))
}

/// Names, as they stand in a message.
fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.escape_debug())).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn password(
    reader: &mut Reader<'_>,
    section: &mut Section,
    name: &str,
    said: &Spanned<raw::User>,
) -> Result<Password, ConfigError> {
    let raw = said.get_ref();
    let sources = Sources {
        file: &raw.password_file,
        credential: &raw.password_credential,
        variable: &raw.password_env,
    };
    let plain = reader.password(section, &sources)?;
    match (&raw.password_hash, plain) {
        (None, Some(password)) => Ok(Password::Plain(password)),
        (Some(hash), Some(_)) => {
            let what = "`password-hash` and another source of the password: there is one";
            Err(reader.error(&hash.span(), what))
        }
        (Some(hash), None) => {
            let text = hash.get_ref().trim();
            check_hash(text).map_err(|what| {
                reader
                    .error(&hash.span(), format!("`password-hash` {what}"))
                    .hint("`rrp config hash-password` makes one")
            })?;
            section.secret("password-hash", Secret::from(text));
            Ok(Password::Hash(text.into()))
        }
        (None, None) => Err(reader
            .error(&said.span(), format!("user `{}` has no password", name.escape_debug()))
            .hint("`password-hash` holds the hash of one, made by `rrp config hash-password`")),
    }
}

/// Whether this is a hash of argon2 that one login may cost.
fn check_hash(text: &str) -> Result<(), &'static str> {
    /// KiB, rounds and threads.
    const MOST: (u32, u32, u32) = (262_144, 64, 16);
    let hash = PasswordHash::new(text).map_err(|_| "is not a PHC string: `$argon2id$v=19$…`")?;
    if argon2::Algorithm::try_from(hash.algorithm).is_err() || hash.salt.is_none() || hash.hash.is_none() {
        return Err("is not a hash of argon2 with its salt");
    }
    let params = argon2::Params::try_from(&hash).map_err(|_| "has parameters that argon2 does not have")?;
    if params.m_cost() > MOST.0 || params.t_cost() > MOST.1 || params.p_cost() > MOST.2 {
        return Err("costs more than 256 MiB, 64 rounds or 16 threads for each login");
    }
    Ok(())
}

/// Names of commands, lower case, with `*` at an end.
fn patterns(reader: &Reader<'_>, key: &str, said: &raw::List) -> Result<Option<Vec<Box<str>>>, ConfigError> {
    let Some(said) = said else { return Ok(None) };
    let mut found: Vec<Box<str>> = Vec::new();
    for pattern in said {
        let text = pattern.get_ref();
        let inner = text.strip_prefix('*').unwrap_or(text);
        let inner = inner.strip_suffix('*').unwrap_or(inner);
        if text.is_empty() || !inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            let what = "is not the name of a command, with `*` at an end or both";
            return Err(reader.wrong(key, pattern, what));
        }
        found.push(text.to_ascii_lowercase().into());
    }
    Ok(Some(found))
}

/// Whether a pattern is one of this command, in any case. Asked of every command and many patterns: it allocates nothing.
fn matches(pattern: &str, command: &str) -> bool {
    let same = |part: Option<&[u8]>, end: &[u8]| part.is_some_and(|part| part.eq_ignore_ascii_case(end));
    let command = command.as_bytes();
    match pattern.as_bytes() {
        [b'*'] => true,
        [b'*', inner @ .., b'*'] => {
            inner.is_empty() || command.windows(inner.len()).any(|part| part.eq_ignore_ascii_case(inner))
        }
        [b'*', end @ ..] => {
            same(command.len().checked_sub(end.len()).and_then(|from| command.get(from..)), end)
        }
        [start @ .., b'*'] => same(command.get(..start.len()), start),
        whole => command.eq_ignore_ascii_case(whole),
    }
}

impl User {
    /// Whether it may send the command of this name.
    pub(in crate::daemon) fn may_send(&self, command: &str) -> bool {
        let one_of = |patterns: &[Box<str>]| patterns.iter().any(|pattern| matches(pattern, command));
        !one_of(&self.deny) && (self.allow.is_empty() || one_of(&self.allow))
    }

    /// Whether its commands may go in this lane.
    pub(in crate::daemon) fn may_use(&self, lane: Lane) -> bool {
        self.lanes.contains(&lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_know_no_case_and_end_where_they_say() {
        for (pattern, command, expected) in [
            ("pushdomain", "PushDomain", true),
            ("push*", "PUSHOBJECT", true),
            ("*password", "SetPassword", true),
            ("*password", "PasswordReset", false),
            ("*card*", "ChargeCreditcard", true),
            ("*", "anything", true),
            ("add*", "ReadDomain", false),
        ] {
            assert_eq!(matches(pattern, command), expected, "{pattern} {command}");
        }
    }

    #[test]
    fn what_is_denied_by_default_is_what_reaches_beyond_names() {
        let denied = |command: &str| {
            DENIED_BY_DEFAULT.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), command))
        };
        for command in [
            "ModifyAccount",
            "SetPassword",
            "ModifyPassword",
            "PushDomain",
            "PushObject",
            "ChargeCreditcard",
            "AddCreditcard",
            "AddUser",
            "DeleteUser",
            "ModifyUser",
            "ModifyRegistrarCurrency",
            "ChargeMobileAccount",
        ] {
            assert!(denied(command), "{command}");
        }
        for command in [
            "AddDomain",
            "RenewDomain",
            "TransferDomain",
            "SetAuthCode",
            "StatusAccount",
            "StatusUser",
            "QueryAccountingList",
            "PayDomainRenewal",
            "AddContact",
            "ModifyDomain",
            "Describe",
        ] {
            assert!(!denied(command), "{command}");
        }
    }

    #[test]
    fn a_hash_that_would_cost_too_much_is_none() {
        let salt = "c29tZXNhbHQ";
        let hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        check_hash(hash).unwrap();
        for wrong in [
            "",
            "secret",
            "$2b$12$abcdefghijklmnopqrstuv",
            &format!("$argon2id$v=19$m=19456,t=2,p=1${salt}"),
            &hash.replace("m=19456", "m=4194304"),
        ] {
            check_hash(wrong).unwrap_err();
        }
    }
}
