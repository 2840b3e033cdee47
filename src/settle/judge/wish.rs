//! What a modification wants to be so, and whether it is.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use super::super::keyed::Kept;
use super::super::reading::Reading;
use super::super::sent::{Form, LineKind, Sent, SentLine};
use crate::command::ObjectKind;

/// What has no order: such values come and go one by one.
const SETS: [&str; 8] = [
    "admincontact",
    "billingcontact",
    "ipaddress",
    "nameserver",
    "ownercontact",
    "rr",
    "status",
    "techcontact",
];

/// What a contact may have none of, so that nothing is shown of it.
const OF_CONTACT: [&str; 14] = [
    "city",
    "country",
    "email",
    "fax",
    "firstname",
    "lastname",
    "middlename",
    "organization",
    "phone",
    "state",
    "street",
    "title",
    "vatid",
    "zip",
];

/// What only says which object is meant, or belongs to the command and not to the object.
const NO_WISHES: [&str; 6] = ["checkonly", "cltrid", "command", "domainname", "entityname", "newnameserver"];

/// A value as it is compared: addresses by what they mean, all that is clear without case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Address(IpAddr),
    Text(String),
    Hash([u8; 16]),
}

impl Key {
    pub(super) fn of(value: &Kept) -> Self {
        match value {
            Kept::Clear(text) => {
                text.parse().map_or_else(|_| Self::Text(text.to_ascii_lowercase()), Self::Address)
            }
            Kept::Hash(hash) => Self::Hash(*hash),
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }
}

/// The values of a property that say something, in order.
pub(super) fn keys(reading: &Reading, name: &str) -> Vec<Key> {
    reading.values(name).map(Key::of).filter(|key| !key.is_empty()).collect()
}

/// What is wanted of one property.
#[derive(Debug, Default)]
struct Wish {
    /// These, and in order; with the number at the end of the name by which each was given.
    exact: Option<Vec<(u32, Key)>>,
    has: BTreeSet<Key>,
    lacks: BTreeSet<Key>,
}

impl Wish {
    fn set(&mut self, at: u32, key: Key) {
        self.exact.get_or_insert_default().push((at, key));
    }

    fn add(&mut self, key: Key) {
        self.lacks.remove(&key);
        self.has.insert(key);
    }

    fn remove(&mut self, key: Key) {
        self.has.remove(&key);
        self.lacks.insert(key);
    }

    /// Whether the property of this name, with these values, is as wanted. `may_be_empty`: it is known to be shown if it
    /// has values.
    fn holds(&self, name: &str, shown: &[Key], may_be_empty: bool) -> bool {
        if shown.is_empty() && !may_be_empty {
            return false;
        }
        let set: BTreeSet<&Key> = shown.iter().collect();
        let Some(exact) = &self.exact else {
            return self.has.iter().all(|key| set.contains(key))
                && !self.lacks.iter().any(|key| set.contains(key));
        };
        let mut exact: Vec<&(u32, Key)> = exact.iter().filter(|(_, key)| !key.is_empty()).collect();
        if SETS.contains(&name) {
            let given = exact.iter().map(|(_, key)| key).filter(|key| !self.lacks.contains(key));
            return given.chain(&self.has).collect::<BTreeSet<&Key>>() == set;
        }
        exact.sort_by_key(|(at, _)| *at);
        exact.iter().map(|(_, key)| key).eq(shown)
    }
}

/// All that a modification wants.
#[derive(Debug)]
pub(super) struct Wishes {
    kind: ObjectKind,
    /// By the name of the property.
    all: BTreeMap<String, Wish>,
}

impl Wishes {
    pub(super) fn of(sent: &Sent, kind: ObjectKind) -> Self {
        let mut wishes = Self { kind, all: BTreeMap::new() };
        let subject = match kind {
            ObjectKind::Domain => "domain",
            ObjectKind::NameServer => "nameserver",
            ObjectKind::Contact => "contact",
            ObjectKind::Zone => "dnszone",
            ObjectKind::Other => "",
        };
        let changed = |prefix: &str, name: &str| {
            name.strip_prefix(prefix).filter(|name| SETS.contains(name)).map(str::to_owned)
        };
        let lines = || {
            let named = sent.lines().iter().map(|line| (line.plain_name(), line));
            let named = named.filter(|(name, _)| *name != subject && !NO_WISHES.contains(&name.as_str()));
            // To add or to remove nothing is no wish.
            named.filter(|(name, line)| {
                !line.value().is("") || changed("add", name).or_else(|| changed("del", name)).is_none()
            })
        };
        if sent.form() == Form::Rrp {
            lines().for_each(|(name, line)| wishes.change(&name, line));
            return wishes;
        }
        // What is removed and added by one command is there.
        for (name, line) in lines() {
            match changed("del", &name) {
                Some(name) => wishes.about(&name).remove(Key::of(line.value())),
                None if changed("add", &name).is_none() => {
                    wishes.about(&name).set(index(line), Key::of(line.value()));
                }
                None => {}
            }
        }
        for (name, line) in lines() {
            if let Some(name) = changed("add", &name) {
                wishes.about(&name).add(Key::of(line.value()));
            }
        }
        wishes
    }

    /// A line of MOD (RFC 2832 §4.3.5).
    fn change(&mut self, name: &str, line: &SentLine) {
        let wish = self.about(name);
        match line.kind() {
            LineKind::Set => wish.add(Key::of(line.value())),
            LineKind::Remove => wish.remove(Key::of(line.value())),
            LineKind::Replace(old) => {
                wish.remove(Key::of(old));
                wish.add(Key::of(line.value()));
            }
            // No property is an option.
            LineKind::Option => wish.set(0, Key::of(line.value())),
        }
    }

    fn about(&mut self, name: &str) -> &mut Wish {
        self.all.entry(name.to_owned()).or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether all of it is so, by what `shown` says of each property. What no property shows is not.
    pub(super) fn hold(&self, shown: impl Fn(&str) -> Vec<Key>) -> bool {
        self.all.iter().all(|(name, wish)| {
            let name = name.as_str();
            let of_contact = self.kind == ObjectKind::Contact && OF_CONTACT.contains(&name);
            wish.holds(name, &shown(name), of_contact || SETS.contains(&name))
        })
    }
}

/// The number at the end of a name; 0 if there is none.
fn index(line: &SentLine) -> u32 {
    let digits = line.name().trim_start_matches(|c: char| !c.is_ascii_digit());
    let digits = digits.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}
