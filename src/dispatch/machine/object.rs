//! One write at a time to an object, and none while one is in doubt.

use std::collections::{BTreeMap, BTreeSet};

use super::super::entry::Ticket;
use super::super::slots::JobId;
use crate::command::Object;

#[derive(Debug, Default)]
struct Guard {
    running: Option<JobId>,
    /// Of most objects there is none.
    others: Option<Box<Others>>,
}

/// What else there is of an object.
#[derive(Debug, Default)]
struct Others {
    /// Those that wait, in the order in which they came: that of their numbers.
    line: BTreeSet<JobId>,
    doubts: Vec<Ticket>,
}

impl Guard {
    fn line(&self) -> impl Iterator<Item = JobId> {
        self.others.iter().flat_map(|others| others.line.iter().copied())
    }

    fn doubts(&self) -> &[Ticket] {
        self.others.as_ref().map(|others| &*others.doubts).unwrap_or_default()
    }

    fn leave_line(&mut self, job: JobId) {
        if let Some(others) = &mut self.others {
            others.line.remove(&job);
            self.tidy();
        }
    }

    fn tidy(&mut self) {
        self.others.take_if(|others| others.line.is_empty() && others.doubts.is_empty());
    }
}

/// Who writes to which object.
#[derive(Debug, Default)]
pub(super) struct Objects(BTreeMap<Object, Guard>);

impl Objects {
    /// The oldest doubt about one of these.
    pub(super) fn in_doubt(&self, objects: &[Object]) -> Option<Ticket> {
        let guards = objects.iter().filter_map(|object| self.0.get(object));
        guards.flat_map(|guard| guard.doubts().iter().copied()).min()
    }

    /// Whether no write at all is under way or in doubt.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a write to one of these is under way or in doubt.
    pub(super) fn is_busy(&self, objects: &[Object]) -> bool {
        objects.iter().any(|object| self.0.contains_key(object))
    }

    /// Takes these objects, or waits in line for them. Whether they are taken.
    pub(super) fn take(&mut self, job: JobId, objects: &[Object]) -> bool {
        let free = |object: &Object| {
            self.0.get(object).is_none_or(|guard| {
                let first = guard.line().next().is_none_or(|first| first == job);
                guard.running.is_none() && guard.doubts().is_empty() && first
            })
        };
        let taken = objects.iter().all(free);
        for object in objects {
            let guard = self.0.entry(object.clone()).or_default();
            if taken {
                guard.leave_line(job);
                guard.running = Some(job);
            } else {
                guard.others.get_or_insert_default().line.insert(job);
            }
        }
        taken
    }

    /// Leaves the line, or lets go of them. Those that now stand first are given back.
    pub(super) fn leave(&mut self, job: JobId, objects: &[Object]) -> Vec<JobId> {
        let mut next = Vec::new();
        for object in objects {
            let Some(guard) = self.0.get_mut(object) else { continue };
            if guard.running == Some(job) {
                guard.running = None;
            }
            guard.leave_line(job);
            if guard.running.is_none() {
                next.extend(guard.line().next());
            }
            self.tidy(object);
        }
        next.sort_unstable();
        next.dedup();
        next
    }

    /// A write to these is in doubt. Those that wait for them are given back.
    pub(super) fn doubt(&mut self, ticket: Ticket, objects: &[Object]) -> Vec<JobId> {
        let mut waiting = Vec::new();
        for object in objects {
            let guard = self.0.entry(object.clone()).or_default();
            let others = guard.others.get_or_insert_default();
            if !others.doubts.contains(&ticket) {
                others.doubts.push(ticket);
            }
            waiting.extend(others.line.iter().copied());
        }
        waiting.sort_unstable();
        waiting.dedup();
        waiting
    }

    /// It is not in doubt any more.
    pub(super) fn settle(&mut self, ticket: Ticket, objects: &[Object]) {
        for object in objects {
            if let Some(guard) = self.0.get_mut(object) {
                if let Some(others) = &mut guard.others {
                    others.doubts.retain(|doubt| *doubt != ticket);
                }
                guard.tidy();
            }
            self.tidy(object);
        }
    }

    fn tidy(&mut self, object: &Object) {
        let idle = |guard: &Guard| guard.running.is_none() && guard.others.is_none();
        if self.0.get(object).is_some_and(idle) {
            self.0.remove(object);
        }
    }
}
