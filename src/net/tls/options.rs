//! What a TLS connection asks of the server, and what it shows.

use core::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use rustls::{RootCertStore, SupportedProtocolVersion, version};

use super::certificate::shown;
use crate::net::Pin;

/// The largest file of certificates or keys that is read, in bytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 and above (RFC 5246).
    #[default]
    V1_2,
    /// TLS 1.3 and above (RFC 8446).
    V1_3,
}

impl TlsVersion {
    pub(super) const fn and_above(self) -> &'static [&'static SupportedProtocolVersion] {
        static FROM_1_2: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];
        static FROM_1_3: [&SupportedProtocolVersion; 1] = [&version::TLS13];
        match self {
            Self::V1_2 => &FROM_1_2,
            Self::V1_3 => &FROM_1_3,
        }
    }
}

/// What a TLS connection asks of the server, and what it shows.
///
/// Files, of at most 16 MiB, are read when they are named, so that a mistake shows before anything is connected; later changes of them are
/// not seen. Revocation is not looked up.
///
/// ```
/// use rrp::net::{Connector, Pin, Tls, TlsVersion};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = Tls::platform_roots()?
///     .pin("sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse()?)
///     .min_version(TlsVersion::V1_3);
/// let connector = Connector::tls(tls);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tls {
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) clock: Arc<dyn TimeProvider>,
    pub(super) roots: Arc<RootCertStore>,
    pub(super) checks_chain: bool,
    pub(super) pins: Vec<Pin>,
    pub(super) server_name: Option<String>,
    pub(super) own_certificate: Option<Arc<CertifiedKey>>,
    pub(super) min_version: TlsVersion,
}

impl Tls {
    fn new(roots: RootCertStore) -> Self {
        Self {
            provider: Arc::new(ring::default_provider()),
            clock: Arc::new(DefaultTimeProvider),
            roots: Arc::new(roots),
            checks_chain: true,
            pins: Vec::new(),
            server_name: None,
            own_certificate: None,
            min_version: TlsVersion::V1_2,
        }
    }

