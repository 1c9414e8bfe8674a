// MoldUDP64 1.00: one downstream packet, and the request for what is missing.
#pragma once

#include <cstring>
#include <cws_wire/mold_udp64.hpp>

#include "abi.hpp"

namespace cws::mold {

using Header = cws_wire::mold_udp64::Header;
using BlockHeader = cws_wire::mold_udp64::BlockHeader;
using Request = cws_wire::mold_udp64::RequestPacket;
constexpr u32 SESSION_LEN = Header::session_size;
constexpr u32 BLOCK_LEN = BlockHeader::length;
constexpr u32 END_OF_SESSION = 0xFFFF;

struct Packet {
    u64 sequence;  // of the first message; of the next one where there is none
    u32 messages;
    bool end_of_session;
    const u8* session;
    const u8* blocks;
    u32 length;  // of the blocks
};

// Steps over one block that parse() has found whole.
inline const u8* block(const u8*& at, u32& length) {
    length = BlockHeader::message_length(at);
    const u8* message = at + BLOCK_LEN;
    at = message + length;
    return message;
}

// False where header, count and lengths do not say the same.
inline bool parse(const u8* bytes, u32 length, Packet& out) {
    if (length < Header::length) return false;
    const u32 count = Header::message_count(bytes);
    out.session = Header::session(bytes);
    out.sequence = Header::sequence_number(bytes);
    out.end_of_session = count == END_OF_SESSION;
    out.messages = out.end_of_session ? 0 : count;
    out.blocks = bytes + Header::length;
    out.length = length - static_cast<u32>(Header::length);
    u32 rest = out.length;
    const u8* at = out.blocks;
    for (u32 i = 0; i < out.messages; ++i) {
        if (rest < BLOCK_LEN) return false;
        const u32 size = BLOCK_LEN + BlockHeader::message_length(at);
        if (rest < size) return false;
        rest -= size;
        at += size;
    }
    return rest == 0;
}

inline void write_request(u8* out, const u8* session, u64 sequence, u64 count) {
    const u64 wire_sequence = __builtin_bswap64(sequence);
    const u16 wire_count = __builtin_bswap16(static_cast<u16>(count > 0xFFFE ? 0xFFFE : count));
    std::memcpy(out + Request::session_offset, session, SESSION_LEN);
    std::memcpy(out + Request::sequence_number_offset, &wire_sequence, sizeof wire_sequence);
    std::memcpy(out + Request::requested_message_count_offset, &wire_count, sizeof wire_count);
}

}  // namespace cws::mold
