//! The bytes from a browser, sifted: of a WebSocket message that is too large only its beginning and its end
//! are let through, so that it costs nothing, ends nothing, and can still be told whose it was. Everything else
//! passes as it came. It reads frames' heads and never what they say.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of the beginning that are let through. With the end more than 65,535, so that the length of what is
/// left is written in as many bytes as that of the whole was.
const BEGINNING: u64 = 64 << 10;
/// Bytes of the end that are let through.
const END: u64 = 4 << 10;
/// Stands where something was left out. JSON has it nowhere.
pub(super) const GAP: char = '\0';

/// A stream of a WebSocket's client, sifted.
pub(super) struct Sieve<S> {
    stream: S,
    sifter: Sifter,
    read: Box<[u8]>,
    sifted: Vec<u8>,
    /// How much of `sifted` was handed on.
    handed: usize,
}

/// Where in the bytes it is.
enum Place {
    /// In the answer to the handshake, which ends with an empty line: how much of that was seen.
    Handshake(usize),
    /// In the head of a frame.
    Head(Vec<u8>),
    /// In what a frame carries.
    Passing(u64),
    /// In what a frame carries that is too large: how much of it is ahead.
    Beginning { left: u64, ahead: u64 },
    /// As before, where all is left out.
    Middle { left: u64 },
}

struct Sifter {
    max_frame: u64,
    place: Place,
}

impl<S> Sieve<S> {
    /// Lets frames up to this size pass whole.
    pub(super) fn new(stream: S, max_frame: usize) -> Self {
        Self {
            stream,
            sifter: Sifter {
                max_frame: (max_frame as u64).max(BEGINNING + END),
                place: Place::Handshake(0),
            },
            read: vec![0; 64 << 10].into(),
            sifted: Vec::new(),
            handed: 0,
        }
    }
}

impl Sifter {
    /// Sifts what came next.
    fn sift(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while let Some(first) = bytes.first() {
            match &mut self.place {
                Place::Handshake(seen) => {
                    *seen = match (*seen, first) {
                        (0 | 2, b'\r') | (1 | 3, b'\n') => *seen + 1,
                        (_, b'\r') => 1,
                        _ => 0,
                    };
                    if *seen == 4 {
                        self.place = Place::Head(Vec::new());
                    }
                    out.push(*first);
                    bytes = &bytes[1..];
                }
                Place::Head(head) => {
                    head.push(*first);
                    bytes = &bytes[1..];
                    if let Some(carried) = carried(head) {
                        self.place = begin(head, carried, self.max_frame, out);
                    }
                }
                Place::Passing(left) => {
                    let (now, later) = bytes.split_at(fitting(*left, bytes));
                    out.extend_from_slice(now);
                    *left -= now.len() as u64;
                    bytes = later;
                    if *left == 0 {
                        self.place = Place::Head(Vec::new());
                    }
                }
                Place::Beginning { left, ahead } => {
                    let (now, later) = bytes.split_at(fitting(*left, bytes));
                    out.extend(now.iter().map(plain));
                    *left -= now.len() as u64;
                    bytes = later;
                    if *left == 0 {
                        out.push(GAP as u8);
                        self.place = Place::Middle { left: *ahead };
                    }
                }
                Place::Middle { left } => {
                    let kept_from = left.saturating_sub(END - 1);
                    let (now, later) = bytes.split_at(fitting(*left, bytes));
                    let kept = now.get(fitting(kept_from, now)..).unwrap_or_default();
                    out.extend(kept.iter().map(plain));
                    *left -= now.len() as u64;
                    bytes = later;
                    if *left == 0 {
                        self.place = Place::Head(Vec::new());
                    }
                }
            }
        }
    }
}

/// How many of these bytes belong to the next `left`.
fn fitting(left: u64, bytes: &[u8]) -> usize {
    usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()))
}

/// A cut may go through a character: what is left of it would be no text.
fn plain(byte: &u8) -> u8 {
    if byte.is_ascii() { *byte } else { b'?' }
}

/// How many bytes a frame carries, once its head is whole.
fn carried(head: &[u8]) -> Option<u64> {
    let [_, second, rest @ ..] = head else { return None };
    match (second & 0x7f, rest) {
        (126, rest) => Some(u64::from(u16::from_be_bytes(rest.try_into().ok()?))),
        (127, rest) => Some(u64::from_be_bytes(rest.try_into().ok()?)),
        (few, _) => Some(u64::from(few)),
    }
}

/// Hands on the head of a frame, of one that is too large with the length of what will be left of it.
fn begin(head: &[u8], carried: u64, max_frame: u64, out: &mut Vec<u8>) -> Place {
    if carried > max_frame {
        out.extend_from_slice(&head[..2]);
        out.extend_from_slice(&(BEGINNING + END).to_be_bytes());
        return Place::Beginning {
            left: BEGINNING,
            ahead: carried - BEGINNING,
        };
    }
    out.extend_from_slice(head);
    match carried {
        0 => Place::Head(Vec::new()),
        left => Place::Passing(left),
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sieve<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.handed == this.sifted.len() {
            this.sifted.clear();
            this.handed = 0;
            let mut read = ReadBuf::new(&mut this.read);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.sifter.sift(read.filled(), &mut this.sifted);
        }
        let waiting = this.sifted.get(this.handed..).unwrap_or_default();
        let (now, _) = waiting.split_at(waiting.len().min(buffer.remaining()));
        buffer.put_slice(now);
        this.handed += now.len();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sieve<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDSHAKE: &[u8] = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n";

    fn frame(carried: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x81];
        match carried.len() {
            few @ 0..126 => frame.push(u8::try_from(few).unwrap()),
            some @ 126..65_536 => {
                frame.push(126);
                frame.extend(u16::try_from(some).unwrap().to_be_bytes());
            }
            many => {
                frame.push(127);
                frame.extend((many as u64).to_be_bytes());
            }
        }
        frame.extend(carried);
        frame
    }

    fn sifted(bytes: &[u8], at_once: usize) -> Vec<u8> {
        let mut sieve = Sieve::new((), 100_000);
        let mut out = Vec::new();
        for part in bytes.chunks(at_once) {
            sieve.sifter.sift(part, &mut out);
        }
        out
    }

    #[test]
    fn what_is_not_too_large_passes_as_it_came() {
        let mut stream = HANDSHAKE.to_vec();
        for size in [0, 1, 125, 126, 65_535, 65_536, 100_000] {
            stream.extend(frame(&vec![b'x'; size]));
        }
        for at_once in [1, 2, 7, 4_096, stream.len()] {
            assert_eq!(sifted(&stream, at_once), stream, "{at_once} at once");
        }
    }

    #[test]
    fn of_what_is_too_large_beginning_and_end_are_left_and_the_next_is_whole() {
        let beginning = "a".repeat(65_535) + "ä";
        let end = "z".repeat(4_095);
        for size in [100_001, 1_000_000] {
            let mut large = vec![b'-'; size];
            large[..65_537].copy_from_slice(beginning.as_bytes());
            large[size - 4_095..].copy_from_slice(end.as_bytes());
            let mut stream = HANDSHAKE.to_vec();
            stream.extend(frame(&large));
            stream.extend(frame(b"next"));
            let mut expected = HANDSHAKE.to_vec();
            expected.extend(frame(format!("{}?{GAP}{end}", &beginning[..65_535]).as_bytes()));
            expected.extend(frame(b"next"));
            for at_once in [1, 9, 4_096, stream.len()] {
                assert!(
                    sifted(&stream, at_once) == expected,
                    "{size} bytes, {at_once} at once"
                );
            }
        }
    }
}
