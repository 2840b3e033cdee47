//! The codes of every system in one form: whose it is, what its list says, what it means.

use clap::ValueEnum;
use rrp::code::ReturnCode;
use rrp::gateway::numbers::{self, Status};
use rrp::gateway::{CodeInfo, Sort, reseller};
use rrp::verdict::{Class, Verdict};
use serde_json::{Map, Value, json};

use crate::codes;
use crate::output;
use crate::resend::Resend;

/// Whose code it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum System {
    /// A return code of RRP and XRRP
    Rrp,
    /// A code of the reseller platform
    Reseller,
    /// An error code of the telephone-number API
    Numbers,
    /// An HTTP status of the telephone-number API
    NumbersHttp,
}

impl System {
    /// As a word for programs, the one of the option.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Rrp => "rrp",
            Self::Reseller => "reseller",
            Self::Numbers => "numbers",
            Self::NumbersHttp => "numbers-http",
        }
    }

    /// For people.
    pub(crate) const fn heading(self) -> &'static str {
        match self {
            Self::Rrp => "return code of RRP and XRRP",
            Self::Reseller => "code of the reseller platform",
            Self::Numbers => "error code of the telephone-number API",
            Self::NumbersHttp => "HTTP status of the telephone-number API",
        }
    }
}

/// One code of one system.
#[derive(Clone, Copy)]
pub(crate) enum Entry<'t> {
    Rrp(ReturnCode),
    Reseller(&'static CodeInfo),
    Numbers(&'static CodeInfo),
    NumbersHttp(Status),
    /// A word that is on no list, of the system whose code it is said to be.
    Unlisted(System, &'t str),
}

/// Whether it is an HTTP status that somebody sends: those of RFC 9110 §15 and of IANA's registry that end a request, and
/// 520 to 526, which are of proxies.
const fn is_registered(status: Status) -> bool {
    matches!(
        status.as_u16(),
        200..=208 | 226 | 300..=308 | 400..=417 | 421..=426 | 428 | 429 | 431 | 451 | 500..=508 | 510 | 511 | 520..=526
    )
}

/// The longest word that is taken for a code.
const MAX_WORD: usize = 128;

impl Entry<'static> {
    /// Every listed code of every system.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let rrp = ReturnCode::known().map(|info| Self::Rrp(info.code()));
        let statuses = Status::known().map(|info| Self::NumbersHttp(info.status()));
        rrp.chain(Self::words()).chain(statuses)
    }

    /// Every listed code that is a word.
    pub(crate) fn words() -> impl Iterator<Item = Self> {
        reseller::Code::known().map(Self::Reseller).chain(numbers::Code::known().map(Self::Numbers))
    }
}

impl<'t> Entry<'t> {
    /// A word that is on no list; `None` if it is none, or no code of this system could be one.
    pub(crate) fn unlisted(system: System, text: &'t str) -> Option<Self> {
        let of_words = matches!(system, System::Reseller | System::Numbers);
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        (of_words && begins && plain && text.len() <= MAX_WORD).then_some(Self::Unlisted(system, text))
    }

    pub(crate) const fn system(self) -> System {
        match self {
            Self::Rrp(_) => System::Rrp,
            Self::Reseller(_) => System::Reseller,
            Self::Numbers(_) => System::Numbers,
            Self::NumbersHttp(_) => System::NumbersHttp,
            Self::Unlisted(system, _) => system,
        }
    }

    /// The code, as its system writes it.
    pub(crate) fn code(self) -> String {
        match self {
            Self::Rrp(code) => code.to_string(),
            Self::Reseller(info) | Self::Numbers(info) => info.name().to_owned(),
            Self::NumbersHttp(status) => status.as_u16().to_string(),
            Self::Unlisted(_, code) => code.to_owned(),
        }
    }

    pub(crate) fn is_listed(self) -> bool {
        match self {
            Self::Rrp(code) => code.info().is_some(),
            Self::Reseller(_) | Self::Numbers(_) => true,
            Self::NumbersHttp(status) => status.info().is_some(),
            Self::Unlisted(..) => false,
        }
    }

