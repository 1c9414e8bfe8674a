// The hot loop for Rust (crates/book/src/hot.rs): plain functions, no exceptions.
#include <new>

#include "hot.hpp"

using namespace cws;

namespace {

HotState& state_of(void* state) { return *static_cast<HotState*>(state); }
const HotState& state_of(const void* state) { return *static_cast<const HotState*>(state); }

}  // namespace

extern "C" {

// Null where a setting is out of range or the memory is not there.
void* cws_hot_new(const HotConfig* config, u8* head, u8* records, u64 capacity) {
    Memory memory;
    if (!memory.map(sizeof(HotState))) return nullptr;
    HotState* state = new (memory.as<void>()) HotState;
    const bool opened = state->open(*config, head, records, capacity);
    state->memory.take(memory);
    if (opened) return state;
    memory.take(state->memory);
    state->~HotState();
    return nullptr;
}

void cws_hot_free(void* state) {
    Memory memory;
    memory.take(state_of(state).memory);
    state_of(state).~HotState();
}

// Hot thread.
u32 cws_hot_step(void* state, const u8* packet, u32 length, u64 ts_recv_ns) {
    return state_of(state).step(packet, length, ts_recv_ns);
}
u32 cws_hot_idle(void* state, u64 ts_recv_ns) { return state_of(state).idle(ts_recv_ns); }
u32 cws_hot_execution(void* state, const Execution* execution) { return state_of(state).execution(*execution); }
void cws_hot_gap(const void* state, HotGap* out) { *out = state_of(state).arbiter().gap(); }
int cws_hot_run(void* state, const HotSockets* sockets) { return static_cast<int>(state_of(state).run(*sockets)); }
u64 cws_hot_checksum(const void* state) { return state_of(state).book().checksum(); }
u32 cws_hot_touch(const void* state, u32 locate, u32 side) { return state_of(state).book().touch(locate, side); }
u64 cws_hot_next_counter(const void* state) { return state_of(state).next_counter(); }

// Slow path.
void cws_hot_cursor(void* state, const u8* cursor) { state_of(state).sender().attach(cursor); }
u32 cws_hot_push_execution(void* state, const Execution* execution) { return state_of(state).link().push(*execution); }
void cws_hot_set_parent(void* state, u32 slot, const HotParent* parent) { state_of(state).link().set_parent(slot, *parent); }
u64 cws_hot_released(const void* state, u32 slot) { return state_of(state).link().released(slot); }
u32 cws_hot_push_stray(void* state, const Stray* stray) { return state_of(state).link().push_stray(*stray); }
void cws_hot_stop(void* state) { state_of(state).link().stop(); }
u32 cws_hot_tap_next(void* state, u8* out, u32 room, TapHeader* about) {
    return state_of(state).link().tap_next(out, room, *about);
}

// Either: each counter is read whole.
void cws_hot_stats(const void* state, HotStats* out) {
    const HotStats& stats = state_of(state).stats();
    u64 words[sizeof(HotStats) / 8];
    for (u32 i = 0; i < sizeof(HotStats) / 8; ++i) {
        words[i] = __atomic_load_n(reinterpret_cast<const u64*>(&stats) + i, __ATOMIC_RELAXED);
    }
    std::memcpy(out, words, sizeof words);
    const BookCounters& book = state_of(state).book().counters();
    for (u32 i = 0; i < CODES; ++i) out->book.by_code[i] = __atomic_load_n(&book.by_code[i], __ATOMIC_RELAXED);
}
}
