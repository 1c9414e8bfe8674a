//! The Rust codec: a struct a message, an enum a family. Every index is a literal into an array of known length, so the
//! compiler checks each and the machine checks none.

use crate::rust_family::{enumeration, layouts};
use crate::text::Text;
use crate::{Field, Kind, Message, Protocol};

/// The text of a module that decodes and encodes `protocol`; it expects `crate::{Layout, Price4, Price8, WireError}`.
pub fn rust_module(protocol: &Protocol) -> String {
    let mut out = Text(format!(
        "use crate::{{Layout, WireError}};\n#[allow(unused_imports)]\nuse crate::{{Price4, Price8}};\n\n\
         /// Name of the layout file.\npub const PROTOCOL: &str = {:?};\n\n",
        protocol.protocol
    ));
    for message in &protocol.messages {
        structure(&mut out, message);
    }
    for family in protocol.families() {
        let members = protocol.members(family);
        enumeration(&mut out, family, &members);
    }
    layouts(&mut out, protocol);
    out.0
}

/// The type of a field of this kind.
pub fn rust_type(kind: Kind) -> String {
    match kind {
        Kind::Char | Kind::U8 => "u8".into(),
        Kind::U16 => "u16".into(),
        Kind::U32 => "u32".into(),
        Kind::I32 => "i32".into(),
        Kind::U48 | Kind::U64 => "u64".into(),
        Kind::Price4 => "Price4".into(),
        Kind::Price8 => "Price8".into(),
        Kind::Alpha(size) => format!("[u8; {size}]"),
        Kind::Rest => "&'a [u8]".into(),
    }
}

fn bytes_at(offset: usize, size: usize) -> String {
    let bytes: Vec<_> = (offset..offset + size)
        .map(|at| format!("b[{at}]"))
        .collect();
    format!("[{}]", bytes.join(", "))
}

fn read(field: &Field) -> String {
    let bytes = bytes_at(field.offset, field.kind.size());
    match field.kind {
        Kind::Char | Kind::U8 => format!("b[{}]", field.offset),
        Kind::U48 => format!("u64::from_be_bytes([0, 0, {}", &bytes[1..]) + ")",
        Kind::Price4 => format!("Price4(u32::from_be_bytes({bytes}))"),
        Kind::Price8 => format!("Price8(u64::from_be_bytes({bytes}))"),
        Kind::Alpha(_) => bytes,
        Kind::Rest => "rest".into(),
        kind => format!("{}::from_be_bytes({bytes})", rust_type(kind)),
    }
}

fn write(field: &Field) -> String {
    let (name, at, end) = (&field.name, field.offset, field.offset + field.kind.size());
    let place = format!("b[{at}..{end}].copy_from_slice");
    match field.kind {
        Kind::Char | Kind::U8 => format!("b[{at}] = self.{name};"),
        Kind::U48 => format!(
            "assert!(self.{name} >> 48 == 0, \"{name} fits in 48 bits\");\n        {place}(&self.{name}.to_be_bytes()[2..]);"
        ),
        Kind::Price4 | Kind::Price8 => format!("{place}(&self.{name}.0.to_be_bytes());"),
        Kind::Alpha(_) => format!("{place}(&self.{name});"),
        Kind::Rest => format!("rest[..self.{name}.len()].copy_from_slice(self.{name});"),
        _ => format!("{place}(&self.{name}.to_be_bytes());"),
    }
}

fn structure(out: &mut Text, m: &Message) {
    let (name, length) = (&m.name, m.length);
    let life = if m.has_rest() { "<'a>" } else { "" };
    let kind = match m.type_byte {
        Some(byte) => format!("type `{}`", char::from(byte)),
        None => "no type byte".to_owned(),
    };
    out.line(&format!("/// {} ({kind}, {length} bytes)", m.about));
    out.line("#[derive(Clone, Copy, Debug, PartialEq, Eq)]");
    out.line(&format!("pub struct {name}{life} {{"));
    for field in &m.fields {
        if !field.about.is_empty() {
            out.line(&format!("    /// {}", field.about));
        }
        out.line(&format!(
            "    pub {}: {},",
            field.name,
            rust_type(field.kind)
        ));
    }
    out.line("}\n");
    out.line(&format!("impl{life} {name}{life} {{"));
    if let Some(byte) = m.type_byte {
        out.line(&format!(
            "    pub const TYPE: u8 = b'{}';",
            char::from(byte)
        ));
    }
    out.line("    /// Bytes of the fixed part.");
    out.line(&format!("    pub const LENGTH: usize = {length};\n"));
    decoder(out, m);
    encoder(out, m);
    out.line("}\n");
}

fn decoder(out: &mut Text, m: &Message) {
    let (name, length) = (&m.name, m.length);
    out.line("    /// Reads the message; `bytes` hold it and nothing else.");
    out.line("    ///\n    /// # Errors");
    out.line("    /// [`WireError::Length`] where bytes are missing or left over, [`WireError::UnknownType`] for another type.");
    out.line("    #[inline]");
    if m.has_rest() {
        out.line("    pub fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {");
        out.line(&format!(
            "        let Some((b, rest)) = bytes.split_first_chunk::<{length}>() else {{"
        ));
    } else {
        out.line("    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {");
        out.line(&format!(
            "        let Ok(b) = <&[u8; {length}]>::try_from(bytes) else {{"
        ));
    }
    out.line(&format!("            return Err(WireError::Length {{ message: {name:?}, expected: {length}, got: bytes.len() }});"));
    out.line("        };");
    if m.type_byte.is_some() {
        out.line("        if b[0] != Self::TYPE {");
        out.line("            return Err(WireError::UnknownType { protocol: PROTOCOL, type_byte: b[0] });");
        out.line("        }");
    }
    out.line("        Ok(Self {");
    for field in &m.fields {
        out.line(&format!("            {}: {},", field.name, read(field)));
    }
    out.line("        })\n    }\n");
}

fn encoder(out: &mut Text, m: &Message) {
    let length = m.length;
    let after = if m.has_rest() { "rest" } else { "_" };
    out.line("    /// Writes the message to the start of `out` and gives the number of bytes.");
    out.line("    ///\n    /// # Panics");
    out.line("    /// Where `out` is too short or a 48-bit number does not fit: both are errors of the caller.");
    out.line("    #[inline]");
    out.line("    pub fn encode(&self, out: &mut [u8]) -> usize {");
    out.line(&format!("        let (b, {after}) = out.split_first_chunk_mut::<{length}>().expect(\"room for the message\");"));
    if m.type_byte.is_some() {
        out.line("        b[0] = Self::TYPE;");
    }
    for field in &m.fields {
        out.line(&format!("        {}", write(field)));
    }
    let Some(rest) = m.fields.iter().find(|field| field.kind == Kind::Rest) else {
        out.line("        Self::LENGTH\n    }\n");
        return to_bytes(out, length);
    };
    out.line(&format!(
        "        Self::LENGTH + self.{}.len()\n    }}",
        rest.name
    ));
}

fn to_bytes(out: &mut Text, length: usize) {
    out.line("    /// The bytes of the message.");
    out.line("    ///\n    /// # Panics");
    out.line("    /// Where a 48-bit number does not fit.");
    out.line("    #[inline]");
    out.line(&format!("    pub fn to_bytes(&self) -> [u8; {length}] {{"));
    out.line(&format!("        let mut bytes = [0; {length}];"));
    out.line("        self.encode(&mut bytes);");
    out.line("        bytes\n    }");
}
