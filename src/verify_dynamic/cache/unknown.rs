//! The kids that a fresh look did not find: as much memory for a flood of them as for none.

use std::hash::{BuildHasher as _, RandomState};

use super::plan::Millis;
use crate::limits::MAX_UNKNOWN_KIDS;

/// Remembers when a kid was looked for in vain.
///
/// A kid has one place, by a hash that nobody outside can foresee, and a newer one of the same place
/// pushes it out: nothing grows, and nothing is searched. What is forgotten so costs no fetch; its
/// next token is answered 503 instead of 400 until a look is allowed. (moka takes 340 KiB for as many
/// kids, and gives it back late.)
pub(super) struct UnknownKids {
    hasher: RandomState,
    places: Box<[Option<Place>]>,
}

#[derive(Clone, Copy)]
struct Place {
    hash: u64,
    looked_at: Millis,
}

impl UnknownKids {
    pub(super) fn new() -> Self {
        Self { hasher: RandomState::new(), places: vec![None; MAX_UNKNOWN_KIDS].into() }
    }

    /// Takes note that a look did not find the kid.
    pub(super) fn insert(&mut self, kid: &str, looked_at: Millis) {
        let hash = self.hasher.hash_one(kid);
        if let Some(place) = place_of(hash).and_then(|place| self.places.get_mut(place)) {
            *place = Some(Place { hash, looked_at });
        }
    }

    /// Returns when the kid was looked for.
    pub(super) fn looked_at(&self, kid: &str) -> Option<Millis> {
        let hash = self.hasher.hash_one(kid);
        let place = self.places.get(place_of(hash)?).copied().flatten();
        place.filter(|place| place.hash == hash).map(|place| place.looked_at)
    }
}

fn place_of(hash: u64) -> Option<usize> {
    // In 64 bits: of a cut-off hash most would share one place where a `usize` has 32.
    let places = u64::try_from(MAX_UNKNOWN_KIDS).ok()?;
    usize::try_from(hash.checked_rem(places)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kid_is_remembered_with_the_time_of_the_last_look() {
        let mut kids = UnknownKids::new();
        kids.insert("a", 1);
        kids.insert("a", 2);
        assert_eq!(kids.looked_at("a"), Some(2));
        assert_eq!(kids.looked_at("b"), None);
    }

    #[test]
    fn a_flood_pushes_out_the_old_and_nothing_grows() {
        let mut kids = UnknownKids::new();
        let name = |n: usize| format!("kid-{n}");
        for n in 0..100 * MAX_UNKNOWN_KIDS {
            kids.insert(&name(n), 1);
            assert_eq!(kids.looked_at(&name(n)), Some(1));
        }
        assert_eq!(kids.places.len(), MAX_UNKNOWN_KIDS);
        let early = (0..MAX_UNKNOWN_KIDS).filter(|n| kids.looked_at(&name(*n)).is_some());
        assert!(early.count() < MAX_UNKNOWN_KIDS / 100);
    }
}
