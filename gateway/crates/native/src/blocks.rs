//! A stream of messages, each behind its length in two bytes, big-endian: the form of Nasdaq's ITCH files and of MoldUDP64's
//! blocks.

use cws_wire::WireError;

use crate::error::Refusal;

/// Bytes of a length.
const LENGTH: usize = 2;

/// Calls `see` with every message, its ordinal and its offset.
///
/// # Errors
/// That of `see`, or where the last message is cut off.
pub fn each<'a>(
    buffer: &'a [u8],
    mut see: impl FnMut(u64, usize, &'a [u8]) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut rest = buffer;
    let mut ordinal = 0;
    while !rest.is_empty() {
        let offset = buffer.len() - rest.len();
        let (message, behind) = split(rest).ok_or(Refusal::CutOff { offset })?;
        see(ordinal, offset, message)?;
        rest = behind;
        ordinal += 1;
    }
    Ok(())
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// Calls `see` with what `decode` makes of every message, and its ordinal.
///
/// # Errors
/// That of `see` or of `decode`, with the message's offset; or where the last message is cut off.
pub fn each_decoded<'a, T>(
    buffer: &'a [u8],
    decode: impl Fn(&'a [u8]) -> Result<T, WireError>,
    mut see: impl FnMut(u64, T) -> Result<(), WireError>,
) -> Result<(), Refusal> {
    each(buffer, |ordinal, offset, bytes| {
        let seen = decode(bytes).and_then(|message| see(ordinal, message));
        seen.map_err(|error| Refusal::Wire {
            place: "message at offset",
            at: offset as u64,
            error,
        })
    })
}
