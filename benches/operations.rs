//! What is done to an input, ours and the references: each is a closure that can be run again and again.

use std::fmt;
use std::hint::black_box;
use std::mem;

use bytes::BytesMut;
use rrp::Reply;
use rrp::wire::Index;
use rrp::wire::deframe::{Deframer, Limits};

use crate::inputs::Input;
use crate::reference;

/// How the input is cut before it is framed or copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Whole,
    /// 1,460 bytes: one TCP segment of an Ethernet frame.
    Segments,
    Bytes,
}

impl Cut {
    const fn size(self) -> usize {
        match self {
            Self::Whole => usize::MAX,
            Self::Segments => 1_460,
            Self::Bytes => 1,
        }
    }
}

/// Something to do with an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Reads whole frames into storage that is used again and again.
    Index,
    /// Reads whole frames into new storage.
    Fresh,
    /// Reads code and text alone.
    Peek,
    /// Finds the frames in a buffer that is used again and again.
    Deframe(Cut),
    /// Appends the same chunks to the same buffer, and looks for nothing: the reference of framing.
    Copy(Cut),
    /// See [`reference::two_scans`].
    TwoScans,
    /// Counts line ends: the reference of any search for lines.
    Memchr,
    /// Copies frames: the reference of any touching of bytes.
    Memcpy,
    /// Reads as many headers.
    Httparse,
    /// See [`reference::map`].
    HashMap,
}

impl Operation {
    pub(crate) const ALL: [Self; 14] = [
        Self::Index,
        Self::Fresh,
        Self::Peek,
        Self::TwoScans,
        Self::Memchr,
        Self::Memcpy,
        Self::Httparse,
        Self::HashMap,
        Self::Deframe(Cut::Whole),
        Self::Copy(Cut::Whole),
        Self::Deframe(Cut::Segments),
        Self::Copy(Cut::Segments),
        Self::Deframe(Cut::Bytes),
        Self::Copy(Cut::Bytes),
    ];

    /// How many bytes of the input it has to do with.
    pub(crate) fn bytes(self, input: &Input) -> usize {
        match self {
            Self::Deframe(_) | Self::Copy(_) => input.wire.len(),
            _ => input.frame_bytes(),
        }
    }

    /// One run of it over the whole input.
    pub(crate) fn work<'i>(self, input: &'i Input) -> Box<dyn FnMut() + 'i> {
        match self {
            Self::Index => {
                let mut index = Index::new();
                Box::new(move || {
                    for frame in black_box(&input.frames) {
                        let reply = Reply::parse_into(frame, mem::take(&mut index)).expect("a reply");
                        index = black_box(reply).into_index();
                    }
                })
            }
            Self::Fresh => Box::new(move || {
                for frame in black_box(&input.frames) {
                    black_box(Reply::parse(frame).expect("a reply"));
                }
            }),
            Self::Peek => Box::new(move || {
                for frame in black_box(&input.frames) {
                    black_box(Reply::peek(frame).expect("a reply"));
                }
            }),
            Self::Deframe(cut) => {
                let mut deframer = Deframer::new(Limits::REPLY);
                let mut buffer = BytesMut::with_capacity(input.wire.len());
                Box::new(move || {
                    for chunk in black_box(&input.wire).chunks(cut.size()) {
                        buffer.extend_from_slice(chunk);
                        while let Ok(Some(frame)) = deframer.deframe(&mut buffer) {
                            black_box(frame);
                        }
                    }
                    assert!(buffer.is_empty(), "all frames are found");
                })
            }
            Self::Copy(cut) => {
                let mut buffer = BytesMut::with_capacity(input.wire.len());
                Box::new(move || {
                    for chunk in black_box(&input.wire).chunks(cut.size()) {
                        buffer.extend_from_slice(chunk);
                        black_box(&mut buffer);
                    }
                    buffer.clear();
                })
            }
            Self::TwoScans => {
                let mut entries = Vec::new();
                Box::new(move || {
                    for frame in black_box(&input.frames) {
                        reference::two_scans(frame.bytes(), reference::separator(frame), &mut entries);
                        black_box(&mut entries);
                    }
                })
            }
            Self::Memchr => Box::new(move || {
                for frame in black_box(&input.frames) {
                    black_box(memchr::memchr_iter(b'\n', frame.bytes()).count());
                }
            }),
            Self::Memcpy => {
                let mut copy = Vec::new();
                Box::new(move || {
                    for frame in black_box(&input.frames) {
                        copy.clear();
                        copy.extend_from_slice(frame.bytes());
                        black_box(&mut copy);
                    }
                })
            }
            Self::Httparse => {
                let room = input.frames.iter().map(reference::header_room).max().unwrap_or_default();
                let mut headers = vec![httparse::EMPTY_HEADER; room];
                Box::new(move || {
                    for head in black_box(input.http()) {
                        let mut response = httparse::Response::new(&mut headers);
                        let status = response.parse(head).expect("a response");
                        assert!(status.is_complete(), "all headers");
                        black_box(&response);
                    }
                })
            }
            Self::HashMap => Box::new(move || {
                for frame in black_box(&input.frames) {
                    black_box(reference::map(frame.bytes(), reference::separator(frame)));
                }
            }),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Index => "index",
            Self::Fresh => "fresh",
            Self::Peek => "peek",
            Self::Deframe(Cut::Whole) => "deframe_whole",
            Self::Deframe(Cut::Segments) => "deframe_1460",
            Self::Deframe(Cut::Bytes) => "deframe_1",
            Self::Copy(Cut::Whole) => "copy_whole",
            Self::Copy(Cut::Segments) => "copy_1460",
            Self::Copy(Cut::Bytes) => "copy_1",
            Self::TwoScans => "two_scans",
            Self::Memchr => "memchr",
            Self::Memcpy => "memcpy",
            Self::Httparse => "httparse",
            Self::HashMap => "hash_map",
        })
    }
}
