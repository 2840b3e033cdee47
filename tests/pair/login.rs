//! Logins: refused, and with a change of the password of which the reply is lost anywhere.

use rrp::command::Session as Login;
use rrp::session::{Config, Event};

use crate::pair::{Break, Link, Pair};
use crate::support::session::{NEW_PASSWORD, PASSWORD, changing, login};

const BREAKS: [Break; 2] = [Break::Fin, Break::Reset];

/// A second refusal would count against the account; a second attempt is its owner's to decide.
#[test]
fn a_wrong_password_is_tried_once() {
    let wrong = Config::new(Login::login("registrar", "wr0ng-one").unwrap());
    let mut pair = Pair::new(Pair::registry(), wrong, Link::GOOD);
    assert!(!pair.log_in());
    assert!(pair.end().unwrap().refuses_credentials());
    pair.pass(std::time::Duration::from_secs(3_600));
    let entries: Vec<(&str, u16)> =
        pair.registry.ledger().entries().iter().map(|entry| (entry.command(), entry.code())).collect();
    assert_eq!(entries, [("session", 530)]);
    assert_eq!(pair.registry.connections().len(), 0, "it has closed");
    assert_eq!(pair.sent, b"session\r\n-Id:registrar\r\n-Password:wr0ng-one\r\n.\r\n");
}

/// Which of the two passwords lets somebody in.
fn holds(pair: Pair) -> [bool; 2] {
    let logs_in = |pair: Pair, password: &str| {
        let login = Login::login("registrar", password.to_owned()).unwrap();
        let mut pair = pair.reconnect(Config::new(login), Link::GOOD);
        (pair.log_in(), pair)
    };
    let (old, pair) = logs_in(pair, PASSWORD);
    let (new, _) = logs_in(pair, NEW_PASSWORD);
    [old, new]
}

/// The connection breaks behind each byte of greeting, login and reply. Whatever the client is told is true, and when
/// it is told that nobody knows, trying both tells.
#[test]
fn a_change_of_the_password_is_made_lost_or_in_doubt() {
    let mut whole = Pair::new(Pair::registry(), Config::new(changing()), Link::GOOD);
    assert!(whole.log_in());
    assert_eq!(whole.words(), ["greeted", "password changed 200"]);
    let (up, down) = (whole.sent.len(), whole.answered.len());
    assert_eq!(holds(whole), [false, true]);

    let mut doubts = [0, 0];
    let mut told = [0, 0];
    for how in BREAKS {
        let ups = (0..=up).map(|at| Link { up: Some((at, how)), ..Link::GOOD });
        let downs = (0..=down).map(|at| Link { down: Some((at, how)), ..Link::GOOD });
        for link in ups.chain(downs) {
            let mut pair = Pair::new(Pair::registry(), Config::new(changing()), link);
            pair.log_in();
            // Behind the reply the connection may break all the same.
            let told_so = |event: &Event| matches!(event, Event::LoggedIn { password_changed: true, .. });
            let changed = pair.events.iter().any(told_so);
            let begun = !pair.sent.is_empty();
            let in_doubt = pair.end().is_some_and(|end| end.password_in_doubt());
            let [old, new] = holds(pair);
            assert!(old != new, "{link:?}: one of the two holds");
            if in_doubt {
                assert!(begun && !changed, "{link:?}");
                doubts[usize::from(new)] += 1;
            } else {
                assert_eq!(new, changed, "{link:?}: in no doubt, and wrong");
                told[usize::from(new)] += 1;
            }
        }
    }
    assert!(doubts.into_iter().chain(told).all(|times| times > 0), "{doubts:?} {told:?}");
}

/// The same without a change: a login that is lost leaves nothing in doubt, and the password holds.
#[test]
fn a_lost_login_leaves_nothing_in_doubt() {
    let mut whole = Pair::new(Pair::registry(), Config::new(login()), Link::GOOD);
    assert!(whole.log_in());
    for how in BREAKS {
        for at in 0..whole.answered.len() {
            let link = Link { down: Some((at, how)), ..Link::GOOD };
            let mut pair = Pair::new(Pair::registry(), Config::new(login()), link);
            assert!(!pair.log_in(), "{link:?}");
            assert!(!pair.end().unwrap().password_in_doubt(), "{link:?}");
            let sessions = pair.registry.ledger().executed("session", "");
            assert!(sessions <= 1, "{link:?}");
            let mut again = pair.reconnect(Config::new(login()), Link::GOOD);
            assert!(again.log_in(), "{link:?}");
        }
    }
}
