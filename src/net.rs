//! Over tokio: sessions on live connections, and the codecs for `tokio_util::codec::Framed`.

mod codec;
mod connection;
mod driver;
mod transport;

pub use codec::{CodecError, CommandCodec, Message, ReplyCodec};
pub use connection::{Connection, OpenError};
pub use transport::Transport;
