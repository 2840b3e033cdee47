//! Who asks, and what it may.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use crate::daemon::config::Admin;

/// What somebody may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Look.
    ReadOnly,
    /// Look, and give orders.
    ReadWrite,
}

impl Role {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::ReadWrite => "read-write",
        }
    }
}

/// Who is at the other end, as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Its process, where that is told.
    pub(super) pid: Option<i32>,
}

/// So much is read of a file of users or groups, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// Names of users and groups, out of the files of the system. Who is known to a directory service only is named by number.
pub(in crate::daemon) struct Users {
    passwd: PathBuf,
    group: PathBuf,
}

impl Default for Users {
    fn default() -> Self {
        Self { passwd: "/etc/passwd".into(), group: "/etc/group".into() }
    }
}

impl Users {
    #[cfg(test)]
    pub(super) const fn of(passwd: PathBuf, group: PathBuf) -> Self {
        Self { passwd, group }
    }

    /// The number of a group of this name or number.
    pub(in crate::daemon) fn group(&self, name: &str) -> Option<u32> {
        number(name).or_else(|| rows(&self.group).into_iter().find(|row| field(row, 0) == name).and_then(id))
    }

    /// The number of a user of this name or number.
    pub(in crate::daemon) fn user(&self, name: &str) -> Option<u32> {
        number(name).or_else(|| rows(&self.passwd).into_iter().find(|row| field(row, 0) == name).and_then(id))
    }

    /// Whether a peer belongs to this group: it runs in it, or is listed as a member.
    fn is_member(&self, peer: Peer, name: &str) -> bool {
        let Some(group) = self.group(name) else { return false };
        if peer.gid == group {
            return true;
        }
        let user = rows(&self.passwd).into_iter().find(|row| id(row) == Some(peer.uid));
        let Some(user) = user else { return false };
        if field(&user, 3).parse() == Ok(group) {
            return true;
        }
        let user = field(&user, 0);
        !user.is_empty()
            && rows(&self.group)
                .iter()
                .filter(|row| id(row) == Some(group))
                .any(|row| field(row, 3).split(',').any(|member| member == user))
    }

    /// What a peer may; `None`: nothing. `own` is the user of this process.
    ///
    /// A name that nobody has lets nobody in.
    pub(super) fn role(&self, peer: Peer, admin: &Admin, own: u32) -> Option<Role> {
        if peer.uid == 0 || peer.uid == own {
            return Some(Role::ReadWrite);
        }
        let is_one_of = |names: &[Box<str>]| {
            names.iter().any(|name| match name.strip_prefix('@') {
                Some(group) => self.is_member(peer, group),
                None => self.user(name) == Some(peer.uid),
            })
        };
        if is_one_of(&admin.read_write) {
            return Some(Role::ReadWrite);
        }
        is_one_of(&admin.read_only).then_some(Role::ReadOnly)
    }
}

/// A name that is a number, and nothing else.
fn number(name: &str) -> Option<u32> {
    name.bytes().all(|byte| byte.is_ascii_digit()).then(|| name.parse().ok())?
}

/// The number of a user or a group, in its row.
fn id(row: impl AsRef<str>) -> Option<u32> {
    number(field(row.as_ref(), 2))
}

fn field(row: &str, at: usize) -> &str {
    row.split(':').nth(at).unwrap_or_default()
}

/// The rows of a file; none if it cannot be read.
fn rows(file: &PathBuf) -> Vec<String> {
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text));
    if read.is_err() {
        return Vec::new();
    }
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}
