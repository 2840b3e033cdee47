//! Who has said what: a flag, a variable of the environment, or a key of the file.

use std::path::{Path, PathBuf};

use crate::output::escape;

/// The variable of the environment that says the same as this flag, for those that there are.
const VARIABLES: [(&str, &str); 4] = [
    ("server", "RRP_SERVER"),
    ("user", "RRP_USER"),
    ("environment", "RRP_ENVIRONMENT"),
    ("ca-file", "RRP_CA_FILE"),
];

/// Where each value comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    flags: Vec<&'static str>,
    environment: Vec<&'static str>,
    file: Option<PathBuf>,
}

impl Origins {
    /// `flags` and `environment` are the names of what is said there.
    pub(crate) fn new(flags: Vec<&'static str>, environment: Vec<&'static str>, file: Option<&Path>) -> Self {
        Self { flags, environment, file: file.map(Path::to_owned) }
    }

    /// Who has said what counts: `--server`, `RRP_SERVER`, or ``FILE, key `server` ``.
    pub(crate) fn of(&self, name: &str) -> String {
        let said = |names: &[&str]| names.contains(&name);
        match (variable(name), &self.file) {
            _ if said(&self.flags) => format!("--{name}"),
            (Some(variable), _) if said(&self.environment) => variable.to_owned(),
            (_, Some(file)) => format!("`{}`, key `{name}`", escape(&file.to_string_lossy())),
            _ => format!("--{name}"),
        }
    }

    /// What to say of variables that win over a file with these names, where the user named that file himself.
    pub(crate) fn overridden(&self, in_file: &[&str]) -> Vec<String> {
        let Some(file) = &self.file else { return Vec::new() };
        let file = escape(&file.to_string_lossy());
        let both = |name: &&&str| in_file.contains(*name) && !self.flags.contains(*name);
        let note = |name: &&str| {
            format!(
                "{} of the environment overrides key `{name}` of `{file}`",
                variable(name).unwrap_or(name)
            )
        };
        self.environment.iter().filter(both).map(note).collect()
    }
}

fn variable(name: &str) -> Option<&'static str> {
    VARIABLES.iter().find(|(flag, _)| *flag == name).map(|(_, variable)| *variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_says_it_is_named() {
        let origins = Origins::new(vec!["server", "pin"], vec!["server", "user"], Some(Path::new("c.toml")));
        assert_eq!(origins.of("server"), "--server");
        assert_eq!(origins.of("user"), "RRP_USER");
        assert_eq!(origins.of("timeout"), "`c.toml`, key `timeout`");
        let notes = origins.overridden(&["server", "user", "timeout"]);
        assert_eq!(notes, ["RRP_USER of the environment overrides key `user` of `c.toml`"]);
        assert!(Origins::default().overridden(&["user"]).is_empty());
    }
}
