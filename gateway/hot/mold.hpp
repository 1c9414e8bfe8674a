// MoldUDP64 1.00: one downstream packet, and the request for what is missing.
#pragma once

#include "itch.hpp"

namespace cws::mold {

constexpr u32 SESSION_LEN = 10, HEADER_LEN = 20, REQUEST_LEN = 20;
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
    length = itch::be16(at);
    const u8* message = at + 2;
    at = message + length;
    return message;
}

// False where header, count and lengths do not say the same.
inline bool parse(const u8* bytes, u32 length, Packet& out) {
    if (length < HEADER_LEN) return false;
    const u32 count = itch::be16(bytes + 18);
    out.session = bytes;
    out.sequence = itch::be64(bytes + SESSION_LEN);
    out.end_of_session = count == END_OF_SESSION;
    out.messages = out.end_of_session ? 0 : count;
    out.blocks = bytes + HEADER_LEN;
    out.length = length - HEADER_LEN;
    if (out.sequence == 0 || out.sequence > ~u64{0} - END_OF_SESSION) return false;
    u32 rest = out.length;
    const u8* at = out.blocks;
    for (u32 i = 0; i < out.messages; ++i) {
        if (rest < 2) return false;
        const u32 size = 2 + u32{itch::be16(at)};
        if (rest < size) return false;
        rest -= size;
        at += size;
    }
    return rest == 0;
}

inline void write_request(u8* out, const u8* session, u64 sequence, u64 count) {
    const u64 wire_sequence = __builtin_bswap64(sequence);
    const u16 wire_count = __builtin_bswap16(static_cast<u16>(count > 0xFFFE ? 0xFFFE : count));
    std::memcpy(out, session, SESSION_LEN);
    std::memcpy(out + SESSION_LEN, &wire_sequence, 8);
    std::memcpy(out + SESSION_LEN + 8, &wire_count, 2);
}

}  // namespace cws::mold
