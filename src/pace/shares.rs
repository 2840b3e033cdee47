//! How the lanes share the pace.

use super::lane::Lane;

/// The weights of the [lanes](Lane). While somebody waits in lanes with weights *W* together, a lane with weight *w* gives
/// *w* of *W* commands; the share of a lane in which nobody waits goes to the others, in proportion.
///
/// The default: settle 4, interactive 4, normal 2, bulk 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    weights: ByLane<u8>,
}

impl Shares {
    /// Settle 4, interactive 4, normal 2, bulk 1.
    pub const DEFAULT: Self = Self { weights: ByLane { settle: 4, interactive: 4, normal: 2, bulk: 1 } };

    /// These, but for the weight of one lane. 0 is taken for 1: no lane starves.
    #[must_use]
    pub const fn with(mut self, lane: Lane, weight: u8) -> Self {
        *self.weights.get_mut(lane) = if weight == 0 { 1 } else { weight };
        self
    }

    /// The weight of a lane, 1 or more.
    #[must_use]
    pub const fn weight(&self, lane: Lane) -> u8 {
        *self.weights.get(lane)
    }

    /// What a command costs its lane: the weights of the others, multiplied. So a lane's price times its weight is the same
    /// for all, and exact.
    pub(super) fn price(&self, lane: Lane) -> u64 {
        let others = Lane::ALL.into_iter().filter(|other| *other != lane);
        others.fold(1, |price, other| u64::from(self.weight(other)).saturating_mul(price))
    }
}

impl Default for Shares {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// One of these for each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByLane<V> {
    settle: V,
    interactive: V,
    normal: V,
    bulk: V,
}

impl<V> ByLane<V> {
    pub(super) fn new(mut each: impl FnMut(Lane) -> V) -> Self {
        Self {
            settle: each(Lane::Settle),
            interactive: each(Lane::Interactive),
            normal: each(Lane::Normal),
            bulk: each(Lane::Bulk),
        }
    }

    pub(super) const fn get(&self, lane: Lane) -> &V {
        match lane {
            Lane::Settle => &self.settle,
            Lane::Interactive => &self.interactive,
            Lane::Normal => &self.normal,
            Lane::Bulk => &self.bulk,
        }
    }

    pub(super) const fn get_mut(&mut self, lane: Lane) -> &mut V {
        match lane {
            Lane::Settle => &mut self.settle,
            Lane::Interactive => &mut self.interactive,
            Lane::Normal => &mut self.normal,
            Lane::Bulk => &mut self.bulk,
        }
    }
}
