//! The one table of return codes.
//!
//! Texts: CNR's public list of return codes, RFC 2832 §5.1 and RFC 3632 §2.1. Execution: RFC 2832 §4.3 for what a
//! failed command leaves behind, and the doubts about it. EPP: the nearest result code of RFC 5730 §3; the mapping that
//! Net::DRI publishes gives 2302/2303 for 210 to 213 (successes), 2308 for 540 and 545, 2005 for 541; it is corrected.

use core::time::Duration;

use super::ReturnCode;
use crate::verdict::{Advice, Answer, Class, Executed, Verdict, Word};

/// What the lists say about one return code.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    code: ReturnCode,
    text: Text,
    verdict: Verdict,
    epp: u16,
    meaning: &'static str,
}

/// Whose list has the code, and with what text.
#[derive(Clone, Copy, Debug)]
enum Text {
    Both(&'static str),
    Cnr(&'static str),
    Rfc(&'static str),
    Differ { cnr: &'static str, rfc: &'static str },
}

impl CodeInfo {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> ReturnCode {
        self.code
    }

    /// The listed text: CNR's, or the RFC's for a code that CNR does not list (510).
    #[must_use]
    pub const fn text(&self) -> &'static str {
        match self.text {
            Text::Both(text) | Text::Cnr(text) | Text::Rfc(text) | Text::Differ { cnr: text, .. } => text,
        }
    }

    /// The text in CNR's list of return codes.
    #[must_use]
    pub const fn cnr_text(&self) -> Option<&'static str> {
        match self.text {
            Text::Both(text) | Text::Cnr(text) | Text::Differ { cnr: text, .. } => Some(text),
            Text::Rfc(_) => None,
        }
    }

    /// The text in RFC 2832 §5.1 or RFC 3632 §2.1. It differs from CNR's for 520 and, in meaning too, for 557.
    #[must_use]
    pub const fn rfc_text(&self) -> Option<&'static str> {
        match self.text {
            Text::Both(text) | Text::Rfc(text) | Text::Differ { rfc: text, .. } => Some(text),
            Text::Cnr(_) => None,
        }
    }

    /// The verdict where nothing is known of the place; [`ReturnCode::verdict`] takes the place into account.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The answer that the code gives to a question: 211, 213, 215 and 219 are successes that mean no.
    #[must_use]
    pub const fn answer(&self) -> Option<Answer> {
        self.verdict.answer()
    }

    /// The nearest result code of EPP (RFC 5730 §3).
    #[must_use]
    pub const fn epp(&self) -> u16 {
        self.epp
    }

    /// What it means, in one sentence of our own without full stop.
    #[must_use]
    pub const fn meaning(&self) -> &'static str {
        self.meaning
    }
}

const SECOND: Duration = Duration::from_secs(1);
/// CNR says "some minutes".
const LOCK_WAIT: Duration = Duration::from_secs(300);
pub(super) const LOGIN_WAIT: Duration = Duration::from_secs(5);
pub(super) const SESSIONS_WAIT: Duration = Duration::from_secs(30);

const DONE: Verdict =
    Verdict::new(Class::Success).with_executed(Executed::Yes, Word::Specification).with_advice(Advice::Done);
const YES: Verdict = DONE.with_answer(Answer::Yes);
const NO: Verdict = DONE.with_answer(Answer::No);
const FAILED_NOW: Verdict = Verdict::new(Class::Temporary).with_executed(Executed::No, Word::Specification);
const REFUSED: Verdict = Verdict::new(Class::Permanent).with_executed(Executed::No, Word::Specification);
const FIX: Verdict = REFUSED.with_advice(Advice::FixRequest);
const CHANGE: Verdict = REFUSED.with_advice(Advice::ChangeState);
const LOOK: Verdict = REFUSED.with_advice(Advice::LookFirst);
const UNKNOWN_CLOSING: Verdict = Verdict::new(Class::Permanent).closing();

