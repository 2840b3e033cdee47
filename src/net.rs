//! Over tokio: sessions on live connections, connectors for TCP and TLS, and codecs for `tokio_util::codec::Framed`.
//!
//! A [`Connector`] makes a [`Stream`] to an [`Endpoint`], on which [`Connection::open`] logs in, or [`Connection::greet`] waits for the turn to; what goes
//! wrong is a [`ConnectError`] or an [`OpenError`], which know the stage, the cause and what to check. A session runs over any [`Transport`]. [`ReplyCodec`] is the codec of a client,
//! [`CommandCodec`] that of a server.

mod alarm;
mod cause;
mod codec;
mod connect;
mod connection;
mod driver;
mod endpoint;
mod error;
mod greeted;
mod pin;
mod proof;
mod resolve;
mod stream;
#[cfg(feature = "tls")]
mod tls;
mod transport;

pub(crate) use alarm::Alarm;
pub use cause::Cause;
pub use codec::{CodecError, CommandCodec, Message, ReplyCodec};
pub use connect::{ConnectDeadlines, Connector};
pub use connection::{Connection, OpenError};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use error::{Attempt, ConnectError};
pub use greeted::Greeted;
pub use pin::{InvalidPin, Pin};
pub use proof::Proof;
pub use resolve::Family;
pub use stream::Stream;
#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
pub use tls::{PeerCertificate, Tls, TlsError, TlsInfo, TlsVersion, explain_io};
pub use transport::Transport;
