//! Lines on their way to a file or standard error: a queue, and a thread that writes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait.
const LINES: usize = 1_024;
/// Bytes of a line, its end included.
pub(super) const LINE: usize = 8_192;
const CUT: &str = " (cut)";
/// So long the end of the program waits for what waits to be written.
const FLUSH: Duration = Duration::from_secs(1);
const STACK: usize = 128 * 1_024;

/// Where lines end up.
pub(super) enum Sink {
    Stderr,
    File(File),
    #[cfg(test)]
    Other(Box<dyn Write + Send>),
}

impl Sink {
    /// Standard error, or a file that is appended to; it is made if there is none, for its owner and group.
    pub(super) fn open(file: Option<&Path>) -> io::Result<Self> {
        let Some(path) = file else { return Ok(Self::Stderr) };
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
        options.open(path).map(Self::File)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stderr => io::stderr().write_all(bytes),
            Self::File(file) => file.write_all(bytes),
            #[cfg(test)]
            Self::Other(other) => other.write_all(bytes),
        }
    }
}

enum Message {
    Line(Vec<u8>),
    /// There is another sink.
    Look,
    /// There is nothing before this any more.
    Flush(SyncSender<()>),
}

struct Shared {
    next: Mutex<Option<Sink>>,
    lost: AtomicU64,
}

/// The queue, and its thread. What waits is written when it is dropped, or lost after a second.
pub(super) struct Queue {
    lines: SyncSender<Message>,
    shared: Arc<Shared>,
}

impl Queue {
    pub(super) fn start(sink: Sink) -> io::Result<Self> {
        let (lines, messages) = sync_channel(LINES);
        let shared = Arc::new(Shared { next: Mutex::new(None), lost: AtomicU64::new(0) });
        let theirs = Arc::clone(&shared);
        thread::Builder::new()
            .name("log".to_owned())
            .stack_size(STACK)
            .spawn(move || write(&messages, sink, &theirs))?;
        Ok(Self { lines, shared })
    }

    /// Lines that are not written yet go here.
    pub(super) fn switch(&self, sink: Sink) {
        *self.shared.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(sink);
        // If it does not fit, the thread has lines before it, and looks before each.
        let _ = self.lines.try_send(Message::Look);
    }

    pub(super) fn writer(&self) -> Lines {
        Lines { lines: self.lines.clone(), shared: Arc::clone(&self.shared) }
    }

