//! The vendor's configuration: `mregd.conf` and the environment of `mregd`, as they stand.
//!
//! They are made into TOML, which is then read as any other: what is printed for an operator is what is served.

mod settings;
mod translate;

use super::error::{ConfigError, Place};
use super::surroundings::Surroundings;
use super::{Config, ConfigError as Error};

use settings::Settings;

/// What a configuration of mregd is here.
#[derive(Debug)]
pub struct FromMregd {
    config: Config,
    toml: String,
}

impl FromMregd {
    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The configuration alone.
    #[must_use]
    pub fn into_config(self) -> Config {
        self.config
    }

    /// The same as TOML, with comments. A password is not in it, but where it is to be put.
    #[must_use]
    pub fn toml(&self) -> &str {
        &self.toml
    }
}

impl Config {
    /// Reads a `mregd.conf`, and mregd's variables of the environment, which override it. `name` is the path of the file; an
    /// empty text is one that says nothing.
    ///
    /// Everything that mregd knows is known: what has no meaning here is told in [`warnings`](Self::warnings). Beside mregd's
    /// own variables, `RRP_ENVIRONMENT` says what a host is that is not known (`ote` or `production`), `RRP_JOURNAL` where
    /// writes are recorded (`mregd.redb` in `STATE_DIRECTORY`, else `/var/lib/rrp/mregd.redb`), `RRP_ADMIN` where operators
    /// talk to it (`admin.sock` in `RUNTIME_DIRECTORY`, else nowhere), `RRP_PIN` which key the
    /// registry has, and `RRP_ACCEPT_UNVERIFIED_UPSTREAM=1` that `SSL_VERIFY_MODE=0` is meant.
    ///
    /// # Errors
    /// [`ConfigError`] for what mregd does not know, what it needs and is not there, and what cannot be kept here.
    pub fn from_mregd(text: &str, name: &str, surroundings: &Surroundings) -> Result<FromMregd, Error> {
        let mut settings = Settings::read(text, name, surroundings)?;
        let translated = translate::translate(&mut settings, surroundings)?;
        let mut config =
            Self::parse_from(&translated.toml, name, &translated.surroundings, Some(&translated.places))?;
        let mut warnings = settings.into_warnings();
        warnings.append(&mut config.notes.warnings);
        config.notes.warnings = warnings;
        Ok(FromMregd { config, toml: translated.toml })
    }
}

/// About a setting that stands there.
fn wrong(name: &str, place: &Place, what: impl Into<Box<str>>) -> ConfigError {
    ConfigError::new(name, place.clone(), what)
}
