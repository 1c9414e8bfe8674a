//! The Rust codec: a struct a message, an enum a family. Every index is a literal into an array of known length, so the
//! compiler checks each and the machine checks none.

use std::fmt::Write;

use crate::{Field, Kind, Message, Protocol};

/// The text of a module that decodes and encodes `protocol`; it expects `crate::{Layout, Price4, Price8, WireError}`.
pub fn rust_module(protocol: &Protocol) -> String {
    let mut out = format!(
        "use crate::{{Layout, WireError}};\n#[allow(unused_imports)]\nuse crate::{{Price4, Price8}};\n\n\
         /// Name of the layout file.\npub const PROTOCOL: &str = {:?};\n\n",
        protocol.protocol
    );
    for message in &protocol.messages {
        structure(&mut out, message);
    }
    for family in protocol.families() {
        let members = protocol.messages.iter();
        let members: Vec<_> = members
            .filter(|m| m.family.as_deref() == Some(family))
            .collect();
        enumeration(&mut out, family, &members);
    }
    layouts(&mut out, protocol);
    out
}

fn layouts(out: &mut String, protocol: &Protocol) {
    let longest = protocol
        .messages
        .iter()
        .map(|m| m.length)
        .max()
        .unwrap_or(0);
    line(out, "/// Bytes of the longest fixed part.");
    line(out, &format!("pub const MAX_LENGTH: usize = {longest};\n"));
    line(out, "/// Every message of the layout file, in its order.");
    line(out, "pub const LAYOUTS: &[Layout] = &[");
    for m in &protocol.messages {
        let (name, length, rest) = (&m.name, m.length, m.has_rest());
        let (family, kind) = (m.family.as_deref().unwrap_or(""), m.type_byte);
        line(
            out,
            &format!(
                "    Layout {{ name: {name:?}, family: {family:?}, type_byte: {kind:?}, length: {length}, has_rest: {rest} }},"
            ),
        );
    }
    line(out, "];");
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("a String takes all");
}

