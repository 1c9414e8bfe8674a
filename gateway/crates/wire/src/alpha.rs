//! Text of a fixed number of bytes: left-justified, padded with spaces on the right.

/// `text` padded to `N` bytes; None where it is longer or holds anything but printable ASCII.
pub fn padded<const N: usize>(text: &str) -> Option<[u8; N]> {
    let printable = |byte: &u8| (b' '..=b'~').contains(byte);
    if text.len() > N || !text.as_bytes().iter().all(printable) {
        return None;
    }
    let mut alpha = [b' '; N];
    alpha[..text.len()].copy_from_slice(text.as_bytes());
    Some(alpha)
}

/// Without the spaces on the right.
pub fn trimmed(alpha: &[u8]) -> &[u8] {
    alpha.trim_ascii_end()
}
