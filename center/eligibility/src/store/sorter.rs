//! Puts any number of short records in order with little memory: what is too much is laid aside in a temporary file, sorted piece by piece.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// How many bytes of records are sorted at a time.
const PIECE: usize = 8 * 1024 * 1024;
/// How many records of a piece are read back at a time.
const AHEAD: usize = 1024;

/// Takes records of `N` bytes in any order. They are ordered as bytes, the first being the most significant.
pub(super) struct Sorter<const N: usize> {
    open: Vec<[u8; N]>,
    /// How many records make a piece.
    piece: usize,
    /// Has no name, so that nothing of it is left whatever happens.
    aside: Option<File>,
    /// How many records each piece in the file has.
    pieces: Vec<u64>,
}

impl<const N: usize> Sorter<N> {
    pub(super) fn new() -> Self {
        Self::with_pieces_of(PIECE / N)
    }

    fn with_pieces_of(piece: usize) -> Self {
        Self { open: Vec::new(), piece, aside: None, pieces: Vec::new() }
    }

    /// Takes one more.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub(super) fn push(&mut self, record: [u8; N]) -> io::Result<()> {
        self.open.push(record);
        if self.open.len() >= self.piece { self.lay_aside() } else { Ok(()) }
    }

    fn lay_aside(&mut self) -> io::Result<()> {
        self.open.sort_unstable();
        let file = match &mut self.aside {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all(self.open.as_flattened())?;
        self.pieces.push(u64::try_from(self.open.len()).unwrap_or(u64::MAX));
        self.open.clear();
        Ok(())
    }

    /// All of them, in order.
    ///
    /// # Errors
    /// When the temporary file cannot be written or read.
    pub(super) fn sorted(mut self) -> io::Result<Sorted<N>> {
        let Some(file) = self.aside.take() else {
            self.open.sort_unstable();
            let runs = vec![Run { ready: self.open.into_iter(), next: 0, end: 0 }];
            return Sorted::begin(None, runs);
        };
        self.aside = Some(file);
        self.lay_aside()?;
        // The memory is needed for reading back.
        self.open = Vec::new();
        let mut end = 0;
        let size = u64::try_from(N).unwrap_or(u64::MAX);
        let runs = self.pieces.iter().map(|records| {
            let next = end;
            end += records * size;
            Run { ready: Vec::new().into_iter(), next, end }
        });
        Sorted::begin(self.aside, runs.collect())
    }
}

/// One sorted piece: what was read back, and where in the file the rest is.
struct Run<const N: usize> {
    ready: std::vec::IntoIter<[u8; N]>,
    next: u64,
    end: u64,
}

impl<const N: usize> Run<N> {
    fn take(&mut self, file: Option<&mut File>) -> io::Result<Option<[u8; N]>> {
        if let Some(record) = self.ready.next() {
            return Ok(Some(record));
        }
        let Some(file) = file.filter(|_| self.next < self.end) else { return Ok(None) };
        let bytes = usize::try_from(self.end - self.next).unwrap_or(usize::MAX).min(AHEAD * N);
        let mut ahead = vec![[0; N]; bytes / N];
        file.seek(SeekFrom::Start(self.next))?;
        file.read_exact(ahead.as_flattened_mut())?;
        self.next += u64::try_from(bytes).unwrap_or(u64::MAX);
        self.ready = ahead.into_iter();
        Ok(self.ready.next())
    }
}

/// The records in order.
pub(super) struct Sorted<const N: usize> {
    file: Option<File>,
    runs: Vec<Run<N>>,
    /// The smallest of each run that is not over, and the run's place.
    heads: BinaryHeap<Reverse<([u8; N], usize)>>,
}

impl<const N: usize> Sorted<N> {
    fn begin(file: Option<File>, runs: Vec<Run<N>>) -> io::Result<Self> {
        let mut sorted = Self { file, runs, heads: BinaryHeap::new() };
        for place in 0..sorted.runs.len() {
            sorted.refill(place)?;
        }
        Ok(sorted)
    }

    fn refill(&mut self, place: usize) -> io::Result<()> {
        let record = self.runs.get_mut(place).map_or(Ok(None), |run| run.take(self.file.as_mut()))?;
        self.heads.extend(record.map(|record| Reverse((record, place))));
        Ok(())
    }

    /// At most `count` of the next ones; none when they are over.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub(super) fn take(&mut self, count: usize) -> io::Result<Vec<[u8; N]>> {
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count
            && let Some(Reverse((record, place))) = self.heads.pop()
        {
            taken.push(record);
            self.refill(place)?;
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(mut sorted: Sorted<2>, at_a_time: usize) -> Vec<[u8; 2]> {
        let mut found = Vec::new();
        loop {
            let taken = sorted.take(at_a_time).unwrap();
            assert!(taken.len() <= at_a_time);
            if taken.is_empty() {
                return found;
            }
            found.extend(taken);
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_goes_out_in_order(mut records in prop::collection::vec(any::<[u8; 2]>(), 0..200), piece in 1..50_usize, count in 1..30_usize) {
            let mut sorter = Sorter::with_pieces_of(piece);
            for record in &records {
                sorter.push(*record).unwrap();
                prop_assert!(sorter.open.len() < piece, "memory is bounded");
            }
            records.sort_unstable();
            prop_assert_eq!(all(sorter.sorted().unwrap(), count), records);
        }
    }

    #[test]
    fn long_pieces_are_read_back_in_parts() {
        let mut sorter = Sorter::with_pieces_of(3 * AHEAD);
        let records: Vec<[u8; 2]> = (0..u16::MAX).map(u16::to_be_bytes).collect();
        for record in records.iter().rev() {
            sorter.push(*record).unwrap();
        }
        assert_eq!(all(sorter.sorted().unwrap(), 1000), records);
    }
}
