//! What a configuration says, setting by setting: to show it, and to tell what another one changes.

use core::fmt;
use core::fmt::Write as _;

use crate::secret::Secret;

/// All that a configuration says, what it leaves out included.
#[derive(Debug, Default)]
pub(super) struct Told {
    sections: Vec<Section>,
}

#[derive(Debug)]
pub(super) struct Section {
    part: Part,
    settings: Vec<Setting>,
}

#[derive(Debug)]
struct Setting {
    name: &'static str,
    /// As it is written in TOML.
    value: String,
    /// What stands behind it and is not shown: a password, or what is in a file.
    behind: Option<Secret>,
    /// A secret itself: its name is shown, in a comment.
    secret: bool,
}

/// What a part of a configuration is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// What stands at the top.
    Daemon,
    /// `[log]`.
    Log,
    /// `[admin]`.
    Admin,
    /// `[metrics]`.
    Metrics,
    /// `[limits]`.
    Limits,
    /// One of `[[listen]]`: `unix:/path` or `tcp:address`.
    Listen(Box<str>),
    /// The account with this name.
    Account(Box<str>),
    /// The user with this name.
    User(Box<str>),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Daemon => f.write_str("daemon"),
            Self::Log => f.write_str("log"),
            Self::Admin => f.write_str("admin"),
            Self::Metrics => f.write_str("metrics"),
            Self::Limits => f.write_str("limits"),
            Self::Listen(socket) => write!(f, "listen `{}`", socket.escape_debug()),
            Self::Account(name) => write!(f, "account `{}`", name.escape_debug()),
            Self::User(name) => write!(f, "user `{}`", name.escape_debug()),
        }
    }
}

impl Section {
    pub(super) const fn new(part: Part) -> Self {
        Self { part, settings: Vec::new() }
    }

    fn push(&mut self, name: &'static str, value: String, behind: Option<Secret>, secret: bool) {
        self.settings.push(Setting { name, value, behind, secret });
    }

    /// A number, a truth, or something that is already written as TOML has it.
    pub(super) fn plain(&mut self, name: &'static str, value: impl fmt::Display) {
        self.push(name, value.to_string(), None, false);
    }

    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        self.push(name, quoted(value), None, false);
    }

    pub(super) fn list<'a>(&mut self, name: &'static str, values: impl IntoIterator<Item = &'a str>) {
        let values: Vec<String> = values.into_iter().map(quoted).collect();
        self.push(name, format!("[{}]", values.join(", ")), None, false);
    }

    /// A text with something behind it that is compared, and not shown: what is in the file of this name.
    pub(super) fn behind(&mut self, name: &'static str, value: &str, behind: Secret) {
        self.push(name, quoted(value), Some(behind), false);
    }

    pub(super) fn secret(&mut self, name: &'static str, secret: Secret) {
        self.push(name, quoted(crate::secret::REDACTED), Some(secret), true);
    }
}

impl Told {
    pub(super) fn push(&mut self, section: Section) {
        self.sections.push(section);
    }

    /// As TOML, without secrets.
    pub(super) fn toml(&self) -> String {
        let mut text = String::new();
        for section in &self.sections {
            if !text.is_empty() {
                text.push('\n');
            }
            let _ = match &section.part {
                Part::Daemon => Ok(()),
                Part::Log | Part::Admin | Part::Metrics | Part::Limits => {
                    writeln!(text, "[{}]", section.part)
                }
                Part::Listen(_) => writeln!(text, "[[listen]]"),
                Part::Account(name) => writeln!(text, "[account.{}]", key(name)),
                Part::User(name) => writeln!(text, "[user.{}]", key(name)),
            };
            for setting in &section.settings {
                let comment = if setting.secret { "# " } else { "" };
                let _ = writeln!(text, "{comment}{} = {}", setting.name, setting.value);
            }
        }
        text
    }

    /// What is different in a newer one.
    pub(super) fn changes(&self, new: &Self) -> Vec<Change> {
        let find = |told: &Self, part: &Part| told.sections.iter().position(|section| section.part == *part);
        let mut changes = Vec::new();
        for section in &self.sections {
            let newer = find(new, &section.part).and_then(|at| new.sections.get(at));
            let (kind, settings) = match newer {
                None => (ChangeKind::Removed, Vec::new()),
                Some(newer) => (ChangeKind::Changed, section.differences(newer)),
            };
            if kind == ChangeKind::Removed || !settings.is_empty() {
                changes.push(Change { part: section.part.clone(), kind, settings });
            }
        }
        let added = new.sections.iter().filter(|section| find(self, &section.part).is_none());
        changes.extend(added.map(|section| Change {
            part: section.part.clone(),
            kind: ChangeKind::Added,
            settings: Vec::new(),
        }));
        changes
    }
}

impl Section {
    /// The names of the settings that are not the same.
    fn differences(&self, new: &Self) -> Vec<&'static str> {
        let value = |section: &Self, name: &str| {
            let found = section.settings.iter().find(|setting| setting.name == name);
            found.map(|setting| (setting.value.clone(), setting.behind.clone()))
        };
        let mut names: Vec<&'static str> = Vec::new();
        for setting in self.settings.iter().chain(&new.settings) {
            if !names.contains(&setting.name) && value(self, setting.name) != value(new, setting.name) {
                names.push(setting.name);
            }
        }
        names
    }
}

/// What became of a part of a configuration in a newer one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    part: Part,
    kind: ChangeKind,
    settings: Vec<&'static str>,
}

/// How a part has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is there no longer.
    Removed,
    /// Some of its settings are others.
    Changed,
}

impl Change {
    /// What it is about.
    #[must_use]
    pub const fn part(&self) -> &Part {
        &self.part
    }

    /// What became of it.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        self.kind
    }

    /// The names of the settings that are others now; none where all of it was added or removed. A setting that names a
    /// file or a variable is another one, too, if what is in there is.
    #[must_use]
    pub fn settings(&self) -> &[&'static str] {
        &self.settings
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ChangeKind::Added => write!(f, "{}: added", self.part),
            ChangeKind::Removed => write!(f, "{}: removed", self.part),
            ChangeKind::Changed => write!(f, "{}: {}", self.part, self.settings.join(", ")),
        }
    }
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A key as TOML writes it.
pub(super) fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(name) }
}
