//! Whether a command is sent again: the rule, and how long to wait.
//!
//! [`decide`] is a pure function of a [`Case`]: what the command does, what its caller allows, what became of the attempt.
//! It takes a [`Verdict`](crate::verdict::Verdict) and never a code, so that answers of other APIs pass through it too.
//! [`Backoff`] and [`Budget`] say when, and how often.
//!
//! | what happened to the attempt | read | write |
//! |---|---|---|
//! | unsent | again on another session, uncounted | the same |
//! | a success of a kind that the command can get | done | done |
//! | a success of a kind that it cannot get | again on another session | in doubt |
//! | "failed, try again": 420, 421, 422 | again after the wait | by nature and [`Safety`](crate::command::Safety) |
//! | 423; 520, 521 after the write; unanswered | again on another session | in doubt |
//! | 530, 547 that may be a lost login | probe; holds: refused; lost: again | probe; holds: refused; lost: in doubt |
//! | 549 | refused | refused; a billable write is read back |
//! | another 5xx | refused | refused |
//! | a code of no list | 2xx an answer, 4xx again, 5xx refused, else no answer | 5xx refused, else in doubt |
//! | any refusal of a *re-sent* write | – | evidence, not an answer: read back |
//!
//! The numbers are RRP's. Of another API the same is decided by what its [`Verdict`](crate::verdict::Verdict) says: a *success*
//! is one that is completed, *"failed, try again"* a temporary one that did nothing or says when to come again, *423* a
//! temporary one of which nobody knows whether it was executed (an HTTP 5xx), *another 5xx* a permanent one, *549* a permanent one
//! of which nobody knows that either.
//!
//! A whole answer that another operation is in progress, and that this one did nothing, is one that RRP's codes do not give;
//! other APIs do. It is treated as "failed, try again", but where no read can tell it is refused for now and not in
//! doubt, for nothing can be hidden behind it.
//!
//! *In doubt* is read back if some read can tell, and stays in doubt if none can; what is
//! [repeatable](crate::command::Safety::Repeatable) is sent again instead while tries last. "Failed, try again" is a refusal under
//! [once](crate::command::Safety::Once), is believed under [trust the reply](crate::command::Safety::TrustReply) and
//! repeatable, and under [read back](crate::command::Safety::ReadBack) only for creations that the registry refuses to repeat: all
//! other writes are read back first. With no try left, a billable or re-sent write is read back before it is refused.
//!
//! ```
//! use core::time::Duration;
//! use rrp::ReturnCode;
//! use rrp::command::{Add, Period, Renew, Safety, ToCommand, Year};
//! use rrp::retry::{Attempt, Case, Decision, NotApplied, ReadBack, Resend, Trust, decide};
//!
//! let add = Add::domain(&"example.com".parse()?).to_command();
//! let failed = ReturnCode::SERVER_ERROR_TRY_AGAIN.verdict(add.context());
//!
//! // "Failed, try again" to an ADD: the registry refuses a second one, so it is sent again.
//! let case = Case::new(*add.nature(), Safety::ReadBack, Attempt::Answered(failed)).readable(true);
//! let resend = Resend { after: Duration::from_secs(1), another_session: false, counted: true };
//! assert_eq!(decide(case), Decision::Resend(resend));
//!
//! // To a RENEW: it costs, and is looked at first.
//! let renew = Renew::domain(&"example.com".parse()?, Period::years(1)?, Year::new(2027)?).to_command();
//! let case = Case::new(*renew.nature(), Safety::ReadBack, Attempt::Answered(failed)).readable(true);
//! let look = ReadBack { negatives: Trust::AtOnce, not_applied: NotApplied::Again };
//! assert_eq!(decide(case), Decision::ReadBack(look));
//!
//! // "Already registered", to an ADD that had been sent before: perhaps by that one.
//! let taken = ReturnCode::DOMAIN_ALREADY_REGISTERED.verdict(add.context());
//! let case = Case::new(*add.nature(), Safety::ReadBack, Attempt::Answered(taken)).readable(true).resent(true);
//! let look = ReadBack { negatives: Trust::Later, not_applied: NotApplied::Refused };
//! assert_eq!(decide(case), Decision::ReadBack(look));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod backoff;
mod budget;
mod random;
mod rule;

pub use backoff::Backoff;
pub use budget::Budget;
pub use random::Random;
pub use rule::{Attempt, Case, Decision, Login, NotApplied, ReadBack, Resend, Trust, decide};
