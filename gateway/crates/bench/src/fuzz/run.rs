//! Cases one after the other, what became of each, and one hash over all of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use cws_book::random::Random;
use cws_wire::fuzz_one;
use serde_json::{Value, json};

use super::books::Books;
use super::case::{Kind, Source};
use super::hot::{HotUnderFire, Seen};
use super::mutation::damage;
use super::stream::pieces_agree;

/// More failures than this are counted and not told.
const TOLD: usize = 16;

/// The case that runs, for whoever tells of a panic.
pub static CASE: AtomicU64 = AtomicU64::new(0);

#[derive(Default)]
pub struct Outcomes {
    pub seed: u64,
    pub cases: u64,
    /// By protocol and what its decoder said.
    decoded: BTreeMap<(Kind, &'static str), u64>,
    /// By the code of both books.
    booked: BTreeMap<String, u64>,
    /// Messages and packets that any decoder accepted.
    accepted: u64,
    pub failures: u64,
    told: Vec<String>,
    hot: Seen,
    hash: u64,
}

/// Runs `count` cases; `progress` hears of the number of the case now and then.
///
/// # Errors
/// The hot loop cannot start. What the cases show is in the outcomes.
pub fn run(seed: u64, count: u64, mut progress: impl FnMut(u64)) -> std::io::Result<Outcomes> {
    let mut state = State {
        seed,
        renewals: 0,
        source: Source::new(seed),
        for_books: Source::new(seed),
        for_hot: Source::new(seed),
        books: Books::new(),
        hot: HotUnderFire::new()?,
        bytes: Vec::new(),
        other: Vec::new(),
    };
    let mut outcomes = Outcomes {
        seed,
        ..Outcomes::default()
    };
    for case in 0..count {
        CASE.store(case, Ordering::Relaxed);
        if case.is_multiple_of(1 << 16) {
            progress(case);
        }
        let random = Random::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ case);
        if let Err(failure) = state.one(random, &mut outcomes) {
            outcomes.fail(failure);
        }
        outcomes.cases += 1;
    }
    if let Err(failure) = state.books.check() {
        outcomes.fail(failure);
    }
    outcomes.hot = state.hot.finish();
    outcomes.fold_hot();
    Ok(outcomes)
}

struct State {
    seed: u64,
    renewals: u64,
    /// Of everything that is only decoded. Books and the hot loop have sources of their own, whose orders they know.
    source: Source,
    for_books: Source,
    for_hot: Source,
    books: Books,
    hot: HotUnderFire,
    bytes: Vec<u8>,
    other: Vec<u8>,
}

impl State {
    fn one(&mut self, mut random: Random, outcomes: &mut Outcomes) -> Result<(), String> {
        // The first draw shows the pattern of the seed.
        random.next_u64();
        let kind = any_kind(&mut random);
        self.renew(kind)?;
        let (source, sequence) = match kind {
            Kind::Itch50 => (&mut self.for_books, 1),
            Kind::MoldUdp64 => (&mut self.for_hot, self.hot.next_sequence()),
            _ => (&mut self.source, 1),
        };
        source.fill(&mut random, kind, sequence, &mut self.bytes);
        // A book that knows no order can refuse little: most of what it gets is whole.
        let whole = if kind.reaches_a_book() { 12 } else { 1 };
        if !random.chance(whole, 16) {
            let other = any_kind(&mut random);
            self.source.fill(&mut random, other, 1, &mut self.other);
            damage(&mut random, &mut self.bytes, &self.other);
        }
        outcomes.accept(fuzz_one(&self.bytes) as u64);
        outcomes.decode(kind, kind.refusal(&self.bytes).unwrap_or("accepted"));
        match kind {
            Kind::Itch50 => outcomes.book(&format!("{:?}", self.books.apply(&self.bytes)?)),
            Kind::MoldUdp64 => outcomes.fold(u64::from(self.hot.step(&self.bytes)?)),
            Kind::SoupBinTcp if !pieces_agree(&mut random, &self.bytes) => {
                return Err(format!("pieces give another stream: {:02x?}", self.bytes));
            }
            _ => {}
        }
        Ok(())
    }

    fn renew(&mut self, kind: Kind) -> Result<(), String> {
        let seed = self.seed.wrapping_add(self.renewals);
        if kind == Kind::Itch50 && self.books.are_worn() {
            self.books.check()?;
            self.books = Books::new();
            self.for_books = Source::new(seed);
            self.renewals += 1;
        }
        if kind == Kind::MoldUdp64 && self.hot.renew()? {
            self.for_hot = Source::new(seed);
            self.renewals += 1;
        }
        Ok(())
    }
}

/// Half of the cases are of what reaches a book.
fn any_kind(random: &mut Random) -> Kind {
    match random.below(4) {
        0 => Kind::Itch50,
        1 => Kind::MoldUdp64,
        _ => Kind::ALL[random.below(Kind::ALL.len() as u64) as usize],
    }
}

impl Outcomes {
    fn fold(&mut self, word: u64) {
        self.hash = (self.hash ^ word)
            .rotate_left(29)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn fold_text(&mut self, text: &str) {
        for byte in text.bytes() {
            self.fold(u64::from(byte));
        }
    }

    fn accept(&mut self, accepted: u64) {
        self.accepted += accepted;
        self.fold(accepted);
    }

    fn decode(&mut self, kind: Kind, said: &'static str) {
        *self.decoded.entry((kind, said)).or_default() += 1;
        self.fold_text(said);
    }

    fn book(&mut self, code: &str) {
        self.fold_text(code);
        *self.booked.entry(code.to_owned()).or_default() += 1;
    }

    fn fail(&mut self, failure: String) {
        self.fold_text(&failure);
        self.failures += 1;
        if self.told.len() < TOLD {
            let case = CASE.load(Ordering::Relaxed);
            self.told.push(format!("case {case}: {failure}"));
        }
    }

    fn fold_hot(&mut self) {
        let hot = self.hot;
        for count in [
            hot.packets,
            hot.malformed,
            hot.foreign,
            hot.duplicates,
            hot.held,
            hot.messages,
            hot.intents,
        ] {
            self.fold(count);
        }
    }

    /// Everything, for machines.
    pub fn json(&self) -> Value {
        let mut decoded = BTreeMap::<&str, BTreeMap<&str, u64>>::new();
        for ((kind, said), count) in &self.decoded {
            decoded.entry(kind.name()).or_default().insert(said, *count);
        }
        let hot = &self.hot;
        json!({
            "seed": self.seed, "cases": self.cases, "hash": format!("{:016x}", self.hash),
            "accepted": self.accepted, "decoded": decoded, "books": self.booked,
            "hot": {
                "packets": hot.packets, "malformed": hot.malformed, "foreign": hot.foreign,
                "duplicates": hot.duplicates, "held": hot.held, "messages": hot.messages,
                "intents": hot.intents, "lives": hot.lives,
            },
            "failures": self.failures, "told": self.told,
        })
    }
}