    /// Waits until everything up to here is written; `false` if that takes too long.
    pub(super) fn flush(&self) -> bool {
        let (done, written) = sync_channel(1);
        // The queue may be full of what nobody takes: then this does not wait for it either.
        self.lines.try_send(Message::Flush(done)).is_ok() && written.recv_timeout(FLUSH).is_ok()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Puts lines into the queue.
#[derive(Clone)]
pub(super) struct Lines {
    lines: SyncSender<Message>,
    shared: Arc<Shared>,
}

impl Write for Lines {
    /// Takes an event as a whole. It does not fail.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.lines.try_send(Message::Line(one_line(event)))
        {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The event on one line of its own that is not too long, whatever it quotes: a tab for each line end, `?` for what else
/// steers a terminal.
fn one_line(event: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(event);
    let text = text.trim_end_matches(['\r', '\n', '\t']);
    let most = LINE.saturating_sub(1);
    let mut line = String::with_capacity(text.len().min(most).saturating_add(1));
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let shown = match char {
            '\r' if chars.peek() == Some(&'\n') => continue,
            '\n' | '\r' | '\t' => '\t',
            // What the text format writes for the ends of lines that it does not trust.
            char if char.is_control() => '?',
            char => char,
        };
        if line.len().saturating_add(shown.len_utf8()) > most {
            line.truncate(line.floor_char_boundary(most.saturating_sub(CUT.len())));
            line.push_str(CUT);
            break;
        }
        line.push(shown);
    }
    line.push('\n');
    line.into_bytes()
}

fn write(messages: &Receiver<Message>, mut sink: Sink, shared: &Shared) {
    // Whether the last line that went out is whole.
    let mut torn = false;
    while let Ok(message) = messages.recv() {
        if let Some(next) = shared.next.lock().unwrap_or_else(PoisonError::into_inner).take() {
            (sink, torn) = (next, false);
        }
        match message {
            Message::Look => {}
            Message::Flush(done) => {
                let _ = done.try_send(());
            }
            Message::Line(line) => {
                if tell_lost(&mut sink, &mut torn, shared)
                    .and_then(|()| put(&mut sink, &mut torn, &line))
                    .is_err()
                {
                    shared.lost.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Says how many lines are missing here, if any.
fn tell_lost(sink: &mut Sink, torn: &mut bool, shared: &Shared) -> io::Result<()> {
    let lost = shared.lost.load(Ordering::Relaxed);
    if lost == 0 {
        return Ok(());
    }
    put(sink, torn, format!("({lost} lines of the log are missing here)\n").as_bytes())?;
    shared.lost.fetch_sub(lost, Ordering::Relaxed);
    Ok(())
}

fn put(sink: &mut Sink, torn: &mut bool, line: &[u8]) -> io::Result<()> {
    if *torn {
        sink.write(b"\n")?;
    }
    *torn = true;
    sink.write(line)?;
    *torn = false;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    #[test]
    fn an_event_is_one_line() {
        for (event, line) in [
            ("a b\n", "a b\n"),
            ("", "\n"),
            ("a\r\nb\nc\rd\r\n", "a\tb\tc\td\n"),
            ("\u{1b}[31mred\u{9b}\0\n", "?[31mred??\n"),
            ("ä\n", "ä\n"),
        ] {
            assert_eq!(String::from_utf8(one_line(event.as_bytes())).unwrap(), line);
        }
        assert_eq!(one_line(b"\xff\n"), "\u{fffd}\n".as_bytes());
        let long = one_line("ä".repeat(5_000).as_bytes());
        assert!(long.len() <= LINE && long.len() > LINE - 4 && long.ends_with(b" (cut)\n"), "{}", long.len());
        let fits = one_line("x".repeat(LINE - 1).as_bytes());
        assert!(fits.len() == LINE && !fits.ends_with(b" (cut)\n"));
    }

    /// A disk that is full at first, after so many bytes.
    struct Full(Sender<Vec<u8>>, usize, Arc<AtomicU64>);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.2.load(Ordering::SeqCst) == 1 {
                let some = bytes.len().min(self.1);
                self.1 -= some;
                if some == 0 {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                self.0.send(bytes[..some].to_vec()).unwrap();
                return Ok(some);
            }
            self.0.send(bytes.to_vec()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_a_full_disk_loses_are_counted_and_told() {
        let (out, written) = channel();
        let full = Arc::new(AtomicU64::new(1));
        let queue = Queue::start(Sink::Other(Box::new(Full(out, 10, Arc::clone(&full))))).unwrap();
        let mut lines = queue.writer();
        for line in ["first\n", "second\n", "third\n"] {
            lines.write_all(line.as_bytes()).unwrap();
        }
        assert!(queue.flush());
        full.store(0, Ordering::SeqCst);
        lines.write_all(b"fourth\n").unwrap();
        assert!(queue.flush());
        drop((queue, lines));
        let written: Vec<u8> = written.iter().flatten().collect();
        let wanted = "first\nseco\n(2 lines of the log are missing here)\nfourth\n";
        assert_eq!(String::from_utf8(written).unwrap(), wanted);
    }

    /// Somebody who does not take what is written before he is told to.
    struct Stuck(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.send(bytes.to_vec()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whoever_logs_does_not_wait_for_whoever_reads() {
        let (go, goes) = channel();
        let (out, written) = channel();
        let queue = Queue::start(Sink::Other(Box::new(Stuck(goes, out)))).unwrap();
        let mut lines = queue.writer();
        // One is on its way, and as many as fit wait.
        let count = LINES + 100;
        (0..count).for_each(|_| lines.write_all(b"line\n").unwrap());
        assert!(!queue.flush(), "it does not come to that");
        drop(go);
        while !queue.flush() {}
        lines.write_all(b"last\n").unwrap();
        assert!(queue.flush());
        drop((queue, lines));
        let written = String::from_utf8(written.iter().flatten().collect()).unwrap();
        let told = written.lines().find(|line| line.starts_with('(')).unwrap();
        let lost: usize = told[1..].split(' ').next().unwrap().parse().unwrap();
        let kept = written.lines().filter(|line| *line == "line").count();
        assert_eq!(kept + lost, count, "each is there or counted");
        assert!(written.ends_with("last\n"));
    }

    #[test]
    fn a_file_is_appended_to_and_opened_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rrp.log");
        std::fs::write(&path, "before\n").unwrap();
        let queue = Queue::start(Sink::open(Some(&path)).unwrap()).unwrap();
        let mut lines = queue.writer();
        lines.write_all(b"one\n").unwrap();
        assert!(queue.flush());
        let rotated = directory.path().join("rrp.log.1");
        std::fs::rename(&path, &rotated).unwrap();
        lines.write_all(b"two\n").unwrap();
        assert!(queue.flush());
        queue.switch(Sink::open(Some(&path)).unwrap());
        lines.write_all(b"three\n").unwrap();
        assert!(queue.flush());
        assert_eq!(std::fs::read_to_string(&rotated).unwrap(), "before\none\ntwo\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
        assert!(Sink::open(Some(&directory.path().join("none/rrp.log"))).is_err());
    }
}
