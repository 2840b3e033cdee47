//! Builds commands and replies out of arbitrary bytes, for fuzzing: ours, and that of whoever uses the crate.
//!
//! What is built is valid by its type, and made from the bytes rather than picked out of them: nearly every input gives
//! something, and a changed byte gives something else. The values are chosen to be awkward: terminators, brackets,
//! `=`, names that hold secrets. Not a model of what registrars send.
//!
//! ```
//! use arbitrary::{Arbitrary, Unstructured};
//! use bytes::BytesMut;
//! use rrp::arbitrary::AnyCommand;
//! use rrp::command::{Dialect, ToCommand};
//!
//! let mut bytes = Unstructured::new(b"any bytes at all, such as a fuzzer's");
//! let command = AnyCommand::arbitrary(&mut bytes)?.to_command();
//! let mut out = BytesMut::new();
//! rrp::wire::encode(command.body(), Dialect::Xrrp, &mut out).expect("XRRP takes every command");
//! assert!(out.ends_with(b".\r\n"));
//! # Ok::<(), arbitrary::Error>(())
//! ```

mod typed;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arbitrary::{Arbitrary, Error, Result, Unstructured};

use crate::address::ServerAddress;
use crate::code::{Context, ReturnCode};
use crate::command::{Body, Command, Dialect, DomainStatus, Period, PtfCommand, RrpCommand, ToCommand, Year};
use crate::name::{DomainName, HostName};
use crate::reply::ReplyBuilder;
use crate::secret::Secret;
use crate::text::{ModValue, ParameterName, Token, Value, ends_line};
use crate::verb::{Entity, Verb};

pub use typed::AnyCommand;

/// The most lines, parameters, cells or changes of what is built, where the type allows so many.
pub const MAX_PARTS: usize = 16;

/// Values that some reader could take for more than a value.
const AWKWARD: [&str; 16] = [
    ".",
    "EOF",
    "[COMMAND]",
    "[RESPONSE]",
    "=",
    "ns1.example.com=",
    "ns1.example.com=ns2.example.com",
    "-Approve:Yes",
    "command=DeleteDomain",
    "200 Command completed successfully",
    "property[domain][0] = example.com",
    ";",
    "***",
    "a: b",
    "müller.example",
    "\u{feff}\u{a0}\u{202e}",
];

/// Names that commands, replies and this crate know.
const NAMES: [&str; 16] = [
    "EntityName",
    "DomainName",
    "NameServer",
    "NewNameServer",
    "IPAddress",
    "Status",
    "Period",
    "CurrentExpirationYear",
    "Approve",
    "Id",
    "Password",
    "NewPassword",
    "domain",
    "auth",
    "nameserver0",
    "X-FEE-AMOUNT",
];

/// Names of PTF commands that are told apart by what they do.
const PTF_NAMES: [&str; 12] = [
    "AddDomain",
    "CheckDomain",
    "CheckDomains",
    "DeleteDomain",
    "ModifyDomain",
    "QueryDomainList",
    "RenewDomain",
    "StartSession",
    "StatusDomain",
    "TransferDomain",
    "SendSMS",
    "NeverHeardOf",
];

/// Names that stand in replies.
const REPLY_NAMES: [&str; 16] = [
    "nameserver",
    "status",
    "registration expiration date",
    "created date",
    "domain",
    "domaincheck",
    "first",
    "count",
    "limit",
    "total",
    "runtime",
    "pending",
    "jobid",
    "svtrid",
    "auth",
    "sessionid",
];

/// Letters outside ASCII that stand in names as they are.
const LETTERS: [char; 8] = ['ü', 'é', 'ø', 'ł', 'ж', 'λ', '例', 'テ'];

/// What was built is valid by construction; if it is not, the input is passed over and nothing panics.
fn valid<T, E>(built: core::result::Result<T, E>) -> Result<T> {
    built.map_err(|_| Error::IncorrectFormat)
}

/// One of these, as a copy.
fn one_of<T: Copy>(u: &mut Unstructured<'_>, choices: &[T]) -> Result<T> {
    u.choose(choices).copied()
}

/// Whether something comes true once in eight times; never when the bytes have run out.
fn seldom(u: &mut Unstructured<'_>) -> Result<bool> {
    Ok(u8::arbitrary(u)? & 7 == 7)
}

/// A character out of an alphabet of ASCII.
fn letter(u: &mut Unstructured<'_>, alphabet: &[u8]) -> Result<char> {
    one_of(u, alphabet).map(char::from)
}

/// Applies steps one after another; one that is refused (a name twice, too many) is left out.
fn steps<'a, T: Clone>(
    u: &mut Unstructured<'a>,
    mut built: T,
    step: impl Fn(T, &mut Unstructured<'a>) -> Result<Option<T>>,
) -> Result<T> {
    for _ in 0..u.int_in_range(0..=MAX_PARTS)? {
        if let Some(next) = step(built.clone(), u)? {
            built = next;
        }
    }
    Ok(built)
}

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Letters, digits and inner dashes, never two dashes in a row: no ASCII letter makes it an `xn--` label by chance.
fn label(u: &mut Unstructured<'_>, max: usize, wide: bool) -> Result<String> {
    let len = u.int_in_range(1..=max)?;
    let mut label = String::with_capacity(len);
    for at in 1..=len {
        let inner = at > 1 && at < len && !label.ends_with('-');
        label.push(match u8::arbitrary(u)? {
            0..=23 if inner => '-',
            128.. if wide => one_of(u, &LETTERS)?,
            _ => letter(u, ALPHANUMERIC)?,
        });
    }
    Ok(label)
}

