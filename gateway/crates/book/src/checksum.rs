//! The obvious book's checksum, in the words of [`crate::rules`].

use std::collections::VecDeque;

use crate::reference::Resting;

pub(crate) fn fold(sum: u64, word: u64) -> u64 {
    (sum ^ word)
        .rotate_left(29)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

pub(crate) fn fold_side<'a>(
    sum: u64,
    levels: impl ExactSizeIterator<Item = (&'a u32, &'a VecDeque<Resting>)>,
) -> u64 {
    let sum = fold(sum, levels.len() as u64);
    levels.fold(sum, |sum, (price, queue)| {
        let shares = queue.iter().map(|order| u64::from(order.shares)).sum();
        let level = [u64::from(*price), shares, queue.len() as u64];
        let sum = level.into_iter().fold(sum, fold);
        queue.iter().fold(sum, |sum, order| {
            fold(fold(sum, order.reference), u64::from(order.shares))
        })
    })
}
