//! Secrets: passwords and codes that no build of the crate prints.
//!
//! Redaction is by type, and by name where a secret arrives in a reply: see [`is_secret_name`].

use core::fmt;

use zeroize::Zeroizing;

/// What is printed in place of a secret.
pub const REDACTED: &str = "***";

/// A text that is never printed and is wiped from memory when dropped.
///
/// There is no `Display`; `Debug` prints three asterisks. [`expose`](Self::expose) is the one way to the text.
///
/// ```
/// let password = rrp::Secret::from("i-am-registrarA");
/// assert_eq!(format!("{password:?}"), "Secret(***)");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over the text.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// The text itself. Whoever calls this answers for where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({REDACTED})")
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret.to_owned())
    }
}

impl PartialEq for Secret {
    /// Takes the same time wherever the first difference lies.
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.expose().as_bytes(), other.expose().as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0_u8, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

impl Eq for Secret {}

/// Whether an attribute, property or parameter of this name carries a secret.
///
/// By what the name contains, without case, blanks and punctuation: `auth`, `password`, `sessionid`, `X-AUTH-CODE`,
/// `new password`, `creditcard number`, `token` … It errs on the side of silence.
///
/// ```
/// use rrp::secret::is_secret_name;
///
/// assert!(is_secret_name("Auth") && is_secret_name("-NewPassword") && is_secret_name("session id"));
/// assert!(!is_secret_name("domain") && !is_secret_name("registration expiration date"));
/// ```
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    // Their first letters stand below, too.
    const PARTS: [&[u8]; 28] = [
        b"auth",
        b"passw",
        b"passphrase",
        b"passcode",
        b"secret",
        b"session",
        b"token",
        b"apikey",
        b"privatekey",
        b"privkey",
        b"accesskey",
        b"transferkey",
        b"eppkey",
        b"eppcode",
        b"transfercode",
        b"credential",
        b"cookie",
        b"creditcard",
        b"cardno",
        b"cardnumber",
        b"cvc",
        b"cvv",
        b"tsig",
        b"mtan",
        b"claimkey",
        b"markcode",
        b"verificationcode",
        b"verificationtag",
    ];
    let letters = word(name);
    // Most letters begin none of them.
    let begins = |rest: &[u8]| {
        matches!(rest.first(), Some(b'a' | b'c' | b'e' | b'm' | b'p' | b's' | b't' | b'v'))
            && PARTS.iter().any(|part| rest.starts_with(part))
    };
    (0..letters.len()).any(|at| letters.get(at..).is_some_and(begins))
        || ends_secret(&letters)
        // `property[pw][0]`, `pw_new`, `pin-repeat`
        || letters.len() < name.len()
            && name.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| ends_secret(&word(part)))
}

/// Letters and digits alone, lowered.
fn word(text: &str) -> Vec<u8> {
    let mut word = Vec::with_capacity(text.len());
    word.extend(text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()));
    word
}

/// Whether a word, without its index, ends like the name of a secret: `pw2`.
fn ends_secret(word: &[u8]) -> bool {
    const ENDS: [&[u8]; 12] = [
        b"pw",
        b"pwd",
        b"pass",
        b"passkey",
        b"passhash",
        b"pwhash",
        b"pin",
        b"pincode",
        b"otp",
        b"iban",
        b"ccnumber",
        b"puk",
    ];
    let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let letters = word.get(..word.len().saturating_sub(digits)).unwrap_or_default();
    ENDS.iter().any(|end| letters.ends_with(end))
}

/// Whether a text assigns a secret anywhere, as the operation logs do that some replies quote (`AUTH=…` as the value of
/// a property), addresses (`https://…?token=…`) and refusals (`user: PASSWORD=…`).
///
/// By the last six words before each `=`, `:` and `>`; an address with a user in it is one too.
#[must_use]
pub fn assigns_secret(text: &str) -> bool {
    /// So many words before the separator are looked at.
    const NEAR: usize = 6;
    if text.contains("://") && text.contains('@') {
        return true;
    }
    let mut names = text.split(['=', ':', '>']);
    names.next_back();
    names.any(|name| {
        // `auth code of x.com: …`, but not `Authentication failed: …`.
        let words: Vec<&str> =
            name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let outcome = |word: &str| {
            ["authentication", "authorization", "authorisation"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(word))
        };
        let last = words.len().saturating_sub(NEAR);
        let near = words.get(last..).unwrap_or_default();
        near.iter().any(|word| !outcome(word) && is_secret_name(word))
            || near
                .windows(2)
                .any(|pair| is_secret_name(&pair.concat()) && !pair.iter().any(|word| outcome(word)))
    })
}
