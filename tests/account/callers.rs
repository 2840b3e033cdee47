//! A thousand callers, in lanes: users with several connections each. Some have a night's renewals, some sit in front of
//! a screen.

use std::time::Duration;

use rrp::Command;
use rrp::command::{PtfCommand, Safety};
use rrp::dispatch::{Lane, Options};
use rrp::sim::Registry;

use crate::pair::Dice;

/// So many users, with so many connections each.
const USERS: usize = 50;
const CONNECTIONS: usize = 20;
const CALLERS: usize = USERS * CONNECTIONS;

/// Whoever renews everything at night.
const NIGHT: usize = 8;

/// Domains that are there at the beginning.
pub(crate) const DOMAINS: usize = 700;

pub(crate) fn domain_name(number: usize) -> String {
    format!("d{number}.example.com")
}

/// What somebody wants.
pub(crate) struct Wanted {
    pub(crate) command: Command,
    pub(crate) writes: bool,
    pub(crate) safety: Safety,
    pub(crate) options: Options,
}

/// The lane of a caller: four of ten are interactive, four normal, two have much to do.
const fn lane_of(caller: usize) -> Lane {
    match caller % 10 {
        0..4 => Lane::Interactive,
        4..8 => Lane::Normal,
        _ => Lane::Bulk,
    }
}

fn options_of(caller: usize) -> Options {
    let options = Options::new().lane(lane_of(caller));
    options
        .user(&format!("user{}", caller / CONNECTIONS))
        .caller(&format!("connection{}", caller % CONNECTIONS))
}

/// Some caller of this lane. Half of what is much is one caller's.
fn somebody(lane: Lane, dice: &mut Dice) -> usize {
    if lane == Lane::Bulk && dice.percent(50) {
        return NIGHT;
    }
    loop {
        let caller = dice.below(CALLERS);
        if lane_of(caller) == lane {
            return caller;
        }
    }
}

fn ptf(name: &str, domain: &str, mark: usize) -> PtfCommand {
    let command = PtfCommand::new(name).unwrap().param("domain", domain).unwrap();
    command.param("cltrid", &mark.to_string()).unwrap()
}

/// What somebody of this lane wants now.
pub(crate) fn wants(lane: Lane, mark: usize, registry: &Registry, dice: &mut Dice) -> Wanted {
    let caller = somebody(lane, dice);
    let name = domain_name(dice.below(DOMAINS));
    let ptf = |verb: &str| ptf(verb, &name, mark);
    let with = |verb: &str, key: &str, value: &str| ptf(verb).param(key, value).unwrap();
    let year = registry.domain(&name).map_or(2027, |domain| domain.expires().year()).to_string();
    let renew = || with("RenewDomain", "period", "1");
    let (writes, command) = match (lane, dice.below(10)) {
        (Lane::Bulk, 0) => (false, ptf("CheckDomain")),
        (Lane::Bulk, _) => (true, renew().param("expiration", &year).unwrap()),
        (_, 0..4) => (false, ptf("CheckDomain")),
        (_, 4 | 5) => (false, ptf("StatusDomain")),
        (Lane::Interactive, 6 | 7) => {
            let name = format!("n{mark}.example.com");
            (true, self::ptf("AddDomain", &name, mark).param("period", "1").unwrap())
        }
        (_, 6) => (true, renew()),
        (_, 7) => {
            (true, with("SetDomainRenewalMode", "renewalmode", dice.one_of(&["AUTODELETE", "AUTORENEW"])))
        }
        _ => (true, with("ModifyDomain", "addnameserver0", &format!("ns{}.example.net", dice.below(9)))),
    };
    let safety = dice.one_of(&[Safety::ReadBack, Safety::ReadBack, Safety::TrustReply, Safety::Once]);
    Wanted { command: command.into(), writes, safety, options: options_of(caller) }
}

/// How long until somebody of this lane asks again: on the average so many seconds.
pub(crate) fn pause(seconds: u64, dice: &mut Dice) -> Duration {
    Duration::from_millis(dice.next() % (2 * 1_000 * seconds))
}
