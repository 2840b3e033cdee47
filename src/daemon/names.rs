//! Users and groups of the system, by name.

use std::fs;
use std::io;

/// The number of this user, which may be a number already.
pub(super) fn user(name: &str) -> io::Result<u32> {
    number("/etc/passwd", name)
}

/// The number of this group, which may be a number already.
pub(super) fn group(name: &str) -> io::Result<u32> {
    number("/etc/group", name)
}

/// The third field of the line that begins with this name. Those who come from elsewhere than these files are given as numbers.
fn number(file: &str, name: &str) -> io::Result<u32> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let content = fs::read_to_string(file)?;
    let line = content.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let id = line.and_then(|line| line.split(':').nth(1)?.parse().ok());
    id.ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("`{}` is not in `{file}`", name.escape_debug()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_known() {
        assert_eq!((user("root").unwrap(), group("root").unwrap(), user("4711").unwrap()), (0, 0, 4711));
        assert!(user("nobody-of-this-name").is_err() && user("roo").is_err());
    }
}
