//! What is remembered of intents, and of recent readings.

use core::time::Duration;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use super::config::{Moment, Queues};
use super::entry::{ANOTHER_NAMED, ANSWERED_PENDING, Entry, Intent, Standing, Ticket};
use super::job::Doubtful;
use super::newest::Newest;
use super::told::DoubtReason;
use super::upstream::Upstream;
use crate::command::{Object, ObjectKind, Safety};
use crate::settle::{Form, Keyed, Proof, Reading, Resolver, Sent};

/// A user, and a key of the user's.
type Key = (Box<str>, Box<str>);

/// What is left of a finished intent.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub(super) standing: Standing,
    pub(super) payload: [u8; 16],
}

/// Intents that are not under way: doubts, and what became of others.
#[derive(Debug)]
pub(super) struct Memory<U: Upstream> {
    pub(super) doubts: BTreeMap<Ticket, Doubtful<U>>,
    finished: HashMap<Ticket, Finished>,
    /// Finished ones without a key, oldest first.
    keyless: VecDeque<Ticket>,
    /// Finished ones with a key, and since when, oldest first.
    keyed: VecDeque<(Instant, Ticket, Key)>,
    keys: HashMap<Key, Ticket>,
}

/// So long is a key kept whose intent is finished: 30 days, by the clock that never jumps.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// So many finished intents without a key are remembered; the journal has the others.
const KEYLESS: usize = 10_000;

impl<U: Upstream> Default for Memory<U> {
    fn default() -> Self {
        Self {
            doubts: BTreeMap::new(),
            finished: HashMap::new(),
            keyless: VecDeque::new(),
            keyed: VecDeque::new(),
            keys: HashMap::new(),
        }
    }
}

impl<U: Upstream> Memory<U> {
    /// After a start: what was open is in doubt.
    pub(super) fn restore(&mut self, entry: Entry, now: Instant) {
        self.remember_key(&entry.intent);
        if entry.standing.is_finished() {
            self.finish(&entry, now);
        } else {
            let reason = DoubtReason::Restored;
            let doubt = Doubtful { entry, refusal: None, reason, since: now, looking: None };
            self.doubts.insert(doubt.entry.ticket(), doubt);
        }
    }

    pub(super) fn remember_key(&mut self, intent: &Intent) {
        if let Some(key) = &intent.key {
            let newest = self.keys.entry((intent.user.clone(), key.clone())).or_insert(intent.ticket);
            *newest = (*newest).max(intent.ticket);
        }
    }

    pub(super) fn finish(&mut self, entry: &Entry, now: Instant) {
        self.forget_old(now);
        let ticket = entry.ticket();
        self.doubts.remove(&ticket);
        let finished = Finished { standing: entry.standing.clone(), payload: entry.intent.payload };
        self.finished.insert(ticket, finished);
        if let Some(key) = &entry.intent.key {
            let key = (entry.intent.user.clone(), key.clone());
            self.keyed.push_back((now, ticket, key));
        } else {
            self.keyless.push_back(ticket);
            if self.keyless.len() > KEYLESS
                && let Some(oldest) = self.keyless.pop_front()
            {
                self.finished.remove(&oldest);
            }
        }
    }

    /// A doubt is forgotten, and what its key stands for.
    pub(super) fn forget(&mut self, ticket: Ticket) -> Option<Doubtful<U>> {
        let doubt = self.doubts.remove(&ticket)?;
        let intent = &doubt.entry.intent;
        if let Some(key) = &intent.key {
            let key = (intent.user.clone(), key.clone());
            if self.keys.get(&key) == Some(&ticket) {
                self.keys.remove(&key);
            }
        }
        Some(doubt)
    }

    /// Keys that are old enough are forgotten.
    fn forget_old(&mut self, now: Instant) {
        let old = |since: Instant| now.saturating_duration_since(since) > KEPT;
        while let Some((_, ticket, key)) = self.keyed.pop_front_if(|(since, ..)| old(*since)) {
            self.finished.remove(&ticket);
            if self.keys.get(&key) == Some(&ticket) {
                self.keys.remove(&key);
            }
        }
    }

