//! Chance that falls the same on every machine and in every version: `ChaCha8` by its published algorithm, and integer scaling
//! of our own, because the distributions of `rand` may change between its versions.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        for (byte, value) in bytes.iter_mut().zip(seed.to_le_bytes()) {
            *byte = value;
        }
        Self(ChaCha8Rng::from_seed(bytes))
    }

    /// 0 to `n` - 1; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        let scaled = (u64::from(self.0.next_u32()) * u64::from(n)) >> 32;
        u32::try_from(scaled).unwrap_or(0)
    }

    /// `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in so many of a thousand.
    pub(super) fn permille(&mut self, share: u32) -> bool {
        self.below(1_000) < share
    }

    /// One of them; none of none.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let index = self.below(u32::try_from(of.len()).ok()?);
        of.get(usize::try_from(index).ok()?)
    }

    /// One of them by weight; none when all weights are 0.
    pub(super) fn weighted<'a, T>(&mut self, of: &'a [T], weight: impl Fn(&T) -> u32) -> Option<&'a T> {
        let total = of.iter().map(&weight).sum();
        let mut at = self.below(total);
        of.iter().find(|item| {
            let weight = weight(item);
            let here = at < weight;
            at = at.saturating_sub(weight);
            here
        })
    }

    pub(super) fn bytes(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dice_fall_the_same_everywhere() {
        let mut dice = Dice::new(2025);
        let rolls: Vec<u32> = (0..8).map(|_| dice.below(1_000_000)).collect();
        assert_eq!(rolls, PINNED);
        assert_ne!(Dice::new(2026).below(1_000_000), PINNED[0]);
    }
    const PINNED: [u32; 8] = [784_131, 127_024, 430_630, 666_214, 188_620, 405_307, 14_492, 2_505];

    #[test]
    fn weights_are_kept_and_nothing_is_picked_from_nothing() {
        let mut dice = Dice::new(1);
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            counts[*dice.weighted(&[0, 1, 2], |i| [1, 0, 3][*i]).unwrap()] += 1;
        }
        assert!((2_300..2_700).contains(&counts[0]) && counts[1] == 0, "{counts:?}");
        assert_eq!(dice.weighted(&[0, 1], |_| 0), None);
        assert_eq!(dice.pick::<u8>(&[]), None);
        assert!((0..1_000).all(|_| (3..=5).contains(&dice.between(3, 5))));
    }
}
