//! Writes messages of ITCH 5.0 for other readers: `itch50.bin` (each message behind its length, 16 bits big-endian) and
//! `itch50.txt` (each message as our decoder sees it, one a line).
//!
//! Usage: `itch_samples FOLDER COUNT SEED`, COUNT messages of each type.

use std::fs;
use std::path::Path;

use cws_layouts::{Kind, Message, load};
use cws_wire::itch50;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, seed] = arguments.as_slice() else {
        eprintln!("usage: itch_samples FOLDER COUNT SEED");
        std::process::exit(2);
    };
    let count: usize = count.parse().expect("COUNT is a number");
    let mut state: u64 = seed.parse().expect("SEED is a number");
    let (mut binary, mut text) = (Vec::new(), String::new());
    for message in &load("itch50").messages {
        for _ in 0..count {
            let message = itch50::Message::decode(&sample(message, &mut state));
            let message = message.expect("bytes of the right type and length");
            let mut bytes = [0; itch50::MAX_LENGTH];
            let length = message.encode(&mut bytes);
            binary.extend_from_slice(&(length as u16).to_be_bytes());
            binary.extend_from_slice(&bytes[..length]);
            text += &format!("{message:?}\n");
        }
    }
    fs::write(Path::new(folder).join("itch50.bin"), binary).expect("a folder to write to");
    fs::write(Path::new(folder).join("itch50.txt"), text).expect("a folder to write to");
}

/// Random numbers; letters, and spaces behind them, where the layout has text.
fn sample(message: &Message, state: &mut u64) -> Vec<u8> {
    let mut bytes = vec![message.type_byte.expect("every message of ITCH has a type")];
    for field in &message.fields {
        let size = field.kind.size();
        let letters = 1 + next(state) as usize % size;
        let byte = |at: usize, random: u64| match field.kind {
            Kind::Alpha(_) | Kind::Char if at < letters => b'A' + (random % 26) as u8,
            Kind::Alpha(_) | Kind::Char => b' ',
            _ => random as u8,
        };
        bytes.extend((0..size).map(|at| byte(at, next(state))));
    }
    bytes
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
