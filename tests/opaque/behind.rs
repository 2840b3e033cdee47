//! What came before is not over yet: a word that is still to be written.

use rrp::command::Safety;
use rrp::dispatch::Options;

use crate::looks::{here, none, order};
use crate::{CREATE, UNKNOWN, says, write};

#[test]
fn what_fails_late_is_not_written_behind_what_was_tried_again() {
    let mut rig = crate::looks::rig();
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(UNKNOWN, "202").pending(None));
    // The journal takes its time with this, and nothing more in.
    rig.does(&["record 1 open", "send look"]);
    rig.answer(none());
    rig.change(write("create", CREATE, "n2"), Safety::Once, Options::new());
    rig.does(&["record 2 open"]);
    rig.not_taken();
    rig.does(&["record remove 2", "tell b: not sent, journal does not record"]);
    rig.not_taken();
    rig.pass(60);
    rig.does(&["record remove 2", "send look"]);
    rig.not_taken();
    rig.answer(here());
    rig.does(&["tell a: accepted 1 by read-back, unrecorded"]);
    // It is tried again, and what was first fails only now.
    rig.pass(1);
    rig.does(&["record remove 2, 1 accepted by read-back"]);
    rig.not_recorded();
    rig.recorded();
    rig.is_over();
}
