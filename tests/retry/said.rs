//! What a reply says, by the rows of the rule's table: read out of the number, not out of the verdict.

use bytes::BytesMut;
use rrp::reply::ReplyBuilder;
use rrp::verb::Entity;
use rrp::verdict::Verdict;
use rrp::wire::deframe::{Deframer, Grammar, Limits};
use rrp::{Context, Reply, ReturnCode, Verb};

/// The rows that a reply may belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Said {
    /// A 2xx of a kind that the command can get.
    Done,
    /// A 2xx of no list.
    Unlisted2xx,
    /// A 2xx of a kind that it cannot get.
    Misfit,
    /// 420, 421, 422, and 220 to a CHECK: the seconds to wait, and whether the connection is gone.
    NotNow { after: u64, closed: bool },
    /// 423, 520, 521.
    Perhaps { after: u64 },
    /// A 4xx of no list.
    Unlisted4xx,
    /// 530 and 547 with exactly the table's text.
    LoginLost,
    /// 549.
    Failed,
    /// Any other 5xx.
    Refused,
    /// 1xx, 3xx, 6xx to 9xx.
    Unlisted,
}

/// Where an answer may come.
pub(crate) fn contexts() -> Vec<Context> {
    let others = [
        Context::Login,
        Context::PasswordChange,
        Context::Check(Entity::Domain),
        Context::Check(Entity::NameServer),
        Context::PtfCheck,
        Context::Ptf,
        Context::Unsolicited,
    ];
    Verb::ALL.into_iter().map(Context::Rrp).chain(others).collect()
}

/// How a reply looks beside its code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Exactly the listed text.
    pub(crate) listed_text: bool,
    pub(crate) grammar: Grammar,
    pub(crate) has_lines: bool,
}

impl Look {
    /// Of nothing but a code.
    pub(crate) const BARE: Self = Self { listed_text: true, grammar: Grammar::Rrp, has_lines: false };

    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for listed_text in [true, false] {
            for grammar in [Grammar::Rrp, Grammar::Ptf] {
                all.extend([true, false].map(|has_lines| Self { listed_text, grammar, has_lines }));
            }
        }
        all
    }

    /// A reply that looks so.
    pub(crate) fn reply(self, code: ReturnCode) -> Reply {
        let listed = code.info().map_or("Something else", |info| info.text());
        let text = if self.listed_text { listed.to_owned() } else { format!("{listed}; for a reason") };
        let mut reply = ReplyBuilder::new(code, &text).unwrap();
        if self.has_lines {
            reply = match self.grammar {
                Grammar::Ptf => reply.property("status", 0, "ACTIVE").unwrap(),
                _ => reply.attribute("status", "ACTIVE").unwrap(),
            };
        }
        let mut bytes = BytesMut::new();
        reply.encode(self.grammar, &mut bytes);
        let frame = Deframer::new(Limits::REPLY).deframe(&mut bytes).unwrap().unwrap();
        Reply::parse(&frame).unwrap()
    }
}

/// What this number says there.
pub(crate) fn said(code: u16, context: Context, look: Look) -> Said {
    let check = matches!(context, Context::Rrp(Verb::Check) | Context::Check(_) | Context::PtfCheck);
    let login = matches!(context, Context::Login | Context::Rrp(Verb::Session));
    let password = context == Context::PasswordChange;
    match code {
        // What nobody asked for: the server leaves, or the connection is out of step.
        420 if context == Context::Unsolicited => Said::NotNow { after: 0, closed: true },
        520 if context == Context::Unsolicited => Said::Perhaps { after: 0 },
        521 if context == Context::Unsolicited => Said::Perhaps { after: 30 },
        _ if context == Context::Unsolicited => Said::Misfit,

        220 if check => Said::NotNow { after: 0, closed: true },
        200..=299 => success(code, context, check, look),

        // A login has an effect of its own only if it changes the password.
        423 if login => Said::NotNow { after: 5, closed: true },
        520 if login => Said::Perhaps { after: 0 },
        521 if login || password => Said::Perhaps { after: 30 },
        530 if login || password => Said::Refused,
        547 | 549 if login => Said::Refused,
        547 | 549 if password => Said::LoginLost,
        420 | 421 if password => Said::Perhaps { after: 1 },

        420 => Said::NotNow { after: 1, closed: true },
        421 => Said::NotNow { after: 1, closed: false },
        422 => Said::NotNow { after: 300, closed: false },
        423 | 520 | 521 => Said::Perhaps { after: 1 },
        400..=499 if login => Said::NotNow { after: 5, closed: true },
        400..=499 => Said::Unlisted4xx,
        530 | 547 if look.listed_text => Said::LoginLost,
        549 => Said::Failed,
        500..=599 => Said::Refused,
        _ => Said::Unlisted,
    }
}

fn success(code: u16, context: Context, check: bool, look: Look) -> Said {
    let other_grammar = match context {
        Context::Rrp(_) | Context::Check(_) => look.grammar == Grammar::Ptf,
        Context::Ptf | Context::PtfCheck => look.grammar == Grammar::Rrp && look.has_lines,
        _ => false,
    };
    if other_grammar {
        return Said::Misfit;
    }
    let can_get = match context {
        Context::Check(Entity::Domain) => &[210, 211][..],
        Context::Check(_) => &[212, 213],
        Context::Rrp(Verb::Check) => &[210, 211, 212, 213],
        Context::PtfCheck => &[200, 210, 211, 212, 213, 214, 215, 218, 219],
        Context::Rrp(Verb::Quit) => &[220],
        _ => &[200, 220],
    };
    match code {
        _ if can_get.contains(&code) => Said::Done,
        200 | 210..=215 | 218..=220 => Said::Misfit,
        // Of no list, but 210 to 219 answer questions.
        216 | 217 if !check => Said::Misfit,
        _ => Said::Unlisted2xx,
    }
}

/// Every way of saying something, once: what is said, and the verdict on it.
pub(crate) fn everything() -> Vec<(Said, Verdict)> {
    let mut all: Vec<(Said, Verdict)> = Vec::new();
    let mut add = |said, verdict| {
        if !all.contains(&(said, verdict)) {
            all.push((said, verdict));
        }
    };
    for number in 100..=999 {
        let code = ReturnCode::from_u16(number).unwrap();
        for context in contexts() {
            add(said(number, context, Look::BARE), code.verdict(context));
        }
        for look in Look::all() {
            let reply = look.reply(code);
            for context in contexts() {
                add(said(number, context, look), reply.verdict(context));
            }
        }
    }
    all
}
