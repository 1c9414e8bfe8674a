"""sweep_chunks: rule alpha by plain loops, the same rows wherever it is cut, and memory that does not grow."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from places import ROOT

from kernels.alpha.batch import evaluate
from kernels.alpha.binding import bind as assign
from kernels.alpha.parse import parse
from kernels.reference import sweep as reference
from kernels.sweep_inputs import FIGURES, Lanes
from modules.backtest import sweep_chunks as chunks
from modules.backtest.sweep_chunks import sweep_chunks, traded
from modules.backtest.sweep_settings import SweepSettings, terms_of
from modules.errors import CwsError
from modules.examples import bars_example
from modules.panel import grid
from modules.registry import load
from modules.settings import bind

FORMULA = "cs_z(delta(close, $n) / tstd(ret, $m)) + clip(volume / delay(volume, $n), 0, $w)"
GRID = "n 1 4, m 3..9 by 3, w 0.5 1, enter 0.5 1.5, exit 0 0.75"


def holed() -> pd.DataFrame:
    """Four symbols of which one lists late; some closes are missing, and some bars are not there at all."""
    bars = bars_example(np.random.default_rng(4), 90)
    bars.loc[[7, 8, 40, 100, 130], "close"] = np.nan
    return bars.drop(index=[20, 21, 150]).reset_index(drop=True)


BARS_SEEN = holed()


def told(**settings: object) -> SweepSettings:
    found = bind(load("vector_sweep"), settings).settings
    assert isinstance(found, SweepSettings)
    return found


def alpha(**settings: object) -> SweepSettings:
    return told(**{"rule": "alpha", "formula": FORMULA, "grid": GRID, **settings})


def whole(bars: pd.DataFrame, settings: SweepSettings) -> pd.DataFrame:
    together = pd.concat(list(sweep_chunks(bars, settings)))
    return together.sort_values(["symbol", "set"], kind="stable", ignore_index=True)


def by_plain_loops(bars: pd.DataFrame, settings: SweepSettings) -> np.ndarray:
    """FIGURES by (symbol, set): every set's formula bound and evaluated, every account by the reference."""
    stamps, found = grid(bars), []
    fields = {name: stamps.spread(bars[name]) for name in ("open", "high", "low", "close", "volume")}
    for number, (_, own_stamps, market) in enumerate(traded(bars, settings)):
        rows = np.flatnonzero(np.isin(stamps.ts_event, own_stamps))
        for m in (3, 6, 9):
            for n in (1, 4):
                for w in (0.5, 1.0):
                    formula = assign(parse(FORMULA), {"n": n, "m": m, "w": w})
                    value = evaluate(formula, fields)[rows, number]
                    for enter in (0.5, 1.5):
                        for leave in (0.0, 0.75):
                            one = np.zeros(1, dtype=np.int64)
                            lanes = Lanes(one, one, np.array([leave]), np.array([enter]))
                            terms = terms_of(settings)
                            found.append(reference.sweep("z_reversion", -value[:, None], lanes, market, terms)[0])
    return np.array(found)


@pytest.mark.parametrize("sizing", ["all", "volatility"])
@pytest.mark.parametrize("below", ["short", "flat"])
def test_rule_alpha_has_the_bytes_of_the_plain_loops(sizing: str, below: str) -> None:
    settings = alpha(sizing=sizing, below=below, fill_on="open" if below == "short" else "close")
    table = whole(BARS_SEEN, settings)
    given = table[list(FIGURES)].to_numpy(dtype=np.float64)
    assert given.tobytes() == by_plain_loops(BARS_SEEN, settings).tobytes()
    assert (table["order_count"] > 0).mean() > 0.5, "these accounts never traded: this shows nothing"
    # Parameters stand in the order of their names, then enter and exit; the last is the fastest.
    assert table.loc[1, ["first", "second", "third", "fourth", "fifth"]].tolist() == [3.0, 1.0, 0.5, 0.5, 0.75]


