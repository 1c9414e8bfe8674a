//! Generates the records of `itch50_decode` from `gateway/layouts/itch50.toml`: numbers little-endian, prices in 1e-9, no
//! holes, each record behind the ordinal of its message.

use std::fmt::Write;

use cws_layouts::{Field, Kind, Message, Protocol, layouts_dir, load};

/// The ordinal, u64.
const ORDINAL: usize = 8;

fn main() {
    let path = layouts_dir().join("itch50.toml");
    println!("cargo:rerun-if-changed={}", path.display());
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR for a build script");
    let text = module(&load("itch50")).expect("a string has room");
    std::fs::write(format!("{out}/itch50_records.rs"), text).expect("OUT_DIR can be written");
}

/// The numpy type of a field, and its bytes.
fn numpy(kind: Kind) -> (String, usize) {
    match kind {
        Kind::Char => ("S1".into(), 1),
        Kind::U8 => ("u1".into(), 1),
        Kind::U16 => ("<u2".into(), 2),
        Kind::U32 => ("<u4".into(), 4),
        Kind::I32 => ("<i4".into(), 4),
        Kind::U64 => ("<u8".into(), 8),
        // Times and prices are int64 everywhere in Python.
        Kind::U48 | Kind::Price4 | Kind::Price8 => ("<i8".into(), 8),
        Kind::Alpha(size) => (format!("S{size}"), size),
        Kind::Rest => panic!("no message of ITCH 5.0 has a rest"),
    }
}

fn bytes_of(field: &Field) -> String {
    let name = &field.name;
    match field.kind {
        Kind::Char => format!("[m.{name}]"),
        Kind::Alpha(_) => format!("m.{name}"),
        Kind::Price4 => format!("m.{name}.nanos().to_le_bytes()"),
        Kind::Price8 => format!("m.{name}.nanos()?.to_le_bytes()"),
        _ => format!("m.{name}.to_le_bytes()"),
    }
}

fn module(protocol: &Protocol) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let count = protocol.messages.len();
    writeln!(out, "pub const COUNT: usize = {count};\n")?;
    writeln!(out, "pub static RECORDS: [Record; COUNT] = [")?;
    for message in &protocol.messages {
        description(&mut out, message)?;
    }
    writeln!(out, "];\n")?;
    writeln!(
        out,
        "/// Appends the record of a message to those of its type."
    )?;
    writeln!(
        out,
        "pub fn append(message: &Message, ordinal: u64, out: &mut [Vec<u8>; COUNT]) -> Result<(), WireError> {{"
    )?;
    writeln!(out, "    match message {{")?;
    for (index, message) in protocol.messages.iter().enumerate() {
        arm(&mut out, index, message)?;
    }
    writeln!(out, "    }}\n    Ok(())\n}}")?;
    Ok(out)
}

fn description(out: &mut String, message: &Message) -> std::fmt::Result {
    let kind = char::from(message.type_byte.expect("every message of ITCH has a type"));
    let size = size(message);
    writeln!(
        out,
        "    Record {{ kind: '{kind}', name: {:?}, size: {size}, fields: &[",
        message.name
    )?;
    writeln!(out, "        (\"ordinal\", \"<u8\", 0),")?;
    let mut at = ORDINAL;
    for field in &message.fields {
        let (dtype, bytes) = numpy(field.kind);
        writeln!(out, "        ({:?}, {dtype:?}, {at}),", field.name)?;
        at += bytes;
    }
    writeln!(out, "    ] }},")
}

fn arm(out: &mut String, index: usize, message: &Message) -> std::fmt::Result {
    writeln!(out, "        Message::{}(m) => {{", message.name)?;
    writeln!(
        out,
        "            let mut record = [0_u8; {}];",
        size(message)
    )?;
    writeln!(
        out,
        "            record[..{ORDINAL}].copy_from_slice(&ordinal.to_le_bytes());"
    )?;
    let mut at = ORDINAL;
    for field in &message.fields {
        let end = at + numpy(field.kind).1;
        let value = bytes_of(field);
        writeln!(
            out,
            "            record[{at}..{end}].copy_from_slice(&{value});"
        )?;
        at = end;
    }
    writeln!(
        out,
        "            out[{index}].extend_from_slice(&record);\n        }}"
    )
}

fn size(message: &Message) -> usize {
    let fields = message.fields.iter().map(|field| numpy(field.kind).1);
    ORDINAL + fields.sum::<usize>()
}
