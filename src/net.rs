//! Over tokio. So far: the codecs.
//!
//! Floor 5.

mod codec;

pub use codec::{CodecError, CommandCodec, Message, ReplyCodec};