    pub(super) fn finished(&self, ticket: Ticket) -> Option<&Finished> {
        self.finished.get(&ticket)
    }

    /// The newest intent of a key.
    pub(super) fn by_key(&self, user: &str, key: &str) -> Option<Ticket> {
        self.keys.get(&(user.into(), key.into())).copied()
    }
}

/// What queries have shown of objects, as long as it is not old. It is read when a write asks for it: most never is.
#[derive(Debug)]
pub(super) struct Recent<U: Upstream> {
    /// Newest last.
    known: VecDeque<Known<U>>,
    /// What the replies among them hold, in bytes.
    held: usize,
    /// The number of the last write that was handed over to an object, by a part of the object's hash: two objects may share a
    /// place, and then a write to one is taken for one to both.
    written: Vec<u64>,
    /// The number of the last write of which nobody knows to which objects.
    unknown: u64,
}

#[derive(Debug)]
struct Known<U: Upstream> {
    when: Instant,
    /// How many writes had been handed over by then.
    writes: u64,
    command: U::Command,
    reply: U::Reply,
    /// What the reply holds, in bytes.
    size: usize,
}

impl<U: Upstream> Default for Recent<U> {
    fn default() -> Self {
        Self { known: VecDeque::new(), held: 0, written: vec![0; PLACES], unknown: 0 }
    }
}

impl<U: Upstream> Recent<U> {
    const MAX: usize = 1_024;
    /// All together hold no more: what is kept goes round, and is to stay in a processor's own memory.
    const MAX_HELD: usize = 262_144;

    /// What a command was answered when so many writes had been handed over, if a write may ask for it.
    pub(super) fn keep(
        &mut self,
        command: &U::Command,
        reply: &U::Reply,
        writes: u64,
        now: Instant,
        age: Duration,
    ) {
        while self.known.front().is_some_and(|known| now.saturating_duration_since(known.when) >= age) {
            self.forget_oldest();
        }
        let Some(size) = U::kept_size(command, reply) else { return };
        self.held = self.held.saturating_add(size);
        while self.known.len() >= Self::MAX || self.held > Self::MAX_HELD && !self.known.is_empty() {
            self.forget_oldest();
        }
        let (command, reply) = (command.clone(), reply.clone());
        self.known.push_back(Known { when: now, writes, command, reply, size });
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.known.pop_front() {
            self.held = self.held.saturating_sub(oldest.size);
        }
    }

    /// What this command has shown, and when, if nothing was written since to what it is about.
    pub(super) fn get(
        &self,
        upstream: &U,
        command: &U::Command,
        keyed: &Keyed,
        now: Instant,
        age: Duration,
    ) -> Option<(Instant, Reading)> {
        let known = self.known.iter().rfind(|known| U::is_same(&known.command, command))?;
        let written =
            U::objects(command).iter().filter_map(|object| self.written.get(place(object))).max().copied();
        let spoilt = written.unwrap_or_default().max(self.unknown) > known.writes;
        let old = now.saturating_duration_since(known.when) >= age;
        if spoilt || old {
            return None;
        }
        Some((known.when, upstream.reading(&known.reply, keyed)?))
    }

    /// The write of this number goes to these objects: what was read of them is old. One that names none may go to any.
    pub(super) fn spoil(&mut self, objects: &[Object], number: u64) {
        if objects.is_empty() {
            self.unknown = number;
        }
        for object in objects {
            if let Some(last) = self.written.get_mut(place(object)) {
                *last = number;
            }
        }
    }
}

/// In so many parts are the hashes of objects kept.
const PLACES: usize = 1_024;

fn place(object: &Object) -> usize {
    // Not by a random key: a simulation is to go the same way each time.
    let mut hasher = DefaultHasher::new();
    object.hash(&mut hasher);
    let places = u64::try_from(PLACES).unwrap_or(1);
    usize::try_from(hasher.finish().checked_rem(places).unwrap_or_default()).unwrap_or_default()
}

