//! What the market data say about symbols: which number a name has today, and whether it trades.

use std::collections::BTreeMap;

use cws_wire::itch50::Message;
use cws_wire::mold::Packet;

/// ITCH 5.0, Stock Trading Action: trading. H, P and Q (halted, paused, quotation only) are not.
const TRADING: u8 = b'T';
/// Locates have 16 bits.
const SYMBOLS_MAX: usize = 1 << 16;

/// A symbol that stopped or went on trading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halt {
    pub symbol: u16,
    pub halted: bool,
}

#[derive(Debug, Default)]
pub struct Directory {
    locates: BTreeMap<String, u16>,
    halted: BTreeMap<u16, bool>,
}

impl Directory {
    /// Reads a MoldUDP64 packet for what it says about symbols. Packets may come twice, and late.
    pub fn read(&mut self, packet: &[u8]) -> Vec<Halt> {
        let mut halts = Vec::new();
        let Ok(packet) = Packet::decode(packet) else {
            return halts; // Counted by the hot loop.
        };
        for message in packet.messages() {
            if !matches!(message.first(), Some(b'R' | b'H')) {
                continue;
            }
            match Message::decode(message) {
                Ok(Message::StockDirectory(entry)) => self.learn(&entry.stock, entry.stock_locate),
                Ok(Message::StockTradingAction(action)) => {
                    let (symbol, halted) = (action.stock_locate, action.trading_state != TRADING);
                    if self.halted.insert(symbol, halted).unwrap_or(false) != halted {
                        halts.push(Halt { symbol, halted });
                    }
                }
                _ => {}
            }
        }
        halts
    }

    fn learn(&mut self, stock: &[u8; 8], locate: u16) {
        let name = String::from_utf8_lossy(stock).trim_end().to_owned();
        if locate != 0 && self.locates.len() < SYMBOLS_MAX {
            self.locates.insert(name, locate);
        }
    }

    /// The venue's number of a symbol.
    pub fn locate(&self, symbol: &str) -> Option<u16> {
        self.locates.get(symbol).copied()
    }

    pub fn len(&self) -> usize {
        self.locates.len()
    }

    pub fn is_empty(&self) -> bool {
        self.locates.is_empty()
    }
}
