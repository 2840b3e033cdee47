//! TLS by rustls: what is trusted, what we show, and the handshake.

mod certificate;
mod explain;
mod handshake;
mod info;
mod options;
mod tap;
mod verify;

pub use certificate::PeerCertificate;
pub use explain::explain_io;
pub(super) use handshake::{TlsTransport, handshake};
pub use info::TlsInfo;
pub use options::{Tls, TlsError, TlsVersion};