    /// Trusts the CAs that this machine trusts. On Unix `SSL_CERT_FILE` and `SSL_CERT_DIR` say where they are, if set.
    ///
    /// # Errors
    /// [`TlsError`] if none is found, as in a container without a package of CAs.
    pub fn platform_roots() -> Result<Self, TlsError> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        // Old platforms have a few that cannot be read. Nothing is trusted for them, which is safe.
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let why = found.errors.first().map(|error| shown(&error.to_string()));
            return Err(TlsError::new(Problem::NoPlatformRoots { why }));
        }
        Ok(Self::new(roots))
    }

    /// Trusts the CAs of this PEM file, and no others.
    ///
    /// # Errors
    /// [`TlsError`] if it cannot be read, has no certificate, or one that cannot be used.
    pub fn ca_file(path: impl AsRef<Path>) -> Result<Self, TlsError> {
        Self::new(RootCertStore::empty()).add_ca_file(path)
    }

    /// Trusts the CAs of this PEM text, and no others.
    ///
    /// # Errors
    /// [`TlsError`] if it has no certificate, or one that cannot be used.
    pub fn ca_pem(pem: &[u8]) -> Result<Self, TlsError> {
        Self::new(RootCertStore::empty()).add_ca_pem(pem)
    }

    /// Trusts a server for its key alone, one of these: whoever issued its certificate, to whomever, and for whatever time.
    ///
    /// # Errors
    /// [`TlsError`] if there is no pin.
    pub fn pinned_key_only(pins: impl IntoIterator<Item = Pin>) -> Result<Self, TlsError> {
        let mut tls = Self::new(RootCertStore::empty());
        tls.checks_chain = false;
        tls.pins.extend(pins);
        if tls.pins.is_empty() { Err(TlsError::new(Problem::NoPin)) } else { Ok(tls) }
    }

    /// **Trusts any server whatsoever**, so that anybody on the way can read the password and change every command. To find
    /// out a key's pin, or against a test system that nothing depends on.
    ///
    /// Each connection logs a warning with the pin to use instead ([`TlsInfo::warning`](super::TlsInfo::warning)), and its
    /// [`TlsInfo::verified`](super::TlsInfo::verified) is `false`. If pins are added, they are checked, and nothing is
    /// left of the danger.
    #[must_use]
    pub fn danger_accept_any_certificate() -> Self {
        let mut tls = Self::new(RootCertStore::empty());
        tls.checks_chain = false;
        tls
    }

    /// Trusts the CAs of this PEM file too. Whatever else was chosen, a chain is asked for from here on.
    ///
    /// # Errors
    /// [`TlsError`] if it cannot be read, has no certificate, or one that cannot be used.
    pub fn add_ca_file(self, path: impl AsRef<Path>) -> Result<Self, TlsError> {
        let path = path.as_ref();
        self.add_ca_pem(&read(path)?).map_err(|error| error.in_file(path))
    }

    /// Trusts the CAs of this PEM text too. Whatever else was chosen, a chain is asked for from here on: with
    /// [`pinned_key_only`](Self::pinned_key_only) both must hold.
    ///
    /// # Errors
    /// [`TlsError`] if it has no certificate, or one that cannot be used.
    pub fn add_ca_pem(mut self, pem: &[u8]) -> Result<Self, TlsError> {
        self.checks_chain = true;
        let roots = Arc::make_mut(&mut self.roots);
        for certificate in certificates(pem)? {
            roots.add(certificate).map_err(|error| TlsError::new(Problem::Certificate(error)))?;
        }
        Ok(self)
    }

    /// Asks for this name, a host's or an address, instead of the endpoint's host: in the certificate and in the handshake.
    ///
    /// # Errors
    /// [`TlsError`] if it is neither.
    pub fn server_name(mut self, name: &str) -> Result<Self, TlsError> {
        if ServerName::try_from(name).is_err() {
            return Err(TlsError::new(Problem::ServerName));
        }
        self.server_name = Some(name.into());
        Ok(self)
    }

    /// Shows this certificate, with those above it, if the server asks for one: PEM texts. Both may be the same text.
    ///
    /// The key is PKCS #8, PKCS #1 or SEC 1, without a passphrase.
    ///
    /// # Errors
    /// [`TlsError`] if there is no certificate or key, or they do not belong together.
    pub fn client_certificate(mut self, certificates_pem: &[u8], key_pem: &[u8]) -> Result<Self, TlsError> {
        let certificates = certificates(certificates_pem)?;
        let key = private_key(key_pem)?;
        let own = CertifiedKey::from_der(certificates, key, &self.provider)
            .map_err(|error| TlsError::new(Problem::OwnCertificate(error)))?;
        self.own_certificate = Some(Arc::new(own));
        Ok(self)
    }

    /// As [`client_certificate`](Self::client_certificate), out of files. Both may be the same file.
    ///
    /// # Errors
    /// [`TlsError`] if one cannot be read, there is no certificate or key, or they do not belong together.
    pub fn client_certificate_files(
        self,
        certificates: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        let (certificates, key) = (certificates.as_ref(), key.as_ref());
        let (certificates_pem, key_pem) = (read(certificates)?, zeroize::Zeroizing::new(read(key)?));
        self.client_certificate(&certificates_pem, &key_pem).map_err(|error| match error.problem {
            Problem::NoKey | Problem::EncryptedKey => error.in_file(key),
            _ => error.in_file(certificates),
        })
    }

    /// Also asks the server's key to be the one of this pin, or of another one that was given.
    ///
    /// It is the key of the server's own certificate that counts, not those above it.
    #[must_use]
    pub fn pin(mut self, pin: Pin) -> Self {
        self.pins.push(pin);
        self
    }

    /// The oldest version of TLS that is spoken. TLS 1.2 if nothing is said.
    #[must_use]
    pub const fn min_version(mut self, version: TlsVersion) -> Self {
        self.min_version = version;
        self
    }

    /// What time it is, for the dates of certificates. The system's clock if nothing is said.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(Clock(now));
        self
    }

    /// Whether a connection that came about is to the right server.
    pub(super) const fn verifies(&self) -> bool {
        self.checks_chain || !self.pins.is_empty()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("roots", &self.roots.len())
            .field("checks_chain", &self.checks_chain)
            .field("pins", &self.pins)
            .field("server_name", &self.server_name)
            .field("own_certificate", &self.own_certificate.is_some())
            .field("min_version", &self.min_version)
            .finish_non_exhaustive()
    }
}

