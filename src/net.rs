//! Over tokio. So far: the codecs.

mod codec;

pub use codec::{CodecError, CommandCodec, Message, ReplyCodec};
