//! Hashes of passwords: argon2id, as PHC strings.

use core::error::Error;
use core::fmt;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::daemon::config::Password;

/// Why a password was not hashed.
#[derive(Debug)]
pub struct HashError(Problem);

#[derive(Debug)]
enum Problem {
    Empty,
    Lines,
    Random(getrandom::Error),
    Hash(argon2::password_hash::Error),
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Empty => f.write_str("password: it is empty"),
            Problem::Lines => f.write_str("password: it is more than one line, which no client can send"),
            Problem::Random(_) => f.write_str("password: the system has no random bytes for the salt"),
            // It is no `Error` without the standard library.
            Problem::Hash(error) => write!(f, "password: it is not hashed: {error}"),
        }
    }
}

impl Error for HashError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Problem::Random(source) => Some(source),
            Problem::Hash(_) | Problem::Empty | Problem::Lines => None,
        }
    }
}

/// The `password-hash` of a password: argon2id with 19 MiB, two rounds, one thread and a random salt.
///
/// ```
/// let hash = rrp::daemon::hash_password(&"correct horse".into())?;
/// assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
/// # Ok::<(), rrp::daemon::HashError>(())
/// ```
///
/// # Errors
/// [`HashError`] if the password is empty or more than one line, or the system has no random bytes.
pub fn hash_password(password: &crate::secret::Secret) -> Result<String, HashError> {
    let password = password.expose();
    if password.is_empty() {
        return Err(HashError(Problem::Empty));
    }
    if password.contains(['\n', '\r', '\0']) {
        return Err(HashError(Problem::Lines));
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| HashError(Problem::Random(error)))?;
    hash_with(password.as_bytes(), &salt, Params::default())
}

pub(super) fn hash_with(password: &[u8], salt: &[u8], params: Params) -> Result<String, HashError> {
    let failed = |error| HashError(Problem::Hash(error));
    let salt = SaltString::encode_b64(salt).map_err(failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password(password, &salt).map(|hash| hash.to_string()).map_err(failed)
}

/// Whether a hash is one of this password. What it costs says the hash.
pub(super) fn verify(hash: &str, password: &[u8]) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
}

/// What a refused login is checked against where there is nothing else: the hash of all that costs most.
pub(super) fn dummy<'a>(passwords: impl Iterator<Item = &'a Password>) -> Option<Box<str>> {
    let cost = |hash: &str| {
        let params = PasswordHash::new(hash).and_then(|hash| Params::try_from(&hash));
        params.map_or(0, |params| u64::from(params.m_cost()).saturating_mul(u64::from(params.t_cost())))
    };
    let hashes = passwords.filter_map(|password| match password {
        Password::Hash(hash) => Some(hash),
        Password::Plain(_) => None,
    });
    hashes.max_by_key(|hash| cost(hash)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_its_password_alone() {
        let hash = hash_password(&"secret".into()).unwrap();
        assert!(verify(&hash, b"secret") && !verify(&hash, b"secret ") && !verify(&hash, b""));
        assert!(!verify("", b"") && !verify("secret", b"secret"));
        // The salt differs.
        assert_ne!(hash, hash_password(&"secret".into()).unwrap());
        for wrong in ["", "two\nlines", "nul\0"] {
            let error = hash_password(&wrong.into()).unwrap_err();
            assert!(wrong.is_empty() || !format!("{error} {error:?}").contains(wrong));
        }
    }

    #[test]
    fn the_costliest_hash_stands_for_all() {
        let of = |memory| {
            Password::Hash(
                hash_with(b"x", &[1; 16], Params::new(memory, 1, 1, None).unwrap()).unwrap().into(),
            )
        };
        let all = [Password::Plain("x".into()), of(8), of(64), of(16)];
        assert!(dummy(all.iter()).unwrap().contains("m=64,"));
        assert_eq!(dummy(all[..1].iter()), None);
    }
}
