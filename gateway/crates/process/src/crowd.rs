//! Who leaves when all places of a socket are taken.

use std::time::Instant;

/// The longest silent one of the user that has most, by user and time.
pub(crate) fn who_makes_room(held: &[(u32, Instant)]) -> usize {
    let of = |uid: u32| held.iter().filter(|(other, _)| *other == uid).count();
    let rank = |at: &usize| (usize::MAX - of(held[*at].0), held[*at].1);
    (0..held.len()).min_by_key(rank).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn whoever_holds_most_makes_room() {
        let began = Instant::now();
        let at = |s| began + Duration::from_secs(s);
        let held = [(0, at(0)), (7, at(9)), (7, at(3)), (0, at(1)), (7, at(5))];
        assert_eq!(
            who_makes_room(&held),
            2,
            "its longest silent; root is older and stays"
        );
    }
}
