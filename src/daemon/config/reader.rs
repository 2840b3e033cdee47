//! What all readers of parts of a configuration need: where it stands, what it refers to, and what was noticed.

use core::ops::{Range, RangeInclusive};
use core::time::Duration;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::error::{ConfigError, Place};
use super::raw::{List, Said};
use super::surroundings::Surroundings;
use super::told::Section;
use super::value::{self, Scalar};
use crate::secret::Secret;

/// Reads one text.
pub(super) struct Reader<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    /// Relative paths are meant from here.
    directory: &'a Path,
    pub(super) surroundings: &'a Surroundings,
    pub(super) warnings: Vec<(Place, String)>,
}

/// Where a password may come from.
pub(super) struct Sources<'a> {
    pub(super) file: &'a Said<String>,
    pub(super) credential: &'a Said<String>,
    pub(super) variable: &'a Said<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(name: &'a str, text: &'a str, surroundings: &'a Surroundings) -> Self {
        let directory = Path::new(name).parent().unwrap_or_else(|| Path::new(""));
        Self { name, text, directory, surroundings, warnings: Vec::new() }
    }

    pub(super) fn error(&self, span: &Range<usize>, what: impl Into<Box<str>>) -> ConfigError {
        ConfigError::at(self.name, self.text, span, what)
    }

    /// About a value of a setting, which is shown.
    pub(super) fn wrong(&self, key: &str, value: &Spanned<String>, what: &str) -> ConfigError {
        let shown = value.get_ref().escape_debug();
        self.error(&value.span(), format!("`{key}`: `{shown}` {what}"))
    }

    pub(super) fn warn(&mut self, span: &Range<usize>, what: &str) {
        self.warnings.push((Place::of(self.text, span.start), what.to_owned()));
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// A path that must not be empty.
    pub(super) fn path_of(&self, key: &str, said: &Spanned<String>) -> Result<PathBuf, ConfigError> {
        if said.get_ref().is_empty() || said.get_ref().contains('\0') {
            return Err(self.error(&said.span(), format!("`{key}` is no path")));
        }
        Ok(self.path(said.get_ref()))
    }

    /// A time, and tells it.
    pub(super) fn time(
        &self,
        section: &mut Section,
        key: &'static str,
        said: &Said<Scalar>,
        otherwise: Duration,
        bounds: RangeInclusive<Duration>,
    ) -> Result<Duration, ConfigError> {
        let found = self.optional_time(key, said, bounds)?.unwrap_or(otherwise);
        section.text(key, &value::shown(found));
        Ok(found)
    }

    pub(super) fn optional_time(
        &self,
        key: &'static str,
        said: &Said<Scalar>,
        bounds: RangeInclusive<Duration>,
    ) -> Result<Option<Duration>, ConfigError> {
        let Some(said) = said else { return Ok(None) };
        self.understood(key, said, value::duration(said.get_ref(), &bounds)).map(Some)
    }

    /// What was made of a value.
    pub(super) fn understood<T, U>(
        &self,
        key: &str,
        said: &Spanned<T>,
        found: Result<U, value::Wrong>,
    ) -> Result<U, ConfigError> {
        found.map_err(|wrong| self.error(&said.span(), format!("`{key}` {wrong}")))
    }

    /// A number within these bounds, and tells it.
    pub(super) fn number(
        &self,
        section: &mut Section,
        key: &'static str,
        said: &Said<i64>,
        otherwise: usize,
        bounds: RangeInclusive<usize>,
    ) -> Result<usize, ConfigError> {
        let found = self.optional_number(key, said, bounds)?.unwrap_or(otherwise);
        section.plain(key, found);
        Ok(found)
    }

    pub(super) fn optional_number(
        &self,
        key: &'static str,
        said: &Said<i64>,
        bounds: RangeInclusive<usize>,
    ) -> Result<Option<usize>, ConfigError> {
        let Some(said) = said else { return Ok(None) };
        match usize::try_from(*said.get_ref()) {
            Ok(number) if bounds.contains(&number) => Ok(Some(number)),
            _ => {
                let what = format!("`{key}` is not a number from {} to {}", bounds.start(), bounds.end());
                Err(self.error(&said.span(), what))
            }
        }
    }

    /// One of these words; the first if nothing is said.
    pub(super) fn choice<T>(
        &self,
        section: &mut Section,
        key: &'static str,
        said: &Said<String>,
        choices: &[(&str, T)],
        otherwise: T,
    ) -> Result<T, ConfigError>
    where
        T: Copy + PartialEq,
    {
        let found = match said {
            None => otherwise,
            Some(said) => {
                let found = choices.iter().find(|(word, _)| word == said.get_ref());
                let (_, found) = found.ok_or_else(|| {
                    let words: Vec<String> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
                    self.wrong(key, said, &format!("is not one of {}", words.join(", ")))
                })?;
                *found
            }
        };
        if let Some((word, _)) = choices.iter().find(|(_, choice)| *choice == found) {
            section.text(key, word);
        }
        Ok(found)
    }

    /// A truth, and tells it if it is one.
    pub(super) fn flag(&self, section: &mut Section, key: &'static str, said: &Said<bool>) -> bool {
        let found = said.as_ref().is_some_and(|said| *said.get_ref());
        if found {
            section.plain(key, true);
        }
        found
    }

    /// Tells a list, if there is one.
    pub(super) fn list(&self, section: &mut Section, key: &'static str, said: &List) {
        if let Some(said) = said {
            section.list(key, said.iter().map(|value| value.get_ref().as_str()));
        }
    }

    /// What is in a file, which a setting names.
    pub(super) fn file(
        &self,
        section: &mut Section,
        key: &'static str,
        said: &Spanned<String>,
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, ConfigError> {
        let path = self.path_of(key, said)?;
        let content = self.surroundings.read(&path).map_err(|error| {
            let shown = path.to_string_lossy();
            self.error(&said.span(), format!("`{key}`: cannot read `{}`", shown.escape_debug()))
                .because(error)
        })?;
        section.behind(
            key,
            &path.to_string_lossy(),
            Secret::new(String::from_utf8_lossy(&content).into_owned()),
        );
        Ok(content)
    }

    /// The password from the one source that is named; `None` if none is.
    pub(super) fn password(
        &mut self,
        section: &mut Section,
        sources: &Sources<'_>,
    ) -> Result<Option<Secret>, ConfigError> {
        let said = [
            ("password-file", sources.file),
            ("password-credential", sources.credential),
            ("password-env", sources.variable),
        ];
        let mut said: Vec<_> =
            said.into_iter().filter_map(|(key, said)| said.as_ref().map(|said| (key, said))).collect();
        said.sort_by_key(|(_, said)| said.span().start);
        let (key, value) = match said.as_slice() {
            [] => return Ok(None),
            [(key, value)] => (*key, *value),
            [(first, _), (second, value), ..] => {
                let what = format!("`{second}` beside `{first}`: there is one password");
                return Err(self.error(&value.span(), what));
            }
        };
        let span = value.span();
        let found = match key {
            "password-env" => self.of_variable(value)?,
            "password-credential" => {
                let path = self.credential(value)?;
                self.of_file(key, &span, &path)?
            }
            _ => {
                let path = self.path_of(key, value)?;
                if self.surroundings.is_open_to_others(&path) {
                    let shown = path.to_string_lossy();
                    let what =
                        format!("`{key}`: others can read `{0}`: `chmod 600` it", shown.escape_debug());
                    self.warn(&span, &what);
                }
                self.of_file(key, &span, &path)?
            }
        };
        let refused = |what: &str| Err(self.error(&span, format!("`{key}`: the password {what}")));
        let text = found.expose();
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        match text {
            "" => refused("is empty"),
            text if text.contains(['\n', '\r', '\0']) => refused("is more than one line"),
            text => {
                let password = Secret::from(text);
                let shown =
                    if key == "password-file" { self.path(value.get_ref()) } else { value.get_ref().into() };
                section.behind(key, &shown.to_string_lossy(), password.clone());
                Ok(Some(password))
            }
        }
    }

    fn of_variable(&self, name: &Spanned<String>) -> Result<Secret, ConfigError> {
        match self.surroundings.get(name.get_ref()) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(self.wrong("password-env", name, "is not set in the environment")),
            Err(_) => Err(self.wrong("password-env", name, "is not UTF-8 in the environment")),
        }
    }

    /// The file of a credential, which the service manager puts into a directory of its own.
    fn credential(&self, name: &Spanned<String>) -> Result<PathBuf, ConfigError> {
        let text = name.get_ref();
        if text.is_empty() || text.contains(['/', '\0']) || text == "." || text == ".." {
            return Err(self.wrong("password-credential", name, "is not the name of a credential"));
        }
        match self.surroundings.get("CREDENTIALS_DIRECTORY") {
            Ok(Some(directory)) => Ok(Path::new(directory.expose()).join(text)),
            _ => Err(self
                .error(&name.span(), "`password-credential`: `CREDENTIALS_DIRECTORY` is not set")
                .hint("systemd sets it for a unit with `LoadCredential=`; to try it elsewhere, set it to a directory with the file")),
        }
    }

    fn of_file(&self, key: &str, span: &Range<usize>, path: &Path) -> Result<Secret, ConfigError> {
        let shown = path.to_string_lossy();
        let content = self.surroundings.read(path).map_err(|error| {
            self.error(span, format!("`{key}`: cannot read `{}`", shown.escape_debug())).because(error)
        })?;
        core::str::from_utf8(&content).map(Secret::from).map_err(|_| {
            self.error(span, format!("`{key}`: the password in `{}` is not UTF-8", shown.escape_debug()))
        })
    }
}
