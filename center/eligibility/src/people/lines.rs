//! Cuts a stream of bytes into numbered lines, holding one block of it in memory at a time.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::csv::MAX_LINE_BYTES;

/// How much is read at a time.
const BLOCK: usize = 256 * 1024;

/// The lines of a stream; the last one is given the line break that it may lack.
pub(crate) struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    /// How many bytes at the front of the buffer were handed out.
    taken: usize,
    ended: bool,
    /// Inside a line that is far too long.
    skipping: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// The lines of `source`.
    pub(crate) fn new(source: R) -> Self {
        Self { source, buffer: Vec::with_capacity(2 * BLOCK), taken: 0, ended: false, skipping: false }
    }

    /// Reads on; afterwards [`next`](Self::next) gives lines. False when the stream is over and every line was given.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.taken.min(self.buffer.len()));
        self.taken = 0;
        if self.ended {
            return Ok(!self.buffer.is_empty());
        }
        let wanted = self.buffer.len() + BLOCK;
        while self.buffer.len() < wanted {
            let mut limited = (&mut self.source).take(u64::try_from(wanted - self.buffer.len()).unwrap_or(u64::MAX));
            if limited.read_buf(&mut self.buffer).await? == 0 {
                self.ended = true;
                // A last line without its break is a line like any other.
                if self.buffer.last().is_some_and(|last| *last != b'\n') {
                    self.buffer.push(b'\n');
                }
                break;
            }
        }
        Ok(!self.buffer.is_empty())
    }

    /// The next whole line with its line break, or none until [`fill`](Self::fill) has read on. Of a line that is far too long only the
    /// beginning comes, which is too long as well.
    pub(crate) fn next(&mut self) -> Option<&[u8]> {
        if self.skipping {
            let rest = self.buffer.get(self.taken..)?;
            let end = rest.iter().position(|byte| *byte == b'\n');
            self.taken += end.map_or(rest.len(), |end| end + 1);
            self.skipping = end.is_none();
        }
        let rest = self.buffer.get(self.taken..).filter(|rest| !rest.is_empty())?;
        let length = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if rest.len() > 2 * MAX_LINE_BYTES => {
                self.skipping = true;
                rest.len()
            }
            None => return None,
        };
        let from = self.taken;
        self.taken += length;
        self.buffer.get(from..self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(bytes);
        let mut found = Vec::new();
        while lines.fill().await.unwrap() {
            while let Some(line) = lines.next() {
                found.push(line.to_vec());
            }
        }
        found
    }

    #[tokio::test]
    async fn every_line_comes_once_also_the_last_without_its_break() {
        assert_eq!(lines(b"a\nb\r\n\nc").await, [&b"a\n"[..], b"b\r\n", b"\n", b"c\n"]);
        assert!(lines(b"").await.is_empty());
    }

    #[tokio::test]
    async fn lines_across_blocks_stay_whole() {
        let text: String = (0..100_000).map(|n| format!("line {n}\n")).collect();
        let found = lines(text.as_bytes()).await;
        assert_eq!(found.len(), 100_000);
        assert_eq!(found.concat(), text.as_bytes());
    }

    #[tokio::test]
    async fn an_endless_line_does_not_fill_the_memory() {
        let endless = tokio::io::AsyncReadExt::take(tokio::io::repeat(b'x'), 50_000_000);
        let mut lines = Lines::new(tokio::io::AsyncReadExt::chain(endless, &b"\nafter\n"[..]));
        let mut found = Vec::new();
        while lines.fill().await.unwrap() {
            while let Some(line) = lines.next() {
                found.push(line.len());
            }
            assert!(lines.buffer.capacity() < 4 * BLOCK);
        }
        assert_eq!(found.len(), 2, "the long line counts once");
        assert_eq!(found[1], "after\n".len());
    }
}