/// What we have done to which objects, or may have, for as long as there is room: a guard or a date of creation may show
/// the work of an earlier command of ours.
#[derive(Debug)]
pub(super) struct Written {
    /// With the newest of them.
    done: Newest<(Resolver, Object), Done>,
}

impl Default for Written {
    fn default() -> Self {
        Self { done: Newest::new(MOST_OBJECTS) }
    }
}

/// So many objects are remembered at which something was done, and so many at which another operation was named.
const MOST_OBJECTS: usize = 100_000;

/// What was done of one sort to one object.
#[derive(Clone, Copy, Debug)]
struct Done {
    /// The newest, unless it has turned out not to be done.
    newest: Option<Ticket>,
    /// Whether there was one before it.
    earlier: bool,
    /// The oldest that was answered to be done later: it may come at any time.
    late: Option<Ticket>,
}

impl Written {
    /// `known`: how it is settled, by what is known now.
    fn resolver(entry: &Entry, known: Option<Resolver>) -> Option<Resolver> {
        // No read settles RRP's request for a transfer.
        let transfer = || entry.intent.sent.name().eq_ignore_ascii_case("transfer");
        // What another API was asked may show as a later one would, though no read could have settled this one.
        let opaque = (entry.intent.sent.form() == Form::Opaque).then_some(Resolver::Other);
        known.or(opaque).or_else(|| transfer().then_some(Resolver::TransferRequest))
    }

    /// That this one was not done; what was done before it stands.
    fn take_back(&mut self, what: &(Resolver, Object), ticket: Ticket) {
        let Some(done) = self.done.get_mut(what).filter(|done| done.newest == Some(ticket)) else { return };
        if done.earlier {
            done.newest = None;
        } else {
            self.done.remove(what);
        }
    }

    /// By what it is remembered. Requests of another API are alike if their names are.
    fn what(resolver: Resolver, sent: &Sent, object: &Object) -> (Resolver, Object) {
        if resolver == Resolver::Other {
            return (resolver, Object::new(ObjectKind::Other, &format!("{object} {}", sent.name())));
        }
        (resolver, object.clone())
    }

    /// The same of requests of another API, whatever their names are.
    fn whatever(object: &Object) -> (Resolver, Object) {
        (Resolver::Other, Object::new(ObjectKind::Other, &object.to_string()))
    }

    /// Remembers an intent, unless it is known by now that nothing was done.
    pub(super) fn remember(&mut self, entry: &Entry, known: Option<Resolver>) {
        let Some(resolver) = Self::resolver(entry, known) else { return };
        let done = matches!(entry.standing, Standing::Open | Standing::InDoubt | Standing::Accepted(_));
        let pending = matches!(&entry.standing, Standing::Accepted(summary) if summary.is_pending());
        let late = pending.then_some(entry.ticket());
        for object in entry.intent.sent.objects() {
            let what = Self::what(resolver, &entry.intent.sent, object);
            if done {
                self.add(what, entry.ticket(), late);
            } else {
                self.take_back(&what, entry.ticket());
            }
            if late.is_some() && resolver == Resolver::Other {
                self.add(Self::whatever(object), entry.ticket(), late);
            }
        }
    }

    fn add(&mut self, what: (Resolver, Object), ticket: Ticket, late: Option<Ticket>) {
        let done = match self.done.get(&what) {
            Some(known) => Done {
                newest: Some(ticket),
                earlier: known.earlier || known.newest != Some(ticket),
                late: known.late.or(late),
            },
            None => Done { newest: Some(ticket), earlier: false, late },
        };
        self.done.put(what, done);
    }

    /// Whether something was done before to one of these that shows as this would: the same; or a transfer, which prolongs.
    pub(super) fn any(&self, resolver: Resolver, sent: &Sent) -> bool {
        let transfer = (resolver == Resolver::Renew).then_some(Resolver::TransferRequest);
        let alike = || [Some(resolver), transfer].into_iter().flatten();
        let done = |object: &Object, one| self.done.get(&Self::what(one, sent, object)).is_some();
        sent.objects().iter().any(|object| alike().any(|one| done(object, one)))
    }

