//! Random ITCH messages: order flow around fixed prices, so that the touch moves and never crosses; and, if asked for,
//! halts and hostile messages in between, after which it may.

use crate::random::Random;
use crate::rules::Limits;

#[derive(Clone, Copy)]
struct Known {
    reference: u64,
    shares: u32,
    locate: u16,
    buy: bool,
}

/// What the flow is like.
#[derive(Clone, Copy, Debug)]
pub struct FlowConfig {
    pub seed: u64,
    pub symbols: u16,
    /// Live orders that the flow settles at.
    pub live: usize,
    /// One message in this many is hostile; 0 for none, and then no symbol is halted either.
    pub hostile_one_in: u64,
}

/// A source of messages. It keeps its own list of orders, so that most of what it says is about orders that exist.
pub struct Flow {
    config: FlowConfig,
    random: Random,
    orders: Vec<Known>,
    mids: Vec<u32>,
    next_reference: u64,
    time_ns: u64,
}

impl Flow {
    pub fn new(config: FlowConfig) -> Self {
        assert!(config.symbols > 0, "a symbol at least");
        let mut random = Random::new(config.seed);
        let mids = (0..=config.symbols)
            .map(|_| 10_0000 + random.below(300) as u32 * 1_0000)
            .collect();
        Self {
            config,
            random,
            orders: Vec::new(),
            mids,
            next_reference: 1,
            time_ns: 34_200_000_000_000,
        }
    }

    /// Limits in which the friendly flow fits.
    pub fn roomy(&self) -> Limits {
        Limits::new(
            (self.config.live as u32 * 2).max(1024),
            512,
            u32::from(self.config.symbols),
        )
    }

    /// What opens the market: the system event, then the trading state of each symbol.
    pub fn opening(&mut self) -> Vec<Vec<u8>> {
        let mut event = Vec::new();
        self.header(&mut event, b'S', 0);
        event.push(b'Q');
        let mut messages = vec![event];
        for locate in 1..=self.config.symbols {
            let mut message = Vec::new();
            self.state(&mut message, locate, b'T');
            messages.push(message);
        }
        messages
    }

    /// The next message, written over `out`.
    pub fn next(&mut self, out: &mut Vec<u8>) {
        self.time_ns += self.random.below(2_000);
        out.clear();
        if self.config.hostile_one_in > 0 && self.random.chance(1, self.config.hostile_one_in) {
            return self.hostile(out);
        }
        if self.config.hostile_one_in > 0 && self.random.chance(1, 2_000) {
            let locate = self.any_locate();
            let state = b"TTTTTTHPQ"[self.random.below(9) as usize];
            return self.state(out, locate, state);
        }
        let want_add = self.orders.len() < self.config.live;
        let dice = self.random.below(100);
        match (self.orders.is_empty(), want_add, dice) {
            (true, _, _) | (_, true, 0..56) | (_, false, 0..43) => self.add(out),
            (_, _, 56..66) => self.replace(out),
            (_, _, 66..72) => self.partial(out),
            _ => self.end(out),
        }
    }

    /// `count` messages, each after its length in two bytes.
    pub fn blocks(&mut self, count: u64) -> Vec<u8> {
        let (mut data, mut message) = (Vec::new(), Vec::new());
        for _ in 0..count {
            self.next(&mut message);
            data.extend_from_slice(&(message.len() as u16).to_be_bytes());
            data.extend_from_slice(&message);
        }
        data
    }

    fn any_locate(&mut self) -> u16 {
        1 + self.random.below(u64::from(self.config.symbols)) as u16
    }

    fn header(&mut self, out: &mut Vec<u8>, kind: u8, locate: u16) {
        out.push(kind);
        out.extend_from_slice(&locate.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&self.time_ns.to_be_bytes()[2..]);
    }

    fn state(&mut self, out: &mut Vec<u8>, locate: u16, state: u8) {
        self.header(out, b'H', locate);
        out.extend_from_slice(b"SYMBOL  ");
        out.extend_from_slice(&[state, b' ', b' ', b' ', b' ', b' ']);
    }

    /// Most orders stand near the touch, some deep: the distance is the product of two draws.
    fn price(&mut self, locate: u16, buy: bool) -> u32 {
        let mid = self.mids[usize::from(locate)];
        let distance = (1 + self.random.below(8) * self.random.below(12) / 4) as u32 * 100;
        if buy { mid - distance } else { mid + distance }
    }

    fn add(&mut self, out: &mut Vec<u8>) {
        let (locate, buy) = (self.any_locate(), self.random.chance(1, 2));
        let (price, shares) = (self.price(locate, buy), self.shares());
        let reference = self.fresh_reference();
        let kind = if self.random.chance(1, 12) {
            b'F'
        } else {
            b'A'
        };
        self.header(out, kind, locate);
        out.extend_from_slice(&reference.to_be_bytes());
        out.push(if buy { b'B' } else { b'S' });
        out.extend_from_slice(&shares.to_be_bytes());
        out.extend_from_slice(b"SYMBOL  ");
        out.extend_from_slice(&price.to_be_bytes());
        if kind == b'F' {
            out.extend_from_slice(b"CWSX");
        }
        self.orders.push(Known {
            reference,
            shares,
            locate,
            buy,
        });
    }