struct Clock<F>(F);

impl<F> fmt::Debug for Clock<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl<F: Fn() -> SystemTime + Send + Sync> TimeProvider for Clock<F> {
    fn current_time(&self) -> Option<UnixTime> {
        (self.0)().duration_since(UNIX_EPOCH).ok().map(UnixTime::since_unix_epoch)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    // Room for all of it, that no part of a key stays behind where the text grew.
    let room = std::fs::metadata(path).map_or(0, |metadata| metadata.len().min(MAX_FILE).saturating_add(1));
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or_default());
    let read =
        File::open(path).and_then(|file| file.take(MAX_FILE.saturating_add(1)).read_to_end(&mut bytes));
    match read {
        Ok(len) if u64::try_from(len).is_ok_and(|len| len <= MAX_FILE) => Ok(bytes),
        Ok(_) => Err(TlsError::new(Problem::FileTooLarge).in_file(path)),
        Err(error) => Err(TlsError::new(Problem::File(error)).in_file(path)),
    }
}

/// The certificates of a PEM text, at least one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        certificates.push(certificate.map_err(|_| TlsError::new(Problem::Pem))?);
    }
    if certificates.is_empty() { Err(TlsError::new(Problem::NoCertificate)) } else { Ok(certificates) }
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    use rustls::pki_types::pem::Error;
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
        let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY";
        TlsError::new(match error {
            Error::NoItemsFound if pem.windows(encrypted.len()).any(|window| window == encrypted) => {
                Problem::EncryptedKey
            }
            Error::NoItemsFound => Problem::NoKey,
            _ => Problem::Pem,
        })
    })
}

/// Why a [`Tls`] could not be made. Never shows a key.
#[derive(Debug)]
pub struct TlsError {
    problem: Problem,
    file: Option<PathBuf>,
}

#[derive(Debug)]
enum Problem {
    File(io::Error),
    FileTooLarge,
    Pem,
    NoCertificate,
    Certificate(rustls::Error),
    NoKey,
    EncryptedKey,
    OwnCertificate(rustls::Error),
    NoPlatformRoots { why: Option<String> },
    NoPin,
    ServerName,
}

impl TlsError {
    const fn new(problem: Problem) -> Self {
        Self { problem, file: None }
    }

    fn in_file(mut self, path: &Path) -> Self {
        self.file.get_or_insert_with(|| path.to_owned());
        self
    }

    /// The file that it is about, if it is about one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "`{}`: ", shown(&file.to_string_lossy()))?;
        }
        match &self.problem {
            Problem::File(_) => f.write_str("file cannot be read"),
            Problem::FileTooLarge => write!(f, "file is larger than {MAX_FILE} bytes"),
            Problem::Pem => f.write_str("PEM text is broken"),
            Problem::NoCertificate => f.write_str("no certificate in PEM (`-----BEGIN CERTIFICATE-----`)"),
            Problem::Certificate(_) => f.write_str("CA certificate cannot be used"),
            Problem::NoKey => f.write_str("no private key in PEM (`-----BEGIN PRIVATE KEY-----`)"),
            Problem::EncryptedKey => f.write_str(
                "private key has a passphrase: store it without one, readable for this program only",
            ),
            Problem::OwnCertificate(rustls::Error::InconsistentKeys(_)) => {
                f.write_str("private key does not belong to the client certificate, which must come first")
            }
            Problem::OwnCertificate(_) => f.write_str("client certificate or its key cannot be used"),
            Problem::NoPlatformRoots { why } => {
                f.write_str(
                    "no CA certificates on this machine: install its package of CAs, or name a CA file",
                )?;
                match why {
                    Some(why) => write!(f, " ({why})"),
                    None => Ok(()),
                }
            }
            Problem::NoPin => f.write_str("no key is pinned, so that no server could be trusted"),
            Problem::ServerName => {
                f.write_str("server name is neither a host's name in ASCII nor an address")
            }
        }
    }
}

impl core::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.problem {
            Problem::File(error) => Some(error),
            Problem::Certificate(error) | Problem::OwnCertificate(error) => Some(error),
            _ => None,
        }
    }
}