/// Two to four labels, perhaps with a trailing dot.
fn name(u: &mut Unstructured<'_>) -> Result<String> {
    // A label of 63 letters, with three of 12, is still a name. In its ASCII form a wide one is longer.
    let first = if seldom(u)? { 63 } else { 12 };
    let wide = seldom(u)?;
    let mut name = label(u, if wide { 8 } else { first }, wide)?;
    for _ in 0..u.int_in_range(0..=2)? {
        name.push('.');
        name.push_str(&label(u, 12, false)?);
    }
    // The last is no number.
    name.push('.');
    name.push(letter(u, LOWER)?);
    name.push_str(&label(u, 11, false)?);
    if seldom(u)? {
        name.push('.');
    }
    Ok(name)
}

/// One line of text: awkward, plain, or anything that the bytes spell.
fn line(u: &mut Unstructured<'_>) -> Result<String> {
    let text = match u.int_in_range(0..=3)? {
        0 => one_of(u, &AWKWARD)?.to_owned(),
        1 => name(u)?,
        2 => {
            let printable: Vec<u8> = (b' '..=b'~').collect();
            let len = u.int_in_range(0..=40)?;
            (0..len).map(|_| letter(u, &printable)).collect::<Result<String>>()?
        }
        _ => <&str>::arbitrary(u)?.chars().filter(|c| !ends_line(*c)).collect(),
    };
    let end = text.char_indices().map(|(at, c)| at.saturating_add(c.len_utf8()));
    let end = end.take_while(|end| *end <= Value::MAX_LEN).last().unwrap_or(0);
    Ok(text.get(..end).unwrap_or_default().trim().to_owned())
}

/// A value that is not empty.
fn some_line(u: &mut Unstructured<'_>) -> Result<String> {
    let text = line(u)?;
    Ok(if text.is_empty() { "x".to_owned() } else { text })
}

impl<'a> Arbitrary<'a> for DomainName {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(&name(u)?))
    }
}

impl<'a> Arbitrary<'a> for HostName {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(&name(u)?))
    }
}

impl<'a> Arbitrary<'a> for ServerAddress {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (bits, six) = (u128::arbitrary(u)?, bool::arbitrary(u)?);
        let [.., a, b, c, d] = bits.to_be_bytes();
        // 2400::/12 and 8.0.0.0/8 have no reserved range in them, where the bits as they are lie in one.
        let (any, public) = if six {
            let public = (bits >> 12_u32) | (0x2400_u128 << 112_u32);
            (IpAddr::from(Ipv6Addr::from_bits(bits)), IpAddr::from(Ipv6Addr::from_bits(public)))
        } else {
            (IpAddr::from([a, b, c, d]), IpAddr::from(Ipv4Addr::new(8, b, c, d)))
        };
        Self::new(any).or_else(|_| valid(Self::new(public)))
    }
}

impl<'a> Arbitrary<'a> for Value {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(&line(u)?))
    }
}

impl<'a> Arbitrary<'a> for ModValue {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(&some_line(u)?.replace('=', ":")))
    }
}

impl<'a> Arbitrary<'a> for Token {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const INNER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
        if bool::arbitrary(u)? {
            return valid(Self::new(one_of(u, &NAMES)?));
        }
        let max = if seldom(u)? { Self::MAX_LEN } else { 12 };
        let len = u.int_in_range(1..=max)?;
        let mut word = String::from(letter(u, ALPHANUMERIC)?);
        for _ in 1..len {
            word.push(letter(u, INNER)?);
        }
        if word.eq_ignore_ascii_case("EOF") {
            word.push('0');
        }
        valid(Self::new(&word))
    }
}

impl<'a> Arbitrary<'a> for ParameterName {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if bool::arbitrary(u)? {
            return valid(Self::new(one_of(u, &NAMES)?));
        }
        let visible: Vec<u8> = (b'!'..=b'~').filter(|byte| *byte != b'=').collect();
        let len = u.int_in_range(1..=12)?;
        let name = (0..len).map(|_| letter(u, &visible)).collect::<Result<String>>()?;
        // A `[` at its start, and every spelling of `command`, is a name with a letter before it.
        Self::new(&name).or_else(|_| valid(Self::new(&format!("x{name}"))))
    }
}

impl<'a> Arbitrary<'a> for Secret {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        some_line(u).map(Self::from)
    }
}

impl<'a> Arbitrary<'a> for Period {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::years(u.int_in_range(1..=99)?))
    }
}

impl<'a> Arbitrary<'a> for Year {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(u.int_in_range(1_000..=9_999)?))
    }
}