    fn replace(&mut self, out: &mut Vec<u8>) {
        let at = self.pick();
        let was = self.orders[at];
        let (price, shares) = (self.price(was.locate, was.buy), self.shares());
        let reference = self.fresh_reference();
        self.header(out, b'U', was.locate);
        out.extend_from_slice(&was.reference.to_be_bytes());
        out.extend_from_slice(&reference.to_be_bytes());
        out.extend_from_slice(&shares.to_be_bytes());
        out.extend_from_slice(&price.to_be_bytes());
        self.orders[at] = Known {
            reference,
            shares,
            ..was
        };
    }

    fn partial(&mut self, out: &mut Vec<u8>) {
        let at = self.pick();
        let shares = (self.orders[at].shares / 2).max(1);
        let kind = [b'E', b'C', b'X'][self.random.below(3) as usize];
        self.reduce(out, kind, at, shares);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let at = self.pick();
        let order = self.orders[at];
        if self.random.chance(1, 6) {
            return self.reduce(out, b'E', at, order.shares);
        }
        self.header(out, b'D', order.locate);
        out.extend_from_slice(&order.reference.to_be_bytes());
        self.orders.swap_remove(at);
    }

    fn reduce(&mut self, out: &mut Vec<u8>, kind: u8, at: usize, shares: u32) {
        let order = &mut self.orders[at];
        let (reference, locate) = (order.reference, order.locate);
        order.shares -= shares;
        if order.shares == 0 {
            self.orders.swap_remove(at);
        }
        self.header(out, kind, locate);
        out.extend_from_slice(&reference.to_be_bytes());
        out.extend_from_slice(&shares.to_be_bytes());
        match kind {
            b'E' => out.extend_from_slice(&[0; 8]),
            b'C' => out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, b'Y', 0, 0, 0, 1]),
            _ => {}
        }
    }

    /// Half of what ends or changes is young, as in real books; the rest is any order.
    fn pick(&mut self) -> usize {
        let live = self.orders.len() as u64;
        let young = live.min(1 + live / 16);
        let reach = if self.random.chance(1, 2) {
            young
        } else {
            live
        };
        (live - 1 - self.random.below(reach)) as usize
    }

    fn shares(&mut self) -> u32 {
        1 + self.random.below(10) as u32 * 100
    }

    fn fresh_reference(&mut self) -> u64 {
        self.next_reference += 1 + self.random.below(3);
        self.next_reference
    }

    /// A friendly message with one thing wrong, or plain noise.
    fn hostile(&mut self, out: &mut Vec<u8>) {
        if self.random.chance(1, 8) {
            let length = self.random.below(48) as usize;
            out.resize_with(length, || self.random.next_u64() as u8);
            if let Some(kind) = out.first_mut() {
                *kind = b"AFECXDUHSRZ"[self.random.below(11) as usize];
            }
            return;
        }
        let mut twin = Self {
            config: FlowConfig {
                hostile_one_in: 0,
                ..self.config
            },
            random: self.random.clone(),
            orders: self.orders.clone_near(&mut self.random),
            mids: Vec::new(),
            next_reference: self.next_reference,
            time_ns: self.time_ns,
        };
        twin.mids = vec![50_0000; usize::from(self.config.symbols) + 1];
        twin.next(out);
        self.spoil(out);
    }

    fn spoil(&mut self, out: &mut Vec<u8>) {
        let length = out.len();
        let noise = self.random.next_u64().to_be_bytes();
        let shares = match out[0] {
            b'A' | b'F' => 20..24,
            b'U' => 27..31,
            _ => 19..23,
        };
        match self.random.below(8) {
            0 => out.truncate(self.random.below(length as u64) as usize),
            1 => out.push(0),
            2 => out[1..3].copy_from_slice(&noise[..2]),
            3 if length >= 19 => out[11..19].copy_from_slice(&noise),
            4 if length >= 19 => out[11..19].fill(0),
            5 if length >= 23 => out[shares].fill(0xFF),
            6 if length >= 23 => out[shares].fill(0),
            _ => out[(noise[0] as usize) % length] = noise[1],
        }
    }
}

trait Near {
    fn clone_near(&self, random: &mut Random) -> Self;
}

impl Near for Vec<Known> {
    /// A handful of the orders, so that a hostile message costs no copy of them all.
    fn clone_near(&self, random: &mut Random) -> Self {
        let count = self.len() as u64;
        (0..count.min(4))
            .map(|_| self[random.below(count) as usize])
            .collect()
    }
}
