//! What the answers of another API say beside what becomes of a write.

use std::sync::Arc;

use super::super::config::Moment;
use super::super::entry::{ANOTHER_NAMED, ANSWERED_PENDING, Entry, Put};
use super::super::job::{Job, Work};
use super::super::slots::{JobId, Slots};
use super::super::upstream::Upstream;
use super::Dispatch;
use crate::retry::{Case, Decision, decide};
use crate::settle::{Form, Proof};

impl<S: Slots, U: Upstream> Dispatch<S, U> {
    /// What an answer of another API says beside what becomes of this write; for those that come after us, too.
    pub(super) fn learn_from_answer(&mut self, id: JobId, case: Case, at: Moment) {
        let Some(Job { work: Work::Change(write), .. }) = self.jobs.get_mut(&id) else { return };
        let (Some(last), Some(entry)) = (&write.last, &mut write.entry) else { return };
        let sent = &entry.intent.sent;
        if sent.form() != Form::Opaque {
            return;
        }
        // It is done later, though the rest of the answer leaves open what becomes of it: what is not found then may still come.
        let pending = !last.verdict.completed()
            && !entry.has_note(ANSWERED_PENDING)
            && U::summary(&last.reply, &last.text, Proof::Reply).is_pending();
        if pending {
            self.queued.learn(sent);
        }
        // Another operation may change what was read before: where that was needed, it proves nothing any more.
        let spoilt = case.names_another() && !entry.intent.before.is_empty();
        let named = case.names_another() && !entry.has_note(ANOTHER_NAMED);
        if named {
            self.named.remember(sent.objects());
            entry.note(at.wall, ANOTHER_NAMED);
        }
        if pending {
            entry.note(at.wall, ANSWERED_PENDING);
        }
        if spoilt {
            Arc::make_mut(&mut entry.intent).before = Vec::new();
        }
        // Those that come after us need it also if we crash before the end, which is recorded with it.
        let goes_on = !matches!(decide(case), Decision::RefuseForNow);
        if pending || spoilt || named && goes_on {
            entry.changed_at = at.wall;
            let entry = Entry::clone(entry);
            self.record_quietly(Put::Entry(entry));
        }
    }
}
