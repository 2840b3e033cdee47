//! The simulation's own dice: the same seed throws the same numbers.

/// SplitMix64 (Steele, Lea, Flood, 2014).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Whether something of this probability happens: never at 0 and below or NaN, always at 1 and above.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let thrown = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        thrown < probability
    }

    /// Letters and digits, for codes and tokens.
    pub(super) fn word(&mut self, len: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijkmnopqrstuvwxyz23456789";
        (0..len)
            .filter_map(|_| {
                let at = self.next().checked_rem(LETTERS.len() as u64)?;
                LETTERS.get(usize::try_from(at).ok()?).map(|letter| char::from(*letter))
            })
            .collect()
    }
}
