//! The wire as codecs for `tokio_util::codec::Framed`: [`ReplyCodec`] for a client, [`CommandCodec`] for a server.
//!
//! A codec frames and reads; it does not keep a session. Who uses one keeps to RFC 2832 §4 himself: one command in
//! flight, and after any error, time-out or closing code the connection is dropped.
//!
//! ```
//! use futures_util::{SinkExt, StreamExt};
//! use rrp::command::{Check, Session, ToCommand};
//! use rrp::net::{Message, ReplyCodec};
//! use rrp::verdict::Answer;
//! use tokio::io::AsyncWriteExt;
//! use tokio_util::codec::Framed;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (client, mut server) = tokio::io::duplex(4096);
//! # server.write_all(b"Example RRP Server version 1\r\n.\r\n200 Command completed successfully\r\n.\r\n").await?;
//! # server.write_all(b"211 Domain name not available\r\n.\r\n").await?;
//! let mut session = Framed::new(client, ReplyCodec::default());
//! let Some(Message::Greeting(_)) = session.next().await.transpose()? else { return Err("no greeting".into()) };
//!
//! let login = Session::login("registrarA", "i-am-registrarA")?.to_command();
//! session.send(&login).await?;
//! let Some(Message::Reply(reply)) = session.next().await.transpose()? else { return Err("no reply".into()) };
//! assert!(reply.verdict(login.context()).completed());
//!
//! let check = Check::domain(&"example.com".parse()?).to_command();
//! session.send(&check).await?;
//! let Some(Message::Reply(reply)) = session.next().await.transpose()? else { return Err("no reply".into()) };
//! assert_eq!(reply.verdict(check.context()).answer(), Some(Answer::No));
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::io;

use bytes::BytesMut;
use tokio_util::codec::{Decoder, Encoder};

use crate::command::{Body, Command, Dialect};
use crate::reply::{Reply, ReplyBuilder};
use crate::wire::deframe::{Deframer, FrameError, Grammar, Limits};
use crate::wire::{EncodeError, Greeting, Malformed, decode, encode};

/// What a server sends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Message {
    /// A reply.
    Reply(Reply),
    /// The first frame of a connection, if it announces neither a reply nor a block. Any later one of that kind is
    /// malformed.
    Greeting(Greeting),
}

/// The client's side: commands out, replies in.
#[derive(Clone, Debug)]
pub struct ReplyCodec {
    deframer: Deframer,
    dialect: Dialect,
    greeted: bool,
    broken: Option<Malformed>,
}

impl ReplyCodec {
    /// A codec with these limits on replies, that writes commands in this dialect.
    #[must_use]
    pub const fn new(limits: Limits, dialect: Dialect) -> Self {
        Self { deframer: Deframer::new(limits), dialect, greeted: false, broken: None }
    }
}

impl Default for ReplyCodec {
    /// [`Limits::REPLY`] and [`Dialect::Xrrp`].
    fn default() -> Self {
        Self::new(Limits::REPLY, Dialect::Xrrp)
    }
}

impl Decoder for ReplyCodec {
    type Item = Message;
    type Error = CodecError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Message>, CodecError> {
        if let Some(malformed) = &self.broken {
            return Err(malformed.clone().into());
        }
        let Some(frame) = self.deframer.deframe(buffer)? else { return Ok(None) };
        let first = !core::mem::replace(&mut self.greeted, true);
        Ok(Some(match frame.grammar() {
            Grammar::Text if first => Message::Greeting(Greeting::parse(frame.bytes())),
            // After a malformed frame nothing on the connection is to be believed.
            _ => Message::Reply(
                Reply::parse(&frame).inspect_err(|malformed| self.broken = Some(malformed.clone()))?,
            ),
        }))
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Message>, CodecError> {
        let message = self.decode(buffer)?;
        at_end(message, &self.deframer, buffer)
    }
}

impl Encoder<&Command> for ReplyCodec {
    type Error = CodecError;

