// Big-endian reads and the places of ITCH 5.0 fields that the book needs (Nasdaq TotalView-ITCH 5.0 specification).
#pragma once

#include <cstring>

#include "abi.hpp"

namespace cws::itch {

inline u16 be16(const u8* p) { u16 v; std::memcpy(&v, p, 2); return __builtin_bswap16(v); }
inline u32 be32(const u8* p) { u32 v; std::memcpy(&v, p, 4); return __builtin_bswap32(v); }
inline u64 be64(const u8* p) { u64 v; std::memcpy(&v, p, 8); return __builtin_bswap64(v); }
inline u64 be48(const u8* p) { return u64{be16(p)} << 32 | be32(p + 2); }

constexpr u32 LOCATE = 1, TIMESTAMP = 5, REF = 11;
constexpr u32 ADD_SIDE = 19, ADD_SHARES = 20, ADD_PRICE = 32;
constexpr u32 EXECUTED_SHARES = 19, CANCELED_SHARES = 19;
constexpr u32 NEW_REF = 19, NEW_SHARES = 27, NEW_PRICE = 31;
constexpr u32 TRADING_STATE = 19, EVENT_CODE = 11;

// Length of a message that moves the book; 0 for all others.
constexpr u32 length_of(u8 type) {
    switch (type) {
        case 'S': return 12;
        case 'H': return 25;
        case 'A': return 36;
        case 'F': return 40;
        case 'E': return 31;
        case 'C': return 36;
        case 'X': return 23;
        case 'D': return 19;
        case 'U': return 35;
        default: return 0;
    }
}

}  // namespace cws::itch