def test_a_value_between_the_thresholds_is_held_and_beyond_them_not() -> None:
    # The formula is the level itself: in at 2, held at 1, out at 0.5, short at -2, held at -1, back at -0.5.
    level = np.array([0.0, 2.0, 1.0, 0.5, -2.0, -1.0, -0.5, np.nan, 0.0])
    own = BARS_SEEN[BARS_SEEN["symbol"] == "AAA.XNYS"].head(9).reset_index(drop=True)
    own = own.assign(open=100.0, close=100.0, volume=level + 10.0)
    free = dict.fromkeys(("fee_bps", "half_spread_bps", "slippage_bps", "borrow_bps_per_bar"), 0.0)
    counts = {}
    for bars_seen in range(1, 10):
        settings = alpha(formula="volume - $x", grid="x 10, enter 1.5, exit 0.5", **free)
        counts[bars_seen] = int(whole(own.head(bars_seen), settings)["order_count"].iloc[0])
    assert list(counts.values()) == [0, 0, 1, 1, 2, 3, 3, 4, 4]


CUT = {
    "alpha": alpha(),
    "ma_cross": told(grid="fast_bars 2..9, slow_bars 10..40 by 3"),
    "z_reversion": told(rule="z_reversion", grid="bars 3 5 9, exit_score 0 0.5, entry_score 1..2 by 0.1"),
}


@pytest.mark.parametrize("rule", CUT)
def test_where_it_is_cut_changes_no_row(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = CUT[rule]
    at_once = whole(BARS_SEEN, settings)
    resumed = [*sweep_chunks(BARS_SEEN, settings, 0, 17), *sweep_chunks(BARS_SEEN, settings, 17)]
    assert [int(part["set"].iloc[0]) for part in resumed] == [0, 17]
    for features_bytes, rows in ((1, 10**6), (17_280, 10**6), (10**9, 20)):
        monkeypatch.setattr(chunks, "CHUNK_FEATURES_BYTES", features_bytes)
        monkeypatch.setattr(chunks, "CHUNK_ROWS", rows)
        parts = list(sweep_chunks(BARS_SEEN, settings))
        assert len(parts) > 5 or features_bytes == 17_280
        together = pd.concat(parts).sort_values(["symbol", "set"], kind="stable", ignore_index=True)
        pd.testing.assert_frame_equal(together, at_once, check_exact=True)
    together = pd.concat(resumed).sort_values(["symbol", "set"], kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(together, at_once, check_exact=True)


def test_chunks_keep_their_bounds() -> None:
    big = told(grid="fast_bars 1..4000, slow_bars 1..2500")
    plan = chunks.planned(big, chunks.MAX_STREAMED_SETS)
    assert plan.sets == 10_000_000
    assert chunks.chunk_sets(plan, 20, 1) == 65_536
    for bars, symbols in ((2_500, 1), (2_500, 500), (100_000, 3)):
        sets = chunks.chunk_sets(plan, bars, symbols)
        assert sets * symbols <= chunks.CHUNK_ROWS
        assert sets == 1 or plan.most_columns(sets) * bars * 8 <= chunks.CHUNK_FEATURES_BYTES
    many = chunks.planned(alpha(grid="n 1..50, m 2..51, w 1..10, enter 1..4, exit 0..3"), chunks.MAX_STREAMED_SETS)
    sets = chunks.chunk_sets(many, 2_500, 500)
    # Whole runs of the 16 thresholds, so that no assignment is computed twice.
    assert sets % 16 == 0 and (sets // 16) * 2_500 * 500 * 8 <= chunks.CHUNK_FEATURES_BYTES


def test_what_it_refuses_it_refuses_before_the_first_frame() -> None:
    with pytest.raises(CwsError, match="CWS-BACKTEST-022"):
        sweep_chunks(BARS_SEEN, told(grid="fast_bars 1..20000, slow_bars 1..20000"))
    with pytest.raises(CwsError, match="CWS-BACKTEST-020"):
        sweep_chunks(BARS_SEEN.assign(close=0.0), told())
    assert list(sweep_chunks(BARS_SEEN.head(0), told())) == []


def read_in_chunks(small: int, large: int) -> list[dict[str, object]]:
    """Peaks of memory while so many sets are read, for each rule that was tried; they must not grow."""
    command = [sys.executable, str(ROOT / "tests/modules/backtest/sweep_peak.py"), str(small), str(large)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for one in found:
        assert one["sets"] == [small, large], one
        # What is kept of a chunk is 6 MB; two chunks are there at a time, one being read and one being made.
        assert one["peak_mb"][0] > 1.0 and one["peak_mb"][1] < 1.3 * one["peak_mb"][0], one
    return found


def test_memory_does_not_grow_with_the_sets() -> None:
    assert len(read_in_chunks(3 * 65_536, 10 * 65_536)) == 2
