//! Draws the chances of one invented household from its own stream of random numbers, so that it is the same wherever and with whomever it is made.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The random numbers of one household: whole numbers only, the same on every platform.
pub(crate) struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of household number `household` under `seed`.
    pub(crate) fn of(seed: u64, household: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(household);
        Self(rng)
    }

    /// A number from 0 up to, not including, `bound`; 0 when there is none.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        let wide = u64::from(self.0.next_u32()) * u64::from(bound);
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i32, high: i32) -> i32 {
        let width = high.saturating_sub(low).max(0).unsigned_abs().saturating_add(1);
        low.saturating_add(i32::try_from(self.below(width)).unwrap_or(0))
    }

    /// True `per_mille` times in a thousand.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    /// One of `list`, each equally often; the default when the list is empty.
    pub(crate) fn pick<T: Copy + Default>(&mut self, list: &[T]) -> T {
        let index = self.below(u32::try_from(list.len()).unwrap_or(u32::MAX));
        usize::try_from(index).ok().and_then(|index| list.get(index)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_fixed_for_ever() {
        let mut draw = Draw::of(7, 3);
        let first: Vec<u32> = (0..4).map(|_| draw.below(1_000_000)).collect();
        let mut again = Draw::of(7, 3);
        assert_eq!(first, (0..4).map(|_| again.below(1_000_000)).collect::<Vec<_>>());
        let mut other = Draw::of(7, 4);
        assert_ne!(first, (0..4).map(|_| other.below(1_000_000)).collect::<Vec<_>>());
    }

    #[test]
    fn draws_stay_within_their_bounds() {
        let mut draw = Draw::of(1, 1);
        for _ in 0..1000 {
            assert!(draw.below(3) < 3);
            assert!((-2..=2).contains(&draw.between(-2, 2)));
        }
        assert_eq!(draw.below(0), 0);
        assert_eq!(draw.pick::<u8>(&[]), 0);
        assert!(!draw.chance(0));
        assert!(draw.chance(1000));
    }
}
