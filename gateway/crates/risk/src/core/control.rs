//! Time, limits, parents, epochs: what is told to the core and not asked by an order.

use std::collections::{BTreeMap, HashMap};

use cws_journal::{Entry, KillScope, ParentOrder, Trigger};
use cws_process::fault::Fault;

use super::Core;
use crate::Now;
use crate::effects::Effects;
use crate::limits::Limits;
use crate::signing::SignedLimits;

const SEARCH_NS: u64 = 20_000_000;
/// Most parents that are kept, and most ids of past ones (some 20 bytes each).
pub const PARENTS_MAX: usize = 1 << 20;
pub const PAST_PARENTS_MAX: usize = 1 << 24;

impl Core {
    /// The gateway's last beat, as shared memory has it.
    pub fn beat(&mut self, beat_ns: u64) {
        self.status.beat_ns = beat_ns;
    }

    /// Whatever time alone brings about. `desk_age_ns` is how long ago the desk's file was refreshed, where one is
    /// watched; u64::MAX where it is missing.
    pub fn tick(&mut self, desk_age_ns: Option<u64>, now: Now, fx: &mut Effects) {
        self.roll(now, fx);
        // These go through all open orders.
        if now.mono_ns.saturating_sub(self.searched_ns) >= SEARCH_NS {
            self.searched_ns = now.mono_ns;
            self.overdue(now, fx);
            self.recovered(now, fx);
        }
        let dead = desk_age_ns
            .is_some_and(|age| self.settings.dead_man_ns != 0 && age > self.settings.dead_man_ns);
        if dead && !self.status.killed_firm {
            let by = ("dead man", "the desk's file was not refreshed");
            self.kill(KillScope::Firm, "", Trigger::DeadMan, by, now, fx);
        }
        self.compare(now, fx);
        self.beat_lost(now, fx);
        self.tell_state(now, fx);
    }

    /// Nobody minds the orders of a gateway that is silent for long.
    fn beat_lost(&mut self, now: Now, fx: &mut Effects) {
        if self.status.beating(now) {
            self.beat_lost_ns = None;
            return;
        }
        let since = *self.beat_lost_ns.get_or_insert(now.mono_ns);
        let patience = self.settings.beat_cancel_ns;
        if patience != 0 && now.mono_ns.saturating_sub(since) >= patience {
            self.beat_lost_ns = Some(now.mono_ns);
            self.cancel_all(None, now, fx);
        }
    }

    /// Limits whose signature was checked. Older ones are refused by [`crate::signing::check`].
    pub fn set_limits(&mut self, signed: SignedLimits, now: Now, fx: &mut Effects) {
        let entry = Entry::Limits {
            version: signed.limits.version,
            hash: signed.hash,
        };
        fx.entries.push((now.utc_ns, entry));
        self.knows_limits(signed.limits.version, signed.hash);
        let mut strategies: Vec<u16> = signed.limits.strategies.keys().copied().collect();
        strategies.sort_unstable();
        self.take_limits(signed);
        self.value(now, fx);
        self.roll(now, fx);
        // Its references are new prices, and its bounds new bounds: a loss need not wait for a trade to be one.
        for strategy in strategies {
            self.loss_kills(strategy, now, fx);
        }
        self.tell_state(now, fx);
    }

    /// The profit of a day counts from the marks with which it began: the journal says where in it that was.
    fn roll(&mut self, now: Now, fx: &mut Effects) {
        if let Some(day) = self.book.roll(now.utc_ns, self.day_starts_s()) {
            fx.entries.push((now.utc_ns, Entry::Day { day }));
        }
    }

    /// The references of the limits become marks, where they are newer. Of those that somebody may trade the journal is
    /// told: a limits file may have thousands of others, anew each minute.
    fn value(&mut self, now: Now, fx: &mut Effects) {
        let symbols = self.limits.iter().flat_map(|s| s.limits.symbols.values());
        for row in symbols {
            let (symbol, ns) = (row.locate, row.reference_ns);
            if let Some(price) = row.usable_reference(ns, 0)
                && self.book.exposure.set_mark(symbol, price, ns)
                && self.book.symbol_names.contains_key(&symbol)
            {
                let entry = Entry::Mark { symbol, price, ns };
                fx.entries.push((now.utc_ns, entry));
            }
        }
    }

    /// Limits that came into force, now or before a restart.
    pub(super) fn knows_limits(&mut self, version: u64, hash: [u8; 32]) {
        if self.limits_known.is_none_or(|(known, _)| version >= known) {
            self.limits_known = Some((version, hash));
        }
    }

