"""The fault table: what can be wrong with a house, and how much of it. Certification alone reads it.

A fault is a typed diff of a module's TOML, inside the module's bounds, as patches are. Which judge decides about its
repair is the module's own word.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cws.patches import Patch
from cws.strategies import Scalar
from modules.registry import load

Span = tuple[float, float]


@dataclass(frozen=True)
class Entry:
    """A kind of mistake in a setting or skill: one of `values`, or the TOML's value times a ratio in `span`."""

    kind: str
    module: str
    key: str
    values: tuple[Scalar, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class Fault:
    kind: str
    patch: Patch

    @property
    def module(self) -> str:
        return self.patch.module

    @property
    def judge(self) -> str:
        return load(self.module).manifest.judge

    @property
    def size(self) -> Mapping[str, Scalar]:
        return {**self.patch.settings, **self.patch.skills}


LOOKBACKS = tuple(f"cs_rank(-delta(close, {bars}) / delay(close, {bars}))" for bars in (1, 20, 40, 60))
TABLE: tuple[Entry, ...] = (
    Entry("wrong column", "csv_ohlcv", "column_high", ("Low", "Open", "Close")),
    Entry("wrong column", "csv_ohlcv", "column_low", ("High", "Open", "Close")),
    Entry("wrong column", "csv_ohlcv", "column_open", ("Close", "Adj Close")),
    Entry("wrong column", "csv_ohlcv", "column_close", ("Open", "Adj Close")),
    Entry("wrong column", "csv_ohlcv", "column_volume", ("Close",)),
    Entry("wrong column", "epoch_bars", "column_high", ("Low", "Open", "Close")),
    Entry("wrong column", "epoch_bars", "column_open", ("Close", "High", "Low")),
    Entry("wrong column", "epoch_bars", "column_close", ("Open", "High", "Low")),
    Entry("wrong market", "csv_ohlcv", "mic", ("XHKG", "XTKS")),
    Entry("wrong market", "wide_panel", "mic", ("XHKG", "XTKS")),
    Entry("wrong session calendar", "exchange_sessions", "mic", ("XHKG", "XTKS", "24/7")),
    Entry("wrong session calendar", "exchange_sessions", "last_year", (2004, 2005)),
    Entry("redundant recomputation", "exchange_sessions", "first_year", (1970, 1975, 1980)),
    Entry("file cut short", "csv_ohlcv", "max_rows", span=(1e-4, 1.2e-3)),
    Entry("file cut short", "wide_panel", "max_bytes", span=(1e-5, 3e-4)),
    Entry("file cut short", "epoch_bars", "max_rows", span=(1e-5, 4e-4)),
    Entry("tz shift", "to_utc_ns", "zone", ("UTC", "Europe/London", "Asia/Tokyo", "Asia/Hong_Kong", "America/Chicago")),
    Entry("tz shift", "to_utc_ns", "daily_close_local", ("15:00", "17:00", "20:00", "09:30", "23:59")),
    Entry("wrong stamp mark", "to_utc_ns", "stamp_kind", ("offset", "local")),
    Entry("wrong stamp mark", "to_utc_ns", "bar_seconds", (3_600, 900)),
    Entry("over-loose quarantine", "sort_and_dedupe", "same_within", (0.02, 0.05, 0.2, 0.5)),
    Entry("over-tight quarantine", "session_filter", "bar_seconds", (3_600, 900, 60)),
    Entry("silent NaN fill", "bar_sanity", "carries", ("close", "ohlc")),
    Entry("missed split", "split_adjust", "min_move", (0.5,)),
    Entry("missed split", "split_adjust", "tolerance", (1e-6, 1e-5)),
    Entry("wrong anchor", "split_adjust", "anchor", ("last",)),
    Entry("stale cap", "split_adjust", "as_of_ns", (1_075_000_000_000_000_000, 1_085_000_000_000_000_000)),
    Entry("missed dividends", "dividend_adjust", "min_yield", (0.01, 0.02, 0.05, 0.1)),
    Entry("wrong anchor", "dividend_adjust", "anchor", ("last",)),
    Entry("stale cap", "dividend_adjust", "as_of_ns", (1_075_000_000_000_000_000, 1_085_000_000_000_000_000)),
    Entry("over-loose quarantine", "hampel_outliers", "z_max", (80.0, 100.0)),
    Entry("over-loose quarantine", "hampel_outliers", "min_return", span=(11.0, 50.0)),
    Entry("over-tight quarantine", "hampel_outliers", "min_return", (0.0, 0.01)),
    Entry("wrong window", "hampel_outliers", "min_bars", (200, 300, 500)),
    Entry("silent NaN fill", "forward_fill", "max_age_bars", (10, 20, 60, 250, 1000)),
    Entry("lookback off by one", "forward_fill", "max_age_bars", (4, 6)),
    Entry("over-tight quarantine", "forward_fill", "max_age_bars", (0, 1)),
    Entry("over-tight quarantine", "winsorize", "z_max", span=(0.15, 0.5)),
    Entry("cap never binding", "winsorize", "z_max", span=(3.0, 15.0)),
    Entry("wrong window", "winsorize", "min_bars", (100, 200, 250)),
    Entry("wrong scale", "winsorize", "scale", ("std_scale",)),
    Entry("wrong cost unit", "vector_panel", "cost_bps", (0.1, 0.01, 0.001, 100.0, 1_000.0)),
    Entry("wrong cost", "vector_panel", "cost_bps", span=(0.2, 0.8)),
    Entry("wrong cost", "vector_panel", "cost_bps", span=(1.25, 5.0)),
    Entry("forgotten cost", "vector_panel", "cost_bps", (0.0,)),
    Entry("counted twice", "vector_panel", "half_spread_bps", (1.0, 2.0, 5.0)),
    Entry("money from nowhere", "vector_panel", "credit_rate", (0.02, 0.05, 0.2)),
    Entry("wrong fill", "vector_panel", "fill_on", ("close",)),
    Entry("stale cap", "vector_panel", "weight_cap", (0.02, 0.05, 0.1)),
    Entry("stale cap", "vector_panel", "gross_cap", (0.1, 0.2, 0.4)),
    Entry("wrong lot", "vector_panel", "lot", (1.0, 10.0, 100.0)),
    Entry("silent NaN fill", "vector_panel", "missing_bar", ("wait",)),
    Entry("wrong start", "vector_panel", "initial_cash_usd", (100_000.0, 10_000_000.0)),
    Entry("wrong cost unit", "cost_bps", "cost_bps", (0.1, 0.001, 100.0, 1_000.0)),
    Entry("wrong cost", "cost_bps", "cost_bps", span=(0.2, 0.8)),
    Entry("wrong cost unit", "cost_half_spread", "half_spread_bps", (0.02, 0.0002, 200.0)),
    Entry("lookback off by one", "cost_sqrt_impact", "impact_bars", (19, 21)),
    Entry("wrong window", "cost_sqrt_impact", "impact_bars", (5, 60, 252)),
    Entry("wrong cost", "cost_sqrt_impact", "impact_coefficient", (0.05, 0.1, 1.0, 5.0)),
    Entry("wrong cost unit", "cost_borrow", "borrow_rate", (0.0001, 1.0)),
    Entry("wrong annualisation", "cost_borrow", "bars_per_year", (12.0, 52.0, 365.0)),
    Entry("wrong annualisation", "performance", "bars_per_year", (12.0, 52.0, 365.0, 35_040.0)),
    Entry("wrong confidence", "bootstrap_ci", "level", (0.5, 0.68, 0.8)),
    Entry("wrong window", "bootstrap_ci", "block_bars", (150, 252)),
    Entry("wrong fill", "vector_sweep", "fill_on", ("close",)),
    Entry("forgotten cost", "vector_sweep", "fee_bps", (0.0, 1.0)),
    Entry("wrong cost unit", "vector_sweep", "slippage_bps", (50.0, 0.005)),
    Entry("stale cap", "vector_sweep", "max_stake", (0.1, 0.3)),
    Entry("stale cap", "capacity_cap", "adv_share", (0.0005, 0.005)),
    Entry("cap never binding", "capacity_cap", "adv_share", (0.5, 1.0)),
    Entry("wrong cap", "capacity_cap", "adv_share", span=(0.3, 0.8)),
    Entry("lookback off by one", "capacity_cap", "adv_bars", (19, 21)),
    Entry("wrong window", "capacity_cap", "adv_bars", (1, 5, 60, 252)),
    Entry("wrong cost unit", "paper_fill", "cost_bps", (0.05, 0.0005, 50.0, 500.0)),
    Entry("wrong cost", "paper_fill", "cost_bps", span=(0.2, 0.8)),
    Entry("forgotten cost", "paper_fill", "cost_bps", (0.0,)),
    Entry("wrong fill", "paper_fill", "fill_on", ("close",)),
    Entry("wrong start", "position_book", "initial_cash_usd", (100_000.0, 500_000.0, 10_000_000.0)),
    Entry("redundant recomputation", "cs_rank", "rows_at_once", (1,)),
    Entry("wrong window", "reversal_5d", "window_bars", (1, 20, 40, 60, 120)),
    Entry("turned around", "alpha_formula", "formula", ("cs_rank(delta(close, 5) / delay(close, 5))",)),
    Entry("wrong field", "alpha_formula", "formula", ("cs_rank(-delta(volume, 5) / delay(volume, 5))",)),
    Entry("wrong window", "alpha_formula", "formula", LOOKBACKS),
    Entry("wrong window", "momentum_12_1", "lookback_bars", (63, 70, 80)),
    Entry("wrong window", "ma_cross", "slow_bars", (52, 55, 60)),
    Entry("wrong window", "ma_cross", "fast_bars", (1, 190, 198)),
    Entry("wrong schedule", "rank_to_weight", "schedule", ("monthly",)),
    Entry("wrong schedule", "inverse_vol", "schedule", ("monthly",)),
    Entry("wrong window", "realized_vol", "window_bars", (1, 2)),
    Entry("wrong window", "vol_target", "decay", (0.5, 0.6)),
    Entry("wrong window", "vol_target", "min_bars", (500, 1_000, 2_000)),
)

# How many of forty are drawn of each stage.
SHARES: Mapping[str, int] = {"ingest": 6, "clean": 9, "feature": 6, "backtest": 11, "size": 4, "execute": 4}


def fault_of(entry: Entry, rng: np.random.Generator) -> Fault:
    """The entry at a size drawn from `rng`."""
    manifest = load(entry.module).manifest
    if entry.span is None:
        value = entry.values[int(rng.integers(len(entry.values)))]
    else:
        low, high = (math.log(end) for end in entry.span)
        was = manifest.settings[entry.key]
        assert isinstance(was, int | float)
        drawn = was * math.exp(rng.uniform(low, high))
        value = round(drawn) if isinstance(was, int) else float(f"{drawn:.2g}")
    if entry.key in manifest.settings:
        return Fault(entry.kind, Patch(entry.module, {entry.key: value}))
    return Fault(entry.kind, Patch(entry.module, {}, {entry.key: str(value)}))


@dataclass
class Deck:
    """Faults in a drawn order, none twice: first a module of the stage, then a kind of mistake in it, then its size."""

    rng: np.random.Generator
    dealt: set[str] = field(default_factory=set[str])

    def deal(self, stage: str) -> Fault | None:
        """The next fault of a stage that was not dealt yet, None when a hundred draws gave none."""
        of_stage = [entry for entry in TABLE if load(entry.module).stage == stage]
        modules = sorted({entry.module for entry in of_stage})
        for _ in range(100):
            module = modules[int(self.rng.integers(len(modules)))]
            entries = [entry for entry in of_stage if entry.module == module]
            fault = fault_of(entries[int(self.rng.integers(len(entries)))], self.rng)
            if fault.patch.id not in self.dealt:
                self.dealt.add(fault.patch.id)
                return fault
        return None