impl<'a> Arbitrary<'a> for DomainStatus {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const LISTED: [DomainStatus; 6] = [
            DomainStatus::ACTIVE,
            DomainStatus::REGISTRAR_LOCK,
            DomainStatus::REGISTRAR_HOLD,
            DomainStatus::REGISTRY_LOCK,
            DomainStatus::REGISTRY_HOLD,
            DomainStatus::REGISTRY_DELETE_NOTIFY,
        ];
        if seldom(u)? { valid(Self::new(Token::arbitrary(u)?.as_str())) } else { u.choose(&LISTED).cloned() }
    }
}

impl<'a> Arbitrary<'a> for Verb {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        one_of(u, &Self::ALL)
    }
}

impl<'a> Arbitrary<'a> for ReturnCode {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if seldom(u)? {
            return valid(Self::from_u16(u.int_in_range(100..=999)?));
        }
        let last = Self::known().len().saturating_sub(1);
        let at = u.int_in_range(0..=last)?;
        Self::known().nth(at).map(|info| info.code()).ok_or(Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for Context {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=5)? {
            0 => Self::Rrp(Verb::arbitrary(u)?),
            1 => Self::Login,
            2 => Self::PtfCheck,
            3 => Self::Ptf,
            4 => Self::Check(one_of(u, &[Entity::Domain, Entity::NameServer])?),
            _ => Self::Unsolicited,
        })
    }
}

impl<'a> Arbitrary<'a> for Dialect {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        one_of(u, &[Self::Xrrp, Self::Rfc])
    }
}

/// One more line, of any form; `None` if the command refuses it.
fn rrp_line(command: RrpCommand, u: &mut Unstructured<'_>) -> Result<Option<RrpCommand>> {
    let name = Token::arbitrary(u)?;
    let name = name.as_str();
    Ok(match u.int_in_range(0..=5)? {
        0 | 1 => command.attribute(name, &some_line(u)?),
        2 => command.option(name, &some_line(u)?),
        3 => command.remove(name, ModValue::arbitrary(u)?.as_str()),
        4 => command.replace(name, ModValue::arbitrary(u)?.as_str(), ModValue::arbitrary(u)?.as_str()),
        _ => command.secret_option(name, Secret::arbitrary(u)?),
    }
    .ok())
}

impl<'a> Arbitrary<'a> for RrpCommand {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let command = match u.int_in_range(0..=3)? {
            0 => Self::new("mod"),
            1 => Self::new(Token::arbitrary(u)?.as_str()),
            _ => Self::new(Verb::arbitrary(u)?.as_str()),
        };
        steps(u, valid(command)?, rrp_line)
    }
}

/// One more parameter or header line; `None` if the command refuses it.
fn ptf_line(command: PtfCommand, u: &mut Unstructured<'_>) -> Result<Option<PtfCommand>> {
    let name = ParameterName::arbitrary(u)?;
    let name = name.as_str();
    Ok(match u.int_in_range(0..=4)? {
        0 | 1 => command.param(name, &line(u)?),
        2 => command.header(name, &line(u)?),
        3 => command.secret(name, Secret::arbitrary(u)?),
        _ => {
            let values = [line(u)?, line(u)?];
            command.params(name, values.iter().map(String::as_str))
        }
    }
    .ok())
}

/// The name of a PTF command, mostly one that is known.
fn ptf_name(u: &mut Unstructured<'_>) -> Result<String> {
    if seldom(u)? {
        Token::arbitrary(u).map(|name| name.as_str().to_owned())
    } else {
        one_of(u, &PTF_NAMES).map(str::to_owned)
    }
}

impl<'a> Arbitrary<'a> for PtfCommand {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let command = valid(Self::new(&ptf_name(u)?))?;
        steps(u, command, ptf_line)
    }
}

impl<'a> Arbitrary<'a> for Body {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if bool::arbitrary(u)? {
            PtfCommand::arbitrary(u).map(Self::Ptf)
        } else {
            RrpCommand::arbitrary(u).map(Self::Rrp)
        }
    }
}

impl<'a> Arbitrary<'a> for Command {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if bool::arbitrary(u)? {
            AnyCommand::arbitrary(u).map(|command| command.to_command())
        } else {
            Body::arbitrary(u).map(Self::new)
        }
    }
}

impl<'a> Arbitrary<'a> for ReplyBuilder {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let code = ReturnCode::arbitrary(u)?;
        let reply = if bool::arbitrary(u)? { Self::listed(code) } else { Self::new(code, &line(u)?) };
        steps(u, valid(reply)?, |reply, u| {
            let name = match u.int_in_range(0..=3)? {
                0 => some_line(u)?.chars().filter(|c| !matches!(c, ':' | '=' | '[' | ']')).take(40).collect(),
                _ => one_of(u, &REPLY_NAMES)?.to_owned(),
            };
            let name = name.trim();
            let reply = match u.int_in_range(0..=2)? {
                0 => reply.attribute(name, &line(u)?),
                1 => reply.property(name, u32::from(u8::arbitrary(u)? & 7), &line(u)?),
                _ => reply.property(name, u32::arbitrary(u)?, &line(u)?),
            };
            Ok(reply.ok())
        })
    }
}
