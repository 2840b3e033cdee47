//! Over tokio. So far the codecs, for `tokio_util::codec::Framed`: [`ReplyCodec`] for a client, [`CommandCodec`] for a server.

mod codec;

pub use codec::{CodecError, CommandCodec, Message, ReplyCodec};
