//! The pin of a public key.

use core::fmt;
use core::str::FromStr;

/// The SHA-256 of a certificate's SubjectPublicKeyInfo, written `sha256/` and 44 characters of base64 (RFC 7469 §2.4).
///
/// It names the key: a renewed certificate for the same key has the same pin. The program prints the pin that it sees;
/// with OpenSSL: `openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64`.
///
/// ```
/// use rrp::net::Pin;
///
/// let pin: Pin = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse()?;
/// assert_eq!(pin.to_string(), "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
/// # Ok::<(), rrp::net::InvalidPin>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pin([u8; 32]);

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Pin {
    /// The pin with this digest.
    #[must_use]
    pub const fn from_sha256(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Pin {
    type Err = InvalidPin;

    /// Reads `sha256/…`, also written `sha256//…` as curl does, or the base64 alone.
    fn from_str(text: &str) -> Result<Self, InvalidPin> {
        let base64 = match text.strip_prefix("sha256/") {
            Some(rest) if rest.len() == 45 => rest.strip_prefix('/').unwrap_or(rest),
            Some(rest) => rest,
            None => text,
        };
        let letters = base64.strip_suffix('=').filter(|letters| letters.len() == 43).ok_or(InvalidPin(()))?;
        let (mut digest, mut at) = ([0; 32], 0..32);
        let (mut bits, mut count) = (0_u32, 0_u8);
        for letter in letters.bytes() {
            let value = ALPHABET.iter().position(|known| *known == letter).ok_or(InvalidPin(()))?;
            // At most 7 bits wait here, so that 13 are the most.
            bits = (bits << 6) | u32::try_from(value).unwrap_or_default();
            count = count.saturating_add(6);
            if count >= 8 {
                count = count.saturating_sub(8);
                let [.., byte] = (bits >> count).to_be_bytes();
                bits &= !(u32::MAX << count);
                if let Some(slot) = at.next().and_then(|at| digest.get_mut(at)) {
                    *slot = byte;
                }
            }
        }
        // 43 letters are 258 bits. Set bits among the two too many would make a second spelling of the same pin.
        if bits == 0 { Ok(Self(digest)) } else { Err(InvalidPin(())) }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256/")?;
        for three in self.0.chunks(3) {
            let [a, b, c] = [0, 1, 2].map(|at| three.get(at).copied().unwrap_or_default());
            let bits = u32::from_be_bytes([0, a, b, c]);
            for (letter, shift) in [18, 12, 6, 0].into_iter().enumerate() {
                let value = usize::try_from((bits >> shift) & 63).unwrap_or_default();
                let filler = letter > three.len();
                let letter = if filler { b'=' } else { ALPHABET.get(value).copied().unwrap_or(b'=') };
                fmt::Write::write_char(f, char::from(letter))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

/// A text that is no [`Pin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPin(());

impl fmt::Display for InvalidPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "pin is not `sha256/` and the base64 of 32 bytes, which is 44 characters with `=` at the end",
        )
    }
}

impl core::error::Error for InvalidPin {}
