//! Users and groups of the system, by name.

use std::io;

use super::admin::Users;

/// The number of this user, which may be a number already.
pub(super) fn user(name: &str) -> io::Result<u32> {
    Users::default().user(name).ok_or_else(|| unknown(name))
}

/// The number of this group, which may be a number already.
pub(super) fn group(name: &str) -> io::Result<u32> {
    Users::default().group(name).ok_or_else(|| unknown(name))
}

/// Those that a directory service knows alone are given as numbers.
fn unknown(name: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("there is no `{}` among those of this machine", name.escape_debug()),
    )
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
