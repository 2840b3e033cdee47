//! What an answer asks to be waited, and what it names, is remembered for as long as that matters.

use rrp::command::Safety;
use rrp::dispatch::Options;
use rrp::verdict::Advice;

use crate::looks::{Look, none, order};
use crate::rig::{Rig, config, seconds};
use crate::{LATER, says};

#[test]
fn a_wait_that_makes_a_proof_old_costs_no_try() {
    let mut rig = Rig::with(Look, config().tries(3), []);
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    let hour = LATER.with_advice(Advice::Resubmit { after: seconds(3_600) });
    for _ in 0..2 {
        rig.answer(says(hour, "no_server"));
        for wait in [10, 3_590, 10] {
            rig.does(&["send look"]);
            rig.answer(none());
            rig.due_in(wait);
        }
        rig.does(&["send look"]);
        rig.answer(none());
        rig.due_in(0);
        rig.does(&["send order"]);
    }
    // It was the last of three.
    rig.answer(says(hour, "no_server"));
    rig.does(&["send look"]);
    rig.answer(none());
    rig.due_in(10);
    rig.does(&["send look"]);
    rig.answer(none());
    rig.ends("1 refused no_server for now", &["tell a: refused 1 no_server for now"]);
    rig.is_over();
}