    /// Whether another one than this was done before to one of its objects that shows as this would.
    pub(super) fn another(&self, resolver: Resolver, sent: &Sent, ticket: Ticket) -> bool {
        sent.objects().iter().any(|object| {
            let done = self.done.get(&Self::what(resolver, sent, object));
            done.is_some_and(|done| done.earlier || done.newest != Some(ticket))
        })
    }

    /// Whether another one than this may still come to one of its objects, and show as this would: it was answered to be done
    /// later. What is new since a reading before may be its work. `compares`: what this one leaves may be taken for what others
    /// leave, whatever their names are.
    pub(super) fn another_late(&self, sent: &Sent, compares: bool, ticket: Ticket) -> bool {
        let late = |what| self.done.get(&what).and_then(|done| done.late).is_some_and(|late| late != ticket);
        sent.objects().iter().any(|object| {
            late(Self::what(Resolver::Other, sent, object)) || compares && late(Self::whatever(object))
        })
    }
}

/// Objects of which an attempt was lost that may still be executed, though its write is over by another attempt: until when.
#[derive(Debug, Default)]
pub(super) struct Restless(Vec<(Object, Instant)>);

impl Restless {
    pub(super) fn remember(&mut self, objects: &[Object], until: Instant, now: Instant) {
        self.0.retain(|(_, until)| *until > now);
        self.0.extend(objects.iter().map(|object| (object.clone(), until)));
    }

    /// After a start: what was sent more than once on its caller's word, and was over only just now.
    pub(super) fn restore(&mut self, entry: &Entry, first_negative: Duration, at: Moment) {
        // What was on its way had perhaps been sent once more than is recorded.
        let several = entry.attempts > 1 || !entry.standing.is_finished();
        let vouched = entry.intent.safety == Safety::Repeatable && several;
        let age = Duration::from_millis(at.wall.saturating_sub(entry.changed_at));
        if let (true, Some(left)) = (vouched, first_negative.checked_sub(age))
            && let Some(until) = at.now.checked_add(left)
        {
            self.remember(entry.intent.sent.objects(), until, at.now);
        }
    }

    /// Until when nothing read of these objects tells what a later write does.
    pub(super) fn until(&self, objects: &[Object], now: Instant) -> Option<Instant> {
        let restless = self.0.iter().filter(|(object, until)| *until > now && objects.contains(object));
        restless.map(|(_, until)| *until).max()
    }
}

/// Objects at which another API has named another operation, and at which it has done nothing of ours since: what is new there
/// may be that operation's work, also for the next write of ours.
#[derive(Debug)]
pub(super) struct Named(Newest<Object, ()>);

impl Default for Named {
    fn default() -> Self {
        Self(Newest::new(MOST_OBJECTS))
    }
}

impl Named {
    /// Another operation was in progress.
    pub(super) fn remember(&mut self, objects: &[Object]) {
        for object in objects {
            self.0.put(object.clone(), ());
        }
    }

    /// It is not any more.
    fn over(&mut self, objects: &[Object]) {
        for object in objects {
            self.0.remove(object);
        }
    }

    /// What has become of a write says so, or has said so in an earlier run.
    pub(super) fn learn(&mut self, entry: &Entry) {
        let done = matches!(&entry.standing, Standing::Accepted(summary)
            if summary.proof() == Proof::Reply && !summary.is_pending());
        let objects = entry.intent.sent.objects();
        if done && !self.0.is_empty() {
            self.over(objects);
        } else if !done && entry.has_note(ANOTHER_NAMED) {
            self.remember(objects);
        }
    }

    /// Whether that is so of one of these.
    pub(super) fn any(&self, objects: &[Object]) -> bool {
        objects.iter().any(|object| self.0.get(object).is_some())
    }
}

/// Zones whose registry has been seen to queue registrations.
#[derive(Debug, Default)]
pub(super) struct Queued {
    everywhere: bool,
    nowhere: bool,
    zones: Vec<Box<str>>,
}

impl Queued {
    const MAX: usize = 4_096;

