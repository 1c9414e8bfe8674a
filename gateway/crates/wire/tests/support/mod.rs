//! Reads a message as its layout file says, slowly and without the generated code.

use cws_layouts::{Field, Kind, Message};

/// Bytes that look random: SplitMix64.
#[allow(dead_code)]
pub fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let word = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)).to_be_bytes()
    };
    std::iter::repeat_with(word).flatten().take(count).collect()
}

/// Bytes of a message of this layout: noise, with its type.
#[allow(dead_code)]
pub fn sample(message: &Message, seed: u64) -> Vec<u8> {
    let rest = if message.has_rest() {
        seed as usize % 40
    } else {
        0
    };
    let mut bytes = noise(seed, message.length + rest);
    if let Some(byte) = message.type_byte {
        bytes[0] = byte;
    }
    bytes
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |sum, &byte| sum * 256 + u64::from(byte))
}

fn part<'a>(field: &Field, bytes: &'a [u8]) -> &'a [u8] {
    match field.kind {
        Kind::Rest => &bytes[field.offset..],
        kind => &bytes[field.offset..field.offset + kind.size()],
    }
}

/// `name: value` of each field, as Rust's derived Debug would say it.
#[allow(dead_code)]
pub fn debug_text(message: &Message, bytes: &[u8]) -> String {
    let fields = message.fields.iter().map(|field| {
        let part = part(field, bytes);
        let value = match field.kind {
            Kind::Alpha(_) | Kind::Rest => format!("{part:?}"),
            Kind::Price4 => format!("Price4({})", number(part)),
            Kind::Price8 => format!("Price8({})", number(part)),
            Kind::I32 => format!("{}", number(part) as u32 as i32),
            _ => format!("{}", number(part)),
        };
        format!("{}: {value}", field.name)
    });
    let fields: Vec<_> = fields.collect();
    match fields.as_slice() {
        [] => message.name.clone(),
        _ => format!("{} {{ {} }}", message.name, fields.join(", ")),
    }
}

/// One line a field, text as hexadecimal: what the C++ program of the header's test prints.
#[allow(dead_code)]
pub fn lines(message: &Message, bytes: &[u8]) -> String {
    let line = |field: &Field| {
        let part = part(field, bytes);
        let value = match field.kind {
            Kind::Alpha(_) => part.iter().map(|byte| format!("{byte:02x}")).collect(),
            Kind::Rest => String::new(),
            Kind::I32 => format!("{}", number(part) as u32 as i32),
            _ => format!("{}", number(part)),
        };
        format!("{}.{}={value}\n", message.name, field.name)
    };
    message.fields.iter().map(line).collect()
}
