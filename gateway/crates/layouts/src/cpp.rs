//! The C++ header: offsets, lengths and inline big-endian loads. It checks nothing: the hot loop compares a message's
//! length with `length_of` once and then reads fields.

use crate::text::Text;
use crate::{Kind, Message, Protocol};

const LOADS: &str = "
namespace cws_wire {
#ifndef CWS_WIRE_LOADS
#define CWS_WIRE_LOADS
// Price(4) is in units of 1e-4, price(8) of 1e-8; inside, prices are in 1e-9.
inline constexpr std::int64_t nanos_per_price4 = 100000;
inline constexpr std::int64_t nanos_per_price8 = 10;
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, \"the loads swap\");
inline std::uint16_t load_u16(const unsigned char* at) noexcept {
    std::uint16_t raw;
    std::memcpy(&raw, at, sizeof raw);
    return __builtin_bswap16(raw);
}
inline std::uint32_t load_u32(const unsigned char* at) noexcept {
    std::uint32_t raw;
    std::memcpy(&raw, at, sizeof raw);
    return __builtin_bswap32(raw);
}
inline std::uint64_t load_u64(const unsigned char* at) noexcept {
    std::uint64_t raw;
    std::memcpy(&raw, at, sizeof raw);
    return __builtin_bswap64(raw);
}
inline std::uint64_t load_u48(const unsigned char* at) noexcept {
    return (static_cast<std::uint64_t>(load_u16(at)) << 32) | load_u32(at + 2);
}
#endif
}  // namespace cws_wire
";

/// The text of `cws_wire/<protocol>.hpp`: `cws_wire::itch50::AddOrder::price_offset`, `::price(message)`, ...
pub fn cpp_header(protocol: &Protocol) -> String {
    let mut out = Text::default();
    out.line(&format!(
        "// {}: generated from its layout file.\n#pragma once\n",
        protocol.title
    ));
    for header in ["array", "cstddef", "cstdint", "cstring"] {
        out.line(&format!("#include <{header}>"));
    }
    out.line(LOADS);
    out.line(&format!("namespace cws_wire::{} {{", protocol.protocol));
    for message in &protocol.messages {
        structure(&mut out, message);
    }
    for family in protocol.families() {
        lengths(&mut out, protocol, family);
    }
    out.line(&format!("}}  // namespace cws_wire::{}", protocol.protocol));
    out.0
}

fn structure(out: &mut Text, m: &Message) {
    out.line(&format!("// {}", m.about));
    out.line(&format!("struct {} {{", m.name));
    if let Some(byte) = m.type_byte {
        out.line(&format!(
            "    static constexpr unsigned char type = '{}';",
            char::from(byte)
        ));
    }
    out.line(&format!(
        "    static constexpr std::size_t length = {};",
        m.length
    ));
    for field in &m.fields {
        let (name, at) = (&field.name, field.offset);
        out.line(&format!(
            "    static constexpr std::size_t {name}_offset = {at};"
        ));
        let (result, call) = match field.kind {
            Kind::Char | Kind::U8 => ("std::uint8_t", format!("message[{at}]")),
            Kind::U16 => ("std::uint16_t", format!("load_u16(message + {at})")),
            Kind::U32 | Kind::Price4 => ("std::uint32_t", format!("load_u32(message + {at})")),
            Kind::I32 => (
                "std::int32_t",
                format!("static_cast<std::int32_t>(load_u32(message + {at}))"),
            ),
            Kind::U48 => ("std::uint64_t", format!("load_u48(message + {at})")),
            Kind::U64 | Kind::Price8 => ("std::uint64_t", format!("load_u64(message + {at})")),
            Kind::Alpha(_) | Kind::Rest => ("const unsigned char*", format!("message + {at}")),
        };
        if let Kind::Alpha(size) = field.kind {
            out.line(&format!(
                "    static constexpr std::size_t {name}_size = {size};"
            ));
        }
        out.line(&format!(
            "    static {result} {name}(const unsigned char* message) noexcept {{ return {call}; }}"
        ));
    }
    out.line("};");
}

/// `lengths` (or `inbound_lengths`, ...): bytes of the fixed part by type byte, 0 where there is no such type.
fn lengths(out: &mut Text, protocol: &Protocol, family: &str) {
    let prefix = if family == "Message" {
        String::new()
    } else {
        family.to_lowercase() + "_"
    };
    let mut table = [0_usize; 256];
    for m in protocol.members(family) {
        if let Some(byte) = m.type_byte {
            table[usize::from(byte)] = m.length;
        }
    }
    let numbers: Vec<_> = table.iter().map(usize::to_string).collect();
    out.line("// Bytes of the fixed part by type byte; 0 = no such type.");
    out.line(&format!(
        "inline constexpr std::array<std::uint16_t, 256> {prefix}lengths{{"
    ));
    for row in numbers.chunks(32) {
        out.line(&format!("    {},", row.join(", ")));
    }
    out.line("};");
    out.line(&format!(
            "inline std::size_t {prefix}length_of(unsigned char type) noexcept {{ return {prefix}lengths[type]; }}"
        ),
    );
}
