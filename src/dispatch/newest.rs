//! A map with an end: what was put in longest ago is forgotten.

use core::hash::Hash;
use std::collections::{BTreeMap, HashMap};

/// Holds so many keys at the most. To put one in again makes it the newest.
#[derive(Debug)]
pub(super) struct Newest<K, V> {
    held: HashMap<K, (u64, V)>,
    /// The oldest first.
    order: BTreeMap<u64, K>,
    last: u64,
    max: usize,
}

impl<K: Clone + Eq + Hash, V> Newest<K, V> {
    pub(super) fn new(max: usize) -> Self {
        Self { held: HashMap::new(), order: BTreeMap::new(), last: 0, max }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.held.get(key).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.held.get_mut(key).map(|(_, value)| value)
    }

    pub(super) fn put(&mut self, key: K, value: V) {
        self.remove(&key);
        self.last = self.last.saturating_add(1);
        self.order.insert(self.last, key.clone());
        self.held.insert(key, (self.last, value));
        while self.held.len() > self.max {
            let Some((_, oldest)) = self.order.pop_first() else { return };
            self.held.remove(&oldest);
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (at, value) = self.held.remove(key)?;
        self.order.remove(&at);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_longest_ago_is_forgotten() {
        let mut newest = Newest::new(3);
        for key in [1, 2, 3, 1, 2, 2] {
            newest.put(key, key * 10);
        }
        newest.put(4, 40);
        assert_eq!([1, 2, 3, 4].map(|key| newest.get(&key).copied()), [Some(10), Some(20), None, Some(40)]);
        // What was removed, and put in again, is not forgotten in its old place.
        assert_eq!(newest.remove(&1), Some(10));
        newest.put(1, 11);
        newest.put(5, 50);
        assert_eq!([1, 2, 4, 5].map(|key| newest.get(&key).copied()), [Some(11), None, Some(40), Some(50)]);
        assert_eq!((newest.held.len(), newest.order.len()), (3, 3));
        for key in [1, 4, 5] {
            newest.remove(&key);
        }
        assert!(newest.is_empty() && newest.order.is_empty());
    }
}
