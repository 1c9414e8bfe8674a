//! The Rust enum of a family, and the table of all messages.

use crate::rust::rust_type;
use crate::text::Text;
use crate::{Field, Message, Protocol};

/// The table `LAYOUTS` and the length of the longest message.
pub fn layouts(out: &mut Text, protocol: &Protocol) {
    let lengths = protocol.messages.iter().map(|m| m.length);
    let longest = lengths.max().unwrap_or(0);
    out.line("/// Bytes of the longest fixed part.");
    out.line(&format!("pub const MAX_LENGTH: usize = {longest};\n"));
    out.line("/// Every message of the layout file, in its order.");
    out.line("pub const LAYOUTS: &[Layout] = &[");
    for m in &protocol.messages {
        let (name, length, has_rest) = (&m.name, m.length, m.has_rest());
        let (family, type_byte) = (m.family.as_deref().unwrap_or(""), m.type_byte);
        out.line(&format!("    Layout {{ name: {name:?}, family: {family:?}, type_byte: {type_byte:?}, length: {length}, has_rest: {has_rest} }},"));
    }
    out.line("];");
}

/// The enum of `members`, with decoder and encoder.
pub fn enumeration(out: &mut Text, family: &str, members: &[&Message]) {
    let borrows = members.iter().any(|m| m.has_rest());
    let life = if borrows { "<'a>" } else { "" };
    out.line("/// Any message of this direction.");
    out.line("#[derive(Clone, Copy, Debug, PartialEq, Eq)]");
    out.line(&format!("pub enum {family}{life} {{"));
    for m in members {
        let inner = if m.has_rest() { "<'a>" } else { "" };
        out.line(&format!("    {0}({0}{inner}),", m.name));
    }
    out.line("}\n");
    out.line(&format!("impl{life} {family}{life} {{"));
    decoder(out, members, borrows);
    out.line("    /// Writes the message to the start of `out` and gives the number of bytes.");
    out.line("    ///\n    /// # Panics");
    out.line("    /// Where `out` is too short or a 48-bit number does not fit: both are errors of the caller.");
    each(
        out,
        members,
        "encode(&self, out: &mut [u8]) -> usize",
        |name| format!("Self::{name}(m) => m.encode(out)"),
    );
    out.line("    /// Byte 0 of the message.");
    each(out, members, "type_byte(&self) -> u8", |name| {
        format!("Self::{name}(_) => {name}::TYPE")
    });
    for field in common_fields(members) {
        let (name, result) = (&field.name, rust_type(field.kind));
        out.line(&format!(
            "    /// A field that every message has. {}",
            field.about
        ));
        each(
            out,
            members,
            &format!("{name}(&self) -> {result}"),
            |variant| format!("Self::{variant}(m) => m.{name}"),
        );
    }
    out.line("    /// Name of the message in the layout file.");
    each(out, members, "name(&self) -> &'static str", |name| {
        format!("Self::{name}(_) => {name:?}")
    });
    out.line("}\n");
}

fn decoder(out: &mut Text, members: &[&Message], borrows: bool) {
    let argument = if borrows { "&'a [u8]" } else { "&[u8]" };
    out.line("    /// Reads one message; `bytes` hold it and nothing else.");
    out.line("    ///\n    /// # Errors");
    out.line("    /// [`WireError::Empty`], [`WireError::UnknownType`], [`WireError::Length`].");
    out.line("    #[inline]");
    out.line(&format!(
        "    pub fn decode(bytes: {argument}) -> Result<Self, WireError> {{"
    ));
    out.line("        let Some(&type_byte) = bytes.first() else {");
    out.line("            return Err(WireError::Empty { protocol: PROTOCOL });");
    out.line("        };");
    out.line("        match type_byte {");
    for m in members {
        out.line(&format!(
            "            {0}::TYPE => {0}::decode(bytes).map(Self::{0}),",
            m.name
        ));
    }
    out.line("            _ => Err(WireError::UnknownType { protocol: PROTOCOL, type_byte }),");
    out.line("        }\n    }\n");
}

/// Fields that all members have in the same place.
fn common_fields<'a>(members: &[&'a Message]) -> Vec<&'a Field> {
    let Some((first, others)) = members.split_first() else {
        return Vec::new();
    };
    let same = |a: &Field, b: &Field| (&a.name, a.offset, a.kind) == (&b.name, b.offset, b.kind);
    let everywhere = |a: &&Field| others.iter().all(|m| m.fields.iter().any(|b| same(a, b)));
    first.fields.iter().filter(everywhere).collect()
}

fn each(out: &mut Text, members: &[&Message], head: &str, arm: impl Fn(&str) -> String) {
    out.line("    #[inline]");
    out.line(&format!("    pub fn {head} {{\n        match self {{"));
    for m in members {
        out.line(&format!("            {},", arm(&m.name)));
    }
    out.line("        }\n    }\n");
}
