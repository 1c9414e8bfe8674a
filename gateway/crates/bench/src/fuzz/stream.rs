//! SoupBinTCP's reader: whatever pieces a stream comes in, it is cut at the same places.

use cws_book::random::Random;
use cws_wire::WireError;
use cws_wire::soup::FrameReader;

const LIMIT: usize = 512;

/// Takes every packet that is whole: how many, how many bytes, and the refusal that ended it.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (u64, u64, Result<(), WireError>) {
    let mut reader = FrameReader::new(LIMIT);
    let (mut packets, mut length) = (0, 0);
    for piece in pieces {
        let mut rest = piece;
        while !rest.is_empty() {
            rest = &rest[reader.push(rest)..];
            loop {
                match reader.next_packet() {
                    Ok(Some(packet)) => {
                        packets += 1;
                        length += packet.len() as u64;
                    }
                    Ok(None) => break,
                    Err(error) => return (packets, length, Err(error)),
                }
            }
        }
    }
    (packets, length, Ok(()))
}

/// # Errors
/// The refusal that the stream ends with.
pub fn refusal(bytes: &[u8]) -> Result<(), WireError> {
    read(std::iter::once(bytes)).2
}

/// Whether a stream in random pieces gives what it gives at once.
pub fn pieces_agree(random: &mut Random, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let pieces = std::iter::from_fn(|| {
        let length = rest.len().min(1 + random.below(40) as usize);
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        (length > 0).then_some(piece)
    });
    read(pieces) == read(std::iter::once(bytes))
}