    /// Whether somebody sends it as what it is: it is on the list of its system, or a status that others send.
    pub(crate) fn is_met(self) -> bool {
        self.is_listed() || matches!(self, Self::NumbersHttp(status) if is_registered(status))
    }

    /// What stands behind the number of a status.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::NumbersHttp(status) => status.info().map(|info| info.name()),
            Self::Rrp(_) | Self::Reseller(_) | Self::Numbers(_) | Self::Unlisted(..) => None,
        }
    }

    /// The listed text.
    pub(crate) fn text(self) -> Option<&'static str> {
        match self {
            Self::Rrp(code) => code.info().map(|info| info.text()),
            Self::Reseller(info) | Self::Numbers(info) => info.text(),
            Self::NumbersHttp(status) => status.info().map(|info| info.text()),
            Self::Unlisted(..) => None,
        }
    }

    /// RRP's codes have no sort, nor has what is on no list.
    pub(crate) fn sort(self) -> Option<Sort> {
        match self {
            Self::Rrp(_) | Self::Unlisted(..) => None,
            Self::Reseller(info) | Self::Numbers(info) => Some(info.sort()),
            Self::NumbersHttp(status) => status.info().map(|info| info.sort()),
        }
    }

    /// What it means where nothing is known of the place.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::Rrp(code) => codes::plain(code),
            Self::Reseller(info) | Self::Numbers(info) => info.verdict(),
            Self::NumbersHttp(status) => status.verdict(),
            // As the reader of a reply has it.
            Self::Unlisted(..) => Verdict::new(Class::Unclassified),
        }
    }

    /// What else is known of it; may be empty.
    pub(crate) fn note(self) -> &'static str {
        match self {
            Self::Reseller(info) | Self::Numbers(info) => info.note(),
            Self::NumbersHttp(status) if status.is_success() => {
                "on no list of the API, which lists refusals alone"
            }
            Self::NumbersHttp(status) if status.info().is_none() => {
                "on no list of the API; perhaps of a proxy in front of it"
            }
            Self::Unlisted(System::Numbers, _) => {
                "the HTTP status that came with it decides: 400, 401 and 403 refuse it, with 408 or a 5xx a write is in \
                 doubt (`rrp explain 400 --system numbers-http`), as is one that costs if the code is the name of an \
                 exception; what stands here is for a status that nobody knows"
            }
            Self::Rrp(_) | Self::NumbersHttp(_) | Self::Unlisted(..) => "",
        }
    }

    /// What is to be said of one that is on no list.
    pub(crate) const fn unknown(self) -> &'static str {
        match self {
            Self::Unlisted(..) => "unknown: of a word that is on no list nothing is assumed",
            _ => "unknown: what stands here follows from the number alone",
        }
    }

    pub(crate) fn resend(self) -> Resend {
        match self {
            Self::Rrp(code) => Resend::of_rrp(code),
            _ => Resend::of(self.verdict(), self.sort()),
        }
    }

    /// All of it. Of an RRP code, with what it says elsewhere.
    pub(crate) fn json(self) -> Value {
        let mut map = Map::new();
        map.insert("system".to_owned(), json!(self.system().as_str()));
        if let Self::Rrp(code) = self {
            map.extend(codes::explained(code));
        } else {
            let code = if let Self::NumbersHttp(status) = self {
                json!(status.as_u16())
            } else {
                json!(self.code())
            };
            let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
            put("code", code);
            put("listed", json!(self.is_listed()));
            put("name", json!(self.name()));
            put("text", json!(self.text()));
            put("note", json!(self.note()));
            map.extend(output::verdict_json(&self.verdict()));
        }
        map.insert("sort".to_owned(), json!(self.sort().map(Sort::as_str)));
        map.insert("resend".to_owned(), self.resend().json());
        Value::Object(map)
    }
}
