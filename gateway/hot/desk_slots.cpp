// Which parent has which slot: taken over from the slow path, and given back when nothing of it is left.
#include "desk.hpp"

namespace cws {

void Desk::read_parents() {
    const u64 generation = link_->generation();
    const u32 used = link_->used() < capacity_ ? link_->used() : capacity_;
    bool whole = true;
    for (u32 slot = 0; slot < used; ++slot) {
        Parent& parent = parents_[slot];
        if (link_->version(slot) == parent.version) continue;
        HotParent set;
        u64 version = 0;
        if (!link_->read_parent(slot, set, version)) {
            bump(stats_->parameter_retries);
            whole = false;
            continue;
        }
        parent.version = version;
        if (install(slot, set)) mark(slot);
    }
    used_ = used;
    if (whole) generation_ = generation;
}

// Symbol, strategy, side and style of a parent stay what they were at first.
bool Desk::install(u32 slot, const HotParent& set) {
    Parent& parent = parents_[slot];
    const bool sound = set.parent_id != 0 && set.symbol != 0 && set.symbol <= book_->symbols() && set.tick > 0 &&
                       set.slice_quantity > 0 && set.quantity >= set.slice_quantity && set.start_ns < set.end_ns;
    if (!sound) return false;
    if (!parent.present) {
        parent.present = true;
        parent.set = set;
        parent.filled = set.filled;
        parent.position = set.position;
        for (u32 i = 0; i < 2; ++i) {
            const HotAdopted& order = set.adopted[i];
            if (order.order_id == 0 || order.leaves <= 0) continue;
            parent.work[i] = Work{order.order_id, 0, order.price, order.leaves, order.traded, 0, 0, 0, LIVE, order.side};
        }
        Symbol& symbol = book_->symbol(set.symbol);
        parent.next_same = symbol.watch;
        symbol.watch = static_cast<u16>(slot + 1);
        u32 at = home_of(set.parent_id);
        while (ids_[at] != 0) at = (at + 1) & id_mask_;
        ids_[at] = static_cast<u16>(slot + 1);
        return true;
    }
    const HotParent was = parent.set;
    parent.set = set;
    parent.set.parent_id = was.parent_id;
    parent.set.symbol = was.symbol;
    parent.set.strategy = was.strategy;
    parent.set.side = was.side;
    parent.set.style = was.style;
    // Whoever sets it anew wants it tried again.
    parent.rejected = 0;
    return true;
}

// Its last order has ended and it makes no more: the slot is given back. What still comes for it (a late trade) is about
// no parent here, whoever has the slot by then; the slow path books it.
void Desk::release(Parent& parent) {
    const u32 slot = static_cast<u32>(&parent - parents_);
    u16* link = &book_->symbol(parent.set.symbol).watch;
    while (*link != slot + 1) link = &parents_[*link - 1].next_same;
    *link = parent.next_same;
    forget_id(slot);
    const u64 id = parent.set.parent_id, version = parent.version;
    parent = Parent{};
    parent.version = version;
    due_of(parent) = NEVER;
    link_->release(slot, id);
}

// Takes an id out of the table; those behind it that a search would no longer reach move up.
void Desk::forget_id(u32 slot) {
    u32 hole = home_of(parents_[slot].set.parent_id);
    while (ids_[hole] != slot + 1) hole = (hole + 1) & id_mask_;
    for (u32 at = (hole + 1) & id_mask_; ids_[at] != 0; at = (at + 1) & id_mask_) {
        const u32 home = home_of(parents_[ids_[at] - 1].set.parent_id);
        if (((at - home) & id_mask_) < ((at - hole) & id_mask_)) continue;
        ids_[hole] = ids_[at];
        hole = at;
    }
    ids_[hole] = 0;
}

// The slot of a parent, or the capacity. Ends: the table is never more than half full.
u32 Desk::find_slot(u64 parent_id) const {
    u32 at = home_of(parent_id);
    for (; ids_[at] != 0; at = (at + 1) & id_mask_) {
        if (parents_[ids_[at] - 1].set.parent_id == parent_id) return ids_[at] - 1U;
    }
    return capacity_;
}

}  // namespace cws