macro_rules! codes {
    ($($number:literal $name:ident $text:expr, $verdict:expr, $epp:literal, $meaning:literal;)+) => {
        impl ReturnCode {
            $(
                #[doc = concat!(stringify!($number), ": ", $meaning, ".")]
                pub const $name: Self = match Self::from_u16($number) {
                    Ok(code) => code,
                    // Met by the compiler alone, if a row of the table is wrong.
                    Err(_) => panic!("a row of the table is no return code"),
                };
            )+
        }

        pub(super) static CODES: &[CodeInfo] = &[
            $(CodeInfo {
                code: ReturnCode::$name,
                text: $text,
                verdict: $verdict,
                epp: $epp,
                meaning: $meaning,
            },)+
        ];
    };
}

codes! {
    200 COMPLETED
        Text::Both("Command completed successfully"),
        DONE, 1000,
        "done; the part after `;` or a `pending` property may say that it is only accepted";
    210 DOMAIN_AVAILABLE
        Text::Both("Domain name available"),
        YES, 1000,
        "a CHECK was answered: the name is free";
    211 DOMAIN_NOT_AVAILABLE
        Text::Both("Domain name not available"),
        NO, 1000,
        "a CHECK was answered: the name is taken; a success code that means no";
    212 NAME_SERVER_AVAILABLE
        Text::Both("Name server available"),
        YES, 1000,
        "a CHECK was answered: the name server is not registered";
    213 NAME_SERVER_NOT_AVAILABLE
        Text::Both("Name server not available"),
        NO, 1000,
        "a CHECK was answered: the name server is registered, its addresses may follow; a success code that means no";
    214 CONTACT_AVAILABLE
        Text::Cnr("Contact available"),
        YES, 1000,
        "CheckContact was answered: the handle is free";
    215 CONTACT_NOT_AVAILABLE
        Text::Cnr("Contact not available"),
        NO, 1000,
        "CheckContact was answered: the handle is taken; a success code that means no";
    218 REQUEST_AVAILABLE
        Text::Cnr("Request is available"),
        YES, 1000,
        "a check was answered: the transfer or trade can be requested";
    219 REQUEST_NOT_AVAILABLE
        Text::Cnr("Request is not available"),
        NO, 1000,
        "a check was answered: it cannot be requested, the reasons follow after `;`; a success code that means no";
    220 COMPLETED_CLOSING
        Text::Both("Command completed successfully. Server closing connection"),
        DONE.closing(), 1500,
        "done, and the server closes the connection; to a CHECK it is a failure, for the question was not answered";
    420 SERVER_ERROR_CLOSING
        Text::Both("Command failed due to server error. Server closing connection"),
        FAILED_NOW.closing().with_advice(Advice::Reconnect { after: SECOND }), 2500,
        "a transient error ended the session; RFC 2832 promises that nothing was changed, CNR does not";
    421 SERVER_ERROR_TRY_AGAIN
        Text::Both("Command failed due to server error. Client should try again"),
        FAILED_NOW.with_advice(Advice::Resubmit { after: SECOND }), 2400,
        "a transient error; RFC 2832 promises that nothing was changed, CNR does not";
    422 ABUSE_LOCK
        Text::Cnr("Abuse detected! The account has been temporarily locked! Please standby some minutes."),
        FAILED_NOW.with_executed(Executed::No, Word::Inference).with_advice(Advice::HoldAccount { after: LOCK_WAIT }), 2400,
        "the whole account is locked for minutes; sending more prolongs it";
    423 SOCKET_ERROR
        Text::Cnr("error (socket error)"),
        Verdict::new(Class::Temporary), 2400,
        "the gateway lost its backend; the command may have reached the registry";
    500 INVALID_COMMAND_NAME
        Text::Both("Invalid command name"),
        FIX, 2000,
        "no such command, or it is not offered for this kind of object";
    501 INVALID_COMMAND_OPTION
        Text::Both("Invalid command option"),
        FIX, 2102,
        "an option that the command does not have";
    502 INVALID_ENTITY_VALUE
        Text::Both("Invalid entity value"),
        FIX, 2005,
        "the value of `EntityName` is not known";
    503 INVALID_ATTRIBUTE_NAME
        Text::Both("Invalid attribute name"),
        FIX, 2001,
        "an attribute that the command does not have";
    504 MISSING_ATTRIBUTE
        Text::Both("Missing required attribute"),
        FIX, 2003,
        "an attribute is missing; at CNR also the fee of a premium domain that must be confirmed";
    505 INVALID_ATTRIBUTE_SYNTAX
        Text::Both("Invalid attribute value syntax"),
        FIX, 2005,
        "the value is not of the right form";
    506 INVALID_OPTION_VALUE
        Text::Both("Invalid option value"),
        FIX, 2004,
        "the value of an option is out of bounds";
    507 INVALID_COMMAND_FORMAT
        Text::Both("Invalid command format"),
        FIX, 2001,
        "the request is not a well-formed command";
    508 MISSING_ENTITY
        Text::Both("Missing required entity"),
        FIX, 2003,
        "the entity, a domain or a name server, is missing";
    509 MISSING_OPTION
        Text::Both("Missing command option"),
        FIX, 2003,
        "an option is missing that the command needs";
    510 INVALID_ENCODING
        Text::Rfc("Invalid encoding"),
        FIX, 2306,
        "the ASCII form of an internationalised name is not valid (RFC 3632)";
    520 CLOSING_CONNECTION
        Text::Differ { cnr: "Server closing connection. Client should try opening new connection", rfc: "Server closing connection. Client should try opening new connection; <why>" },
        UNKNOWN_CLOSING, 2500,
        "a timeout ended the session, the reason stands after `;`; read before a command was written, nothing happened; read after, nobody knows";
    521 TOO_MANY_SESSIONS
        Text::Both("Too many sessions open. Server closing connection"),
        REFUSED.closing().with_executed(Executed::No, Word::Inference).with_advice(Advice::FewerSessions { after: SESSIONS_WAIT }), 2502,
        "the limit of sessions is reached; the limit belongs to the account";
    530 AUTHENTICATION_FAILED
        Text::Both("Authentication failed"),
        REFUSED.with_executed(Executed::Unknown, Word::Practice).with_advice(Advice::ProbeLogin), 2200,
        "to a login: refused, try no more; to a command: refused, or the login was lost";
    531 AUTHORIZATION_FAILED
        Text::Both("Authorization failed"),
        REFUSED.with_advice(Advice::AskPermission), 2201,
        "the object belongs to another registrar, or the account may not do this";
    532 NAME_SERVER_LINKED
        Text::Both("Domain names linked with name server"),
        CHANGE, 2305,
        "domains use the name server; it cannot be deleted";
    533 DOMAIN_HAS_NAME_SERVERS
        Text::Both("Domain name has active name servers"),
        CHANGE, 2305,
        "name servers below the domain host other domains; it cannot be deleted";
    534 NOT_FLAGGED_FOR_TRANSFER
        Text::Both("Domain name has not been flagged for transfer"),
        LOOK, 2301,
        "no transfer is pending: never was, or it was already answered";
    535 RESTRICTED_IP_ADDRESS
        Text::Both("Restricted IP address"),
        FIX, 2306,
        "the address of the name server lies in a reserved range (RFC 2832 §11); it is not about the address of the client";
    536 ALREADY_FLAGGED_FOR_TRANSFER
        Text::Both("Domain already flagged for transfer"),
        LOOK, 2300,
        "a transfer is already pending: perhaps the one just asked for";
    540 NOT_UNIQUE
        Text::Both("Attribute value is not unique"),
        LOOK, 2302,
        "it exists already, with whomever; or the value is already set";
    541 INVALID_ATTRIBUTE_VALUE
        Text::Both("Invalid attribute value"),
        FIX, 2306,
        "the form is right, the value is not";
    542 INVALID_OLD_VALUE
        Text::Both("Invalid old value for an attribute"),
        LOOK, 2306,
        "the value to be changed or removed is not there";
    543 FINAL_ATTRIBUTE
        Text::Both("Final or implicit attribute cannot be updated"),
        FIX, 2306,
        "only the registry may change this attribute";
    544 ENTITY_ON_HOLD
        Text::Both("Entity on hold"),
        CHANGE, 2304,
        "the object is on hold";
    545 NOT_FOUND
        Text::Both("Entity reference not found"),
        LOOK, 2303,
        "the object does not exist; after an uncertain creation evidence, not proof, that it did not take effect";
    546 CREDIT_LIMIT_EXCEEDED
        Text::Both("Credit limit exceeded"),
        REFUSED.with_advice(Advice::TopUp), 2104,
        "the account lacks credit; every billable command is concerned";
    547 INVALID_COMMAND_SEQUENCE
        Text::Both("Invalid command sequence"),
        REFUSED.with_executed(Executed::Unknown, Word::Practice).with_advice(Advice::ProbeLogin), 2002,
        "a command out of place: before login, or the connection is out of step";
    548 NOT_UP_FOR_RENEWAL
        Text::Both("Domain is not up for renewal"),
        CHANGE, 2105,
        "the domain cannot be renewed now";
    549 COMMAND_FAILED
        Text::Both("Command failed"),
        REFUSED.with_executed(Executed::Unknown, Word::Practice), 2400,
        "failed for an unclear cause; proxies also say it when they got no answer at all";
    550 PARENT_NOT_REGISTERED
        Text::Both("Parent domain not registered"),
        FIX, 2303,
        "the parent domain of the name server is not registered";
    551 PARENT_STATUS_PROHIBITS
        Text::Both("Parent domain status does not allow for operation"),
        CHANGE, 2304,
        "the parent domain is locked or on hold";
    552 DOMAIN_STATUS_PROHIBITS
        Text::Both("Domain status does not allow for operation"),
        CHANGE, 2304,
        "the domain is locked or on hold";
    553 PENDING_TRANSFER
        Text::Both("Operation not allowed. Domain pending transfer"),
        REFUSED.with_advice(Advice::WaitForOther), 2300,
        "a transfer of the domain is pending: hours to days";
    554 DOMAIN_ALREADY_REGISTERED
        Text::Both("Domain already registered"),
        LOOK, 2302,
        "registered already, by this registrar: perhaps by an earlier attempt";
    555 DOMAIN_ALREADY_RENEWED
        Text::Both("Domain already renewed"),
        LOOK, 2105,
        "renewed already with the same parameters: perhaps by an earlier attempt";
    556 MAXIMUM_PERIOD_EXCEEDED
        Text::Both("Maximum registration period exceeded"),
        FIX, 2306,
        "the period would go beyond the registry's maximum";
    557 STATUS_PROHIBITS
        Text::Differ { cnr: "Object status prohibits operation", rfc: "Name server locked" },
        CHANGE, 2304,
        "the status of the object forbids it; in RFC 3632 it is said of name servers of the root zone alone";
    560 RESOURCE_DISABLED
        Text::Cnr("Resource is disabled"),
        CHANGE.with_executed(Executed::No, Word::Inference), 2304,
        "the mail or hosting resource is disabled";
    561 RESOURCE_IN_USE
        Text::Cnr("Resource still in use"),
        CHANGE.with_executed(Executed::No, Word::Inference), 2305,
        "something still uses the resource";
    562 EMAIL_USES_FORWARDING
        Text::Cnr("Email address already uses forwarding"),
        LOOK.with_executed(Executed::No, Word::Inference), 2302,
        "the address already has a forwarding";
    563 EMAIL_USES_MAILSPACE
        Text::Cnr("Email address already uses mailspace"),
        LOOK.with_executed(Executed::No, Word::Inference), 2302,
        "the address already has a mail space";
    564 EMAIL_DOMAIN_LINKED
        Text::Cnr("Email domain already linked to a different mailspace"),
        CHANGE.with_executed(Executed::No, Word::Inference), 2305,
        "the mail domain belongs to another mail space";
}