    pub(super) fn new(queues: &Queues) -> Self {
        let (everywhere, nowhere) = (*queues == Queues::Everywhere, *queues == Queues::Nowhere);
        Self { everywhere, nowhere, zones: Vec::new() }
    }

    /// The registry has queued something about this name. Another API may queue whatever it is asked.
    pub(super) fn learn(&mut self, sent: &Sent) {
        if self.nowhere {
            return;
        }
        if sent.form() == Form::Opaque {
            self.everywhere = true;
            return;
        }
        let objects = sent.objects();
        for zone in objects.iter().filter_map(|object| object.name().rsplit('.').next()) {
            if self.zones.len() >= Self::MAX {
                self.everywhere = true;
            } else if !self.zones.iter().any(|known| **known == *zone) {
                self.zones.push(zone.into());
            }
        }
    }

    /// What an earlier run learnt is in its outcomes.
    pub(super) fn restore(&mut self, entry: &Entry) {
        if entry.intent.sent.form() == Form::Opaque && entry.has_note(ANSWERED_PENDING) {
            self.learn(&entry.intent.sent);
        }
        let Standing::Accepted(summary) = &entry.standing else { return };
        let creation = matches!(
            entry.intent.resolver,
            Some(Resolver::AddDomain | Resolver::AddNameServer | Resolver::AddZone)
        );
        let sent = &entry.intent.sent;
        if summary.is_pending() && (creation || summary.job().is_some() || sent.form() == Form::Opaque) {
            self.learn(sent);
        }
    }

    /// Whether what is settled so may wait in a queue: registrations, and whatever is asked of another API.
    pub(super) fn may_queue_for(&self, resolver: Resolver, entry: Option<&Entry>) -> bool {
        matches!(resolver, Resolver::AddDomain | Resolver::Other)
            && entry.is_some_and(|entry| self.may_queue(entry.intent.sent.objects()))
    }

    fn may_queue(&self, objects: &[Object]) -> bool {
        let known = |zone: &str| self.zones.iter().any(|known| **known == *zone);
        self.everywhere || objects.iter().filter_map(|object| object.name().rsplit('.').next()).any(known)
    }
}

#[cfg(test)]
mod tests {
    use super::super::upstream::Rrp;
    use super::*;
    use crate::command::Command;
    use crate::reply::Reply;

    type Recent = super::Recent<Rrp>;

    #[test]
    fn what_is_remembered_of_readings_has_an_end_in_bytes() {
        let mut recent = Recent::default();
        #[expect(clippy::disallowed_methods, reason = "any time will do")]
        let now = Instant::now();
        let minute = Duration::from_secs(60);
        let keep = |recent: &mut Recent, number: usize, length: usize, now: Instant| {
            let command = crate::command::PtfCommand::new("StatusDomain").unwrap();
            let command = command.param("domain", &format!("{number}.example.com")).unwrap();
            let long = "x".repeat(length);
            let text = format!("[RESPONSE]\r\ncode = 200\r\ndescription = ok\r\na = {long}\r\nEOF\r\n");
            let mut received = bytes::BytesMut::from(text.as_bytes());
            let mut deframer = crate::wire::deframe::Deframer::new(crate::wire::deframe::Limits::REPLY);
            let reply = Reply::parse(&deframer.deframe(&mut received).unwrap().unwrap()).unwrap();
            recent.keep(&Command::new(command), &reply, 0, now, minute);
            let held: usize =
                recent.known.iter().map(|known| Rrp::kept_size(&known.command, &known.reply).unwrap()).sum();
            assert_eq!(recent.held, held);
            assert!(held <= Recent::MAX_HELD && recent.known.len() <= Recent::MAX, "{held}");
        };
        for number in 0..100 {
            keep(&mut recent, number, 10_000, now);
        }
        assert!((20..30).contains(&recent.known.len()), "{}", recent.known.len());
        for number in 0..2_000 {
            keep(&mut recent, number, 10, now);
        }
        assert_eq!(recent.known.len(), Recent::MAX);
        keep(&mut recent, 0, 10, now + minute);
        assert_eq!(recent.known.len(), 1);
    }
}
