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

// True for a message that is about an order: long enough for all that the lines above read.
inline bool about_order(const u8* message, u32 length) {
    if (length < Deleted::length || length != length_of(message[0])) return false;
    switch (message[0]) {
        case Add::type:
        case AddMpid::type:
        case Executed::type:
        case ExecutedWithPrice::type:
        case Canceled::type:
        case Deleted::type:
        case Replaced::type: return true;
        default: return false;
    }
}

}  // namespace cws::itch
