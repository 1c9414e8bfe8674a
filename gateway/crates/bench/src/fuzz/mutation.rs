//! What is done to a valid packet.

use cws_book::random::Random;

/// Longest case, in bytes: beyond it splices are cut off.
pub const CASE_MAX: usize = 4096;
/// Numbers at the edge of what a length or a count can say.
const EDGES: [u64; 10] = [0, 1, 2, 3, 19, 20, 0x7F, 0xFF, 0xFFFF, u64::MAX];

/// Damages `bytes` up to four times. `other` is a valid packet to splice with.
pub fn damage(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=random.below(4) {
        once(random, bytes, other);
    }
    bytes.truncate(CASE_MAX);
}

fn once(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    let Some(at) = place(random, bytes) else {
        return bytes.extend_from_slice(other);
    };
    match random.below(8) {
        0 | 1 => bytes[at] ^= 1 << random.below(8),
        2 => bytes[at] = random.next_u64() as u8,
        3 => bytes.truncate(at),
        4 => splice(random, bytes, other, at),
        5 => bytes.insert(at, random.next_u64() as u8),
        6 => drop(bytes.drain(at..bytes.len().min(at + 1 + random.below(8) as usize))),
        _ => lie(random, bytes, at),
    }
}

fn place(random: &mut Random, bytes: &[u8]) -> Option<usize> {
    (!bytes.is_empty()).then(|| random.below(bytes.len() as u64) as usize)
}

/// The head of one packet and the tail of another.
fn splice(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8], at: usize) {
    let from = place(random, other).unwrap_or(0);
    bytes.truncate(at);
    bytes.extend_from_slice(&other[from..]);
}

/// A number of two, four or eight bytes that may be a length: the edges of what it can say, or a little more or less.
fn lie(random: &mut Random, bytes: &mut [u8], at: usize) {
    let size = [2, 4, 8][random.below(3) as usize];
    let Some(field) = bytes.get_mut(at..at + size) else {
        return;
    };
    let mut word = [0; 8];
    word[8 - size..].copy_from_slice(field);
    let said = u64::from_be_bytes(word);
    let lie = match random.below(4) {
        0 => said.wrapping_add(1),
        1 => said.wrapping_sub(1),
        _ => EDGES[random.below(EDGES.len() as u64) as usize],
    };
    field.copy_from_slice(&lie.to_be_bytes()[8 - size..]);
}