fn rust_type(kind: Kind) -> String {
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

fn write_field(field: &Field) -> String {
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

fn structure(out: &mut String, m: &Message) {
    let (name, length) = (&m.name, m.length);
    let life = if m.has_rest() { "<'a>" } else { "" };
    let kind = m.type_byte.map_or("no type byte".into(), |t| {
        format!("type `{}`", char::from(t))
    });
    line(out, &format!("/// {} ({kind}, {length} bytes)", m.about));
    line(out, "#[derive(Clone, Copy, Debug, PartialEq, Eq)]");
    line(out, &format!("pub struct {name}{life} {{"));
    for field in &m.fields {
        if !field.about.is_empty() {
            line(out, &format!("    /// {}", field.about));
        }
        line(
            out,
            &format!("    pub {}: {},", field.name, rust_type(field.kind)),
        );
    }
    line(out, "}\n");
    let implement = if m.has_rest() { "impl<'a>" } else { "impl" };
    line(out, &format!("{implement} {name}{life} {{"));
    if let Some(byte) = m.type_byte {
        line(
            out,
            &format!("    pub const TYPE: u8 = b'{}';", char::from(byte)),
        );
    }
    line(
        out,
        &format!("    /// Bytes of the fixed part.\n    pub const LENGTH: usize = {length};\n"),
    );
    decoder(out, m);
    encoder(out, m);
    line(out, "}\n");
}

fn decoder(out: &mut String, m: &Message) {
    let (name, length) = (&m.name, m.length);
    let argument = if m.has_rest() { "&'a [u8]" } else { "&[u8]" };
    line(
        out,
        "    /// Reads the message; `bytes` hold it and nothing else.\n    ///\n    /// # Errors",
    );
    line(
        out,
        "    /// [`WireError::Length`] where bytes are missing or left over, [`WireError::UnknownType`] for another type.",
    );
    line(out, "    #[inline]");
    line(
        out,
        &format!("    pub fn decode(bytes: {argument}) -> Result<Self, WireError> {{"),
    );
    let error =
        format!("WireError::Length {{ message: {name:?}, expected: {length}, got: bytes.len() }}");
    if m.has_rest() {
        line(
            out,
            &format!("        let Some((b, rest)) = bytes.split_first_chunk::<{length}>() else {{"),
        );
    } else {
        line(
            out,
            &format!("        let Ok(b) = <&[u8; {length}]>::try_from(bytes) else {{"),
        );
    }
    line(
        out,
        &format!("            return Err({error});\n        }};"),
    );
    if m.type_byte.is_some() {
        line(out, "        if b[0] != Self::TYPE {");
        line(
            out,
            "            return Err(WireError::UnknownType { protocol: PROTOCOL, type_byte: b[0] });\n        }",
        );
    } else if m.fields.is_empty() {
        line(out, "        let _ = b;");
    }
    line(out, "        Ok(Self {");
    for field in &m.fields {
        line(
            out,
            &format!("            {}: {},", field.name, read(field)),
        );
    }
    line(out, "        })\n    }\n");
}

fn encoder(out: &mut String, m: &Message) {
    let length = m.length;
    line(
        out,
        "    /// Writes the message to the start of `out` and gives the number of bytes.\n    ///\n    /// # Panics",
    );
    line(
        out,
        "    /// Where `out` is too short or a 48-bit number does not fit: both are errors of the caller.",
    );
    line(
        out,
        "    #[inline]\n    pub fn encode(&self, out: &mut [u8]) -> usize {",
    );
    line(
        out,
        &format!(
            "        let (b, {}) = out",
            if m.has_rest() { "rest" } else { "_" }
        ),
    );
    line(
        out,
        &format!("            .split_first_chunk_mut::<{length}>()"),
    );
    line(
        out,
        "            .expect(\"the caller's buffer holds the message\");",
    );
    if m.type_byte.is_some() {
        line(out, "        b[0] = Self::TYPE;");
    }
    for field in &m.fields {
        line(out, &format!("        {}", write_field(field)));
    }
    let rest = m.fields.iter().find(|field| field.kind == Kind::Rest);
    let more = rest.map_or(String::new(), |field| {
        format!(" + self.{}.len()", field.name)
    });
    line(out, &format!("        Self::LENGTH{more}\n    }}"));
    if rest.is_none() {
        line(
            out,
            &format!(
                "\n    /// The bytes of the message.\n    ///\n    /// # Panics\n    /// Where a 48-bit number does not fit.\n    #[inline]\n    pub fn to_bytes(&self) -> [u8; {length}] {{"
            ),
        );
        line(
            out,
            &format!(
                "        let mut bytes = [0; {length}];\n        self.encode(&mut bytes);\n        bytes\n    }}"
            ),
        );
    }
}

fn enumeration(out: &mut String, family: &str, members: &[&Message]) {
    let rest = members.iter().any(|m| m.has_rest());
    let (life, implement) = if rest {
        ("<'a>", "impl<'a>")
    } else {
        ("", "impl")
    };
    let argument = if rest { "&'a [u8]" } else { "&[u8]" };
    line(out, "/// Any message of this direction.");
    line(out, "#[derive(Clone, Copy, Debug, PartialEq, Eq)]");
    line(out, &format!("pub enum {family}{life} {{"));
    for m in members {
        let inner = if m.has_rest() { "<'a>" } else { "" };
        line(out, &format!("    {0}({0}{inner}),", m.name));
    }
    line(out, "}\n");
    line(out, &format!("{implement} {family}{life} {{"));
    line(
        out,
        "    /// Reads one message; `bytes` hold it and nothing else.\n    ///\n    /// # Errors",
    );
    line(
        out,
        "    /// [`WireError::Empty`], [`WireError::UnknownType`], [`WireError::Length`].",
    );
    line(
        out,
        &format!(
            "    #[inline]\n    pub fn decode(bytes: {argument}) -> Result<Self, WireError> {{"
        ),
    );
    line(
        out,
        "        let Some(&type_byte) = bytes.first() else {\n            return Err(WireError::Empty { protocol: PROTOCOL });\n        };",
    );
    line(out, "        match type_byte {");
    for m in members {
        line(
            out,
            &format!(
                "            {0}::TYPE => {0}::decode(bytes).map(Self::{0}),",
                m.name
            ),
        );
    }
    line(
        out,
        "            _ => Err(WireError::UnknownType { protocol: PROTOCOL, type_byte }),\n        }\n    }\n",
    );
    let each = |out: &mut String, head: &str, result: &str, call: &dyn Fn(&Message) -> String| {
        line(
            out,
            &format!("    #[inline]\n    pub fn {head} -> {result} {{\n        match self {{"),
        );
        for m in members {
            line(out, &format!("            {}", call(m)));
        }
        line(out, "        }\n    }\n");
    };
    line(
        out,
        "    /// Writes the message to the start of `out` and gives the number of bytes.\n    ///\n    /// # Panics",
    );
    line(
        out,
        "    /// Where `out` is too short or a 48-bit number does not fit: both are errors of the caller.",
    );
    each(out, "encode(&self, out: &mut [u8])", "usize", &|m| {
        format!("Self::{}(m) => m.encode(out),", m.name)
    });
    line(out, "    /// Byte 0 of the message.");
    each(out, "type_byte(&self)", "u8", &|m| {
        format!("Self::{0}(_) => {0}::TYPE,", m.name)
    });
    line(out, "    /// Name of the message in the layout file.");
    each(out, "name(&self)", "&'static str", &|m| {
        format!("Self::{0}(_) => {0:?},", m.name)
    });
    line(out, "}\n");
}