    fn encode(&mut self, command: &Command, out: &mut BytesMut) -> Result<(), CodecError> {
        Ok(encode(command.body(), self.dialect, out)?)
    }
}

/// The server's side: commands in, replies out.
#[derive(Clone, Debug)]
pub struct CommandCodec {
    deframer: Deframer,
    broken: Option<Malformed>,
}

impl CommandCodec {
    /// A codec with these limits on commands.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { deframer: Deframer::new(limits), broken: None }
    }
}

impl Default for CommandCodec {
    /// [`Limits::COMMAND`].
    fn default() -> Self {
        Self::new(Limits::COMMAND)
    }
}

impl Decoder for CommandCodec {
    type Item = Body;
    type Error = CodecError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Body>, CodecError> {
        if let Some(malformed) = &self.broken {
            return Err(malformed.clone().into());
        }
        let Some(frame) = self.deframer.deframe(buffer)? else { return Ok(None) };
        Ok(Some(decode(&frame).inspect_err(|malformed| self.broken = Some(malformed.clone()))?))
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Body>, CodecError> {
        let command = self.decode(buffer)?;
        at_end(command, &self.deframer, buffer)
    }
}

impl Encoder<(&ReplyBuilder, Grammar)> for CommandCodec {
    type Error = CodecError;

    fn encode(
        &mut self,
        (reply, grammar): (&ReplyBuilder, Grammar),
        out: &mut BytesMut,
    ) -> Result<(), CodecError> {
        reply.encode(grammar, out);
        Ok(())
    }
}

/// A stream that ends within a frame has lost it.
fn at_end<T>(item: Option<T>, deframer: &Deframer, buffer: &mut BytesMut) -> Result<Option<T>, CodecError> {
    if item.is_some() {
        return Ok(item);
    }
    if !deframer.is_between_frames(buffer) {
        return Err(CodecError(Problem::Incomplete { bytes: buffer.len() }));
    }
    buffer.clear();
    Ok(None)
}

/// Why a codec failed. After any but an [unsent](Self::is_unsent) command the connection is of no more use.
#[derive(Debug)]
pub struct CodecError(Problem);

#[derive(Debug)]
enum Problem {
    Io(io::Error),
    Frame(FrameError),
    Malformed(Malformed),
    Encode(EncodeError),
    Incomplete { bytes: usize },
}

impl CodecError {
    /// Whether it is about a command that was refused before any byte of it was written: the connection is as good as
    /// before.
    #[must_use]
    pub const fn is_unsent(&self) -> bool {
        matches!(self.0, Problem::Encode(_))
    }

    /// Whether the stream ended within a frame.
    #[must_use]
    pub const fn is_incomplete(&self) -> bool {
        matches!(self.0, Problem::Incomplete { .. })
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Io(_) => f.write_str("connection failed"),
            Problem::Frame(_) => f.write_str("framing failed"),
            Problem::Malformed(_) => f.write_str("malformed frame"),
            Problem::Encode(_) => f.write_str("command not encoded"),
            Problem::Incomplete { bytes } => {
                write!(f, "connection ended within a frame, after {bytes} bytes of it")
            }
        }
    }
}

impl std::error::Error for CodecError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Problem::Io(source) => Some(source),
            Problem::Frame(source) => Some(source),
            Problem::Malformed(source) => Some(source),
            Problem::Encode(source) => Some(source),
            Problem::Incomplete { .. } => None,
        }
    }
}

impl From<io::Error> for CodecError {
    fn from(source: io::Error) -> Self {
        Self(Problem::Io(source))
    }
}

impl From<FrameError> for CodecError {
    fn from(source: FrameError) -> Self {
        Self(Problem::Frame(source))
    }
}

impl From<Malformed> for CodecError {
    fn from(source: Malformed) -> Self {
        Self(Problem::Malformed(source))
    }
}

impl From<EncodeError> for CodecError {
    fn from(source: EncodeError) -> Self {
        Self(Problem::Encode(source))
    }
}
