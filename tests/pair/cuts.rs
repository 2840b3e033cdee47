//! The connection breaks behind every single byte, in each direction, in each way.

use rrp::session::{Config, Fate};

use crate::commands::Ask;
use crate::pair::{Break, Link, Pair};
use crate::support::session::login;

const NAME: &str = "a.example.com";

fn fresh(ask: Ask, link: Link) -> Pair {
    let mut pair = Pair::new(Pair::registry(), Config::new(login()), link);
    ask.prepare(&mut pair.registry, NAME, 1);
    pair
}

/// One command on a connection that breaks; `None`: it did not come to the command. What is checked holds whatever
/// the cut.
fn one(ask: Ask, link: Link) -> Option<(Fate, usize)> {
    let mut pair = fresh(ask, link);
    let logged_in = pair.log_in();
    if !logged_in {
        assert_eq!(ask.executed(&pair.registry, NAME), 0, "{ask:?} {link:?}: nobody has sent it");
        assert!(pair.sent.len() <= "session\r\n-Id:registrar\r\n-Password:\r\n.\r\n".len() + 7, "{link:?}");
        return None;
    }
    let before = pair.sent.len();
    // A connection that has broken behind the login is not ready.
    let fate = pair.send(ask.command(NAME))?;
    ask.judge(&pair.registry, NAME, &fate, &format!("{link:?}"));
    match &fate {
        Fate::Unsent(_) => assert_eq!(pair.sent.len(), before, "{ask:?} {link:?}"),
        Fate::Unanswered => assert!(pair.session.has_ended(), "{ask:?} {link:?}"),
        Fate::Answered(_) => {}
    }
    let executed = ask.executed(&pair.registry, NAME);
    // Whatever comes later, no more is done.
    pair.pass(std::time::Duration::from_secs(86_400));
    assert_eq!(ask.executed(&pair.registry, NAME), executed, "{ask:?} {link:?}");
    Some((fate, executed))
}

#[test]
fn a_cut_behind_any_byte_leaves_fate_and_ledger_agreed() {
    for ask in Ask::ALL {
        let mut whole = fresh(ask, Link::GOOD);
        assert!(whole.log_in());
        let (begin_up, begin_down) = (whole.sent.len(), whole.answered.len());
        assert!(matches!(whole.send(ask.command(NAME)), Some(Fate::Answered(_))));
        let (end_up, end_down) = (whole.sent.len(), whole.answered.len());
        for how in [Break::Fin, Break::Reset] {
            // What the client knows, as [unsent, answered, lost and not executed, lost and executed].
            let mut counts = [0; 4];
            let mut count = |fate: Option<(Fate, usize)>| match fate {
                None => {}
                Some((Fate::Unsent(_), _)) => counts[0] += 1,
                Some((Fate::Answered(_), _)) => counts[1] += 1,
                Some((Fate::Unanswered, executed)) => counts[2 + executed] += 1,
            };
            for at in 0..=end_up {
                count(one(ask, Link { up: Some((at, how)), ..Link::GOOD }));
            }
            for at in 0..=end_down {
                count(one(ask, Link { down: Some((at, how)), ..Link::GOOD }));
            }
            // A block is whole with its `EOF`, before the dot.
            let dot = if ask.name().starts_with(char::is_uppercase) { ".\r\n".len() } else { 0 };
            let (command, reply) = (end_up - begin_up, end_down - begin_down);
            // What does not arrive whole is not executed, and everything else is. A reset behind the whole command
            // destroys the reply too; FIN leaves it its way.
            let expected = match how {
                Break::Fin => [0, 2 * (1 + dot), command - 1 - dot, reply - 1 - dot],
                Break::Reset => [0, 1 + dot, command - 1 - dot, reply],
            };
            assert_eq!(counts, expected, "{ask:?} {how:?}");
        }
    }
}
