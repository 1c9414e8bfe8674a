// The book for Rust: plain functions, no exceptions, one mapping for the object itself.
#include <new>

#include "book.hpp"

using namespace cws;

namespace {

struct Owned {
    Memory memory;
    Book book;
};

}  // namespace

extern "C" {

// Null where the limits are out of range or the memory is not there.
void* cws_book_new(const BookLimits* limits) {
    Memory memory;
    if (!memory.map(sizeof(Owned))) return nullptr;
    Owned* owned = new (memory.as<void>()) Owned;
    owned->memory.take(memory);
    if (owned->book.open(*limits)) return owned;
    owned->book.~Book();
    memory.take(owned->memory);
    return nullptr;
}

void cws_book_free(void* book) {
    Owned* owned = static_cast<Owned*>(book);
    Memory memory;
    owned->book.~Book();
    memory.take(owned->memory);
}

u32 cws_book_apply(void* book, const u8* message, u32 length) {
    return static_cast<Owned*>(book)->book.apply(message, length);
}

u64 cws_book_apply_blocks(void* book, const u8* data, u64 length) {
    return static_cast<Owned*>(book)->book.apply_blocks(data, length);
}

u64 cws_book_checksum(const void* book) { return static_cast<const Owned*>(book)->book.checksum(); }

u32 cws_book_sound(const void* book) { return static_cast<const Owned*>(book)->book.sound(); }

// `locate` is in 1..=symbols: the caller's promise.
u64 cws_book_symbol_checksum(const void* book, u32 locate) {
    return static_cast<const Owned*>(book)->book.symbol_checksum(locate);
}

u32 cws_book_touch(const void* book, u32 locate, u32 side) {
    return static_cast<const Owned*>(book)->book.touch(locate, side);
}

u64 cws_book_touch_shares(const void* book, u32 locate, u32 side) {
    return static_cast<const Owned*>(book)->book.touch_shares(locate, side);
}

u32 cws_book_live_orders(const void* book) { return static_cast<const Owned*>(book)->book.live_orders(); }

void cws_book_counters(const void* book, BookCounters* out) { *out = static_cast<const Owned*>(book)->book.counters(); }
}
