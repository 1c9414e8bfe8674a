// What the book reads of ITCH 5.0: the generated layout (layouts/itch50.toml), by the names used here.
#pragma once

#include <cws_wire/itch50.hpp>

#include "abi.hpp"

namespace cws::itch {

using Add = cws_wire::itch50::AddOrder;
using Executed = cws_wire::itch50::OrderExecuted;
using Canceled = cws_wire::itch50::OrderCancel;
using Deleted = cws_wire::itch50::OrderDelete;
using Replaced = cws_wire::itch50::OrderReplace;
using TradingAction = cws_wire::itch50::StockTradingAction;
using SystemEvent = cws_wire::itch50::SystemEvent;
using cws_wire::itch50::length_of;

// One read serves messages of several types where their fields lie alike.
using AddMpid = cws_wire::itch50::AddOrderMpid;
using ExecutedWithPrice = cws_wire::itch50::OrderExecutedWithPrice;
static_assert(Add::side_offset == AddMpid::side_offset && Add::shares_offset == AddMpid::shares_offset);
static_assert(Add::price_offset == AddMpid::price_offset);
static_assert(Executed::executed_shares_offset == ExecutedWithPrice::executed_shares_offset);
template <typename... Message>
constexpr bool alike = ((Message::stock_locate_offset == Deleted::stock_locate_offset &&
                         Message::timestamp_offset == Deleted::timestamp_offset &&
                         Message::order_reference_number_offset == Deleted::order_reference_number_offset) && ...);
static_assert(alike<Add, AddMpid, Executed, ExecutedWithPrice, Canceled, Deleted>);
static_assert(Replaced::original_order_reference_number_offset == Deleted::order_reference_number_offset);
static_assert(Replaced::stock_locate_offset == Deleted::stock_locate_offset);

inline u16 locate(const u8* message) { return Deleted::stock_locate(message); }
inline u64 reference(const u8* message) { return Deleted::order_reference_number(message); }
inline u64 timestamp(const u8* message) { return Deleted::timestamp(message); }

// What a message does to an order, by its type: one load instead of a chain of comparisons.
enum Kind : u8 { OTHER = 0, ADDS, REDUCES, REPLACES };
inline constexpr std::array<Kind, 256> kinds = [] {
    std::array<Kind, 256> table{};
    table[Add::type] = table[AddMpid::type] = ADDS;
    table[Executed::type] = table[ExecutedWithPrice::type] = table[Canceled::type] = table[Deleted::type] = REDUCES;
    table[Replaced::type] = REPLACES;
    return table;
}();

// OTHER too where the length is wrong: what is not OTHER is long enough for all that the lines above read.
inline Kind kind_of(const u8* message, u32 length) {
    return length != 0 && length == length_of(message[0]) ? kinds[message[0]] : OTHER;
}

}  // namespace cws::itch
