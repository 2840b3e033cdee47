//! Another operation is in progress, says the API: what is found then may be that one's work.

use rrp::command::Safety;
use rrp::dispatch::Options;

use crate::looks::{Look, here, modify, order, rig, status};
use crate::rig::{Rig, config};
use crate::{BUSY, DONE, says};

#[test]
fn what_another_operation_may_have_done_is_not_taken_for_ours() {
    // Compared with what was there before, "another operation is in progress" leaves open whose work it is.
    let mut rig = rig();
    rig.change(modify(), Safety::ReadBack, Options::new());
    rig.does(&["send look"]);
    rig.answer(status("inactive"));
    rig.goes_out("modify", 1);
    rig.answer(says(BUSY, "busy"));
    rig.does(&["record 1 open", "send look"]);
    rig.recorded();
    let answered = rig.entries();
    rig.answer(status("active"));
    let why = "what was read proves nothing: another operation was in progress, and may have done it";
    rig.ends("1 in-doubt", &[&format!("tell a: in doubt 1, {why}")]);
    // Nor is it taken for ours by whoever asks later, or comes after us.
    for mut rig in [Rig::with(Look, config(), answered), Rig::with(Look, config(), rig.entries()), rig] {
        rig.settle(1);
        rig.does(&["send look"]);
        rig.answer(status("active"));
        let tells = rig.drain().join("; ");
        assert!(tells.contains("1 in-doubt"), "{tells}");
        rig.recorded();
        let tells = rig.drain().join("; ");
        assert!(tells.contains("still in doubt 1, what was read proves nothing"), "{tells}");
    }
}

#[test]
fn what_another_operation_has_not_done_is_sent_again() {
    for lost in [false, true] {
        let mut rig = rig();
        rig.change(modify(), Safety::ReadBack, Options::new());
        rig.does(&["send look"]);
        rig.answer(status("inactive"));
        rig.goes_out("modify", 1);
        rig.answer(says(BUSY, "busy"));
        rig.does(&["record 1 open", "send look"]);
        rig.recorded();
        rig.answer(status("inactive"));
        rig.due_in(10);
        rig.does(&["send look"]);
        rig.answer(status("inactive"));
        rig.due_in(0);
        rig.does(&["send modify"]);
        if lost {
            // The other one may have come to its end meanwhile.
            rig.lost();
            rig.does(&["send look"]);
            rig.answer(status("active"));
            let why = "what was read proves nothing: another operation was in progress, and may have done it";
            rig.ends("1 in-doubt", &[&format!("tell a: in doubt 1, {why}")]);
        } else {
            rig.answer(says(DONE, "ok"));
            rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
        }
    }
}

#[test]
fn what_is_known_for_ours_by_itself_is_ours() {
    // By its reference, which nobody else has.
    let mut rig = rig();
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    rig.answer(says(BUSY, "busy"));
    rig.does(&["record 1 open", "send look"]);
    rig.recorded();
    rig.answer(here());
    rig.ends("1 accepted by read-back", &["tell a: accepted 1 by read-back"]);
    rig.is_over();
}

#[test]
fn what_was_recorded_in_between_is_not_written_behind_the_end() {
    let mut rig = rig();
    rig.change(modify(), Safety::Once, Options::new());
    rig.does(&["send look"]);
    rig.answer(status("inactive"));
    rig.goes_out("modify", 1);
    rig.answer(says(BUSY, "busy"));
    rig.does(&["record 1 open", "record 1 refused busy for now"]);
    // The journal fails once, and writes what comes behind that.
    rig.not_recorded();
    rig.recorded();
    rig.does(&["tell a: refused 1 busy for now"]);
    rig.is_over();
}