    /// A restart forgets nothing: what is older than limits that were in force once stays out.
    ///
    /// # Errors
    /// `CWS-LIMITS-006` where the journal knows newer ones, or others of the same version; `-007` where they give a number
    /// of ours to something else.
    pub fn admit_limits(&self, signed: &SignedLimits) -> Result<(), Fault> {
        let version = signed.limits.version;
        if let Some(what) = self.renumbered(&signed.limits) {
            return Err(Fault::new(
                "CWS-LIMITS-007",
                what,
                "limits",
                "keep the numbers of symbols and strategies; for others begin with another run_dir",
            ));
        }
        match self.limits_known {
            Some((known, hash)) if version < known || version == known && signed.hash != hash => {
                Err(Fault::new(
                    "CWS-LIMITS-006",
                    format!("version {version}; the journal knows version {known}"),
                    "limits",
                    "raise version above it and sign again",
                ))
            }
            _ => Ok(()),
        }
    }

    /// What of these limits gives a number that parents came with to another name, or a name of theirs to another number:
    /// what is held and open is kept by number, and would become somebody else's.
    fn renumbered(&self, limits: &Limits) -> Option<String> {
        let symbols = limits.symbols.values().map(|row| (row.locate, &row.name));
        let strategies = limits.strategies.values().map(|row| (row.no, &row.name));
        other_name("symbol", &self.book.symbol_names, symbols)
            .or_else(|| other_name("strategy", &self.book.strategy_names, strategies))
    }

    /// At the start: limits that were in force before the restart are no news to the journal. Their references come with
    /// [`Core::set_limits`]: what the journal tells of was valued at older ones.
    pub fn take_limits(&mut self, signed: SignedLimits) {
        for symbol in signed.limits.symbols.values() {
            self.book.exposure.set_unit(symbol.locate, symbol.unit);
        }
        self.limits = Some(signed);
    }

    /// # Errors
    /// `CWS-RISK-010` where it is not one, `-011` where the id stands for another order.
    pub fn register(
        &mut self,
        parent: ParentOrder,
        now: Now,
        fx: &mut Effects,
    ) -> Result<(), Fault> {
        let refuse = |code, what: String, fix| {
            Err(Fault::new(
                code,
                what,
                format!("parent {}", parent.parent_id),
                fix,
            ))
        };
        let sound = parent.parent_id != 0 && parent.quantity > 0 && parent.limit_price >= 0;
        // Kills name a strategy, orders its number.
        let row = self
            .limits()
            .and_then(|limits| limits.strategies.get(&parent.strategy_no));
        let named = row.is_none_or(|row| row.name == parent.strategy);
        let full = self.book.parents.len() >= PARENTS_MAX
            || self.book.past_parents.len() >= PAST_PARENTS_MAX;
        if !sound || !named || full {
            let what = "no id, quantity or limit price, the number of another strategy, or too many parents".into();
            return refuse("CWS-RISK-010", what, "register an order with an id above 0");
        }
        let known = self.book.parents.get(&parent.parent_id);
        if known.is_some_and(|known| known.order == parent) {
            return Ok(());
        }
        if known.is_some() || self.book.past_parents.contains(&parent.parent_id) {
            let what = "the id stands for another order, or for one that is over".into();
            return refuse("CWS-RISK-011", what, "give every parent its own id");
        }
        fx.entries.push((now.utc_ns, Entry::Parent(parent.clone())));
        let symbol = parent.symbol_no;
        let is_first = !self.book.symbol_names.contains_key(&symbol);
        self.book.register(parent);
        let marked = self.book.exposure.symbols.get(&symbol);
        if let Some(marked) = marked.filter(|marked| is_first && marked.mark_ns != 0) {
            let (price, ns) = (marked.mark, marked.mark_ns);
            fx.entries
                .push((now.utc_ns, Entry::Mark { symbol, price, ns }));
        }
        Ok(())
    }

    /// Fences every older epoch off and gives the new one: a gateway that starts asks for it.
    pub fn next_epoch(&mut self, now: Now, fx: &mut Effects) -> u16 {
        self.book.epoch = self.book.epoch.saturating_add(1).min(cws_abi::EPOCH_MAX);
        let (region, epoch) = (self.settings.region, self.book.epoch);
        fx.entries
            .push((now.utc_ns, Entry::Epoch { region, epoch }));
        epoch
    }

    /// The journal is lost: for good. Cancels of everything that is open.
    pub fn journal_failed(&mut self, now: Now, fx: &mut Effects) {
        if !self.status.journal_failed {
            self.status.journal_failed = true;
            self.cancel_all(None, now, fx);
        }
    }
}

fn other_name<'a>(
    what: &str,
    known: &BTreeMap<u16, String>,
    rows: impl Iterator<Item = (u16, &'a String)>,
) -> Option<String> {
    let numbers: HashMap<&String, u16> = known.iter().map(|(no, name)| (name, *no)).collect();
    let mut rows = rows.filter(|(no, name)| {
        known.get(no).is_some_and(|ours| ours != *name)
            || numbers.get(name).is_some_and(|ours| ours != no)
    });
    rows.next()
        .map(|(no, name)| format!("{what} {no} is {name:?}: another name or number than it had"))
}
