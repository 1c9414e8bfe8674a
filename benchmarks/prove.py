"""The full counts of every property: `make prove`, resumable; results go to docs/proof.json.

Tests try a fixed sample of each property, this tries thousands, through the very functions of the tests. A property
that was proven over the same code is not tried again; the exit code is 1 when one fails. A property whose tools are not
on this machine is skipped with that reason, and counts as not proven.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from benchmarks.machine import facts
from benchmarks.main_job import measure
from benchmarks.native_proofs import NotHereError, native_book_checksum, native_fuzz
from cws.environment import ROOT, commit, file_hash
from modules.canonical import json_hash

PROOF = ROOT / "docs/proof.json"
# What a property may rest on: a change in any of these makes every proof old.
CODE = (
    "assets", "benchmarks", "cws", "cws_dagster", "gateway", "kernels", "modules", "strategies", "tests",
    "requirements.lock",
)  # fmt: skip
SEEDS, FORMULAS, ENTRIES, FLIPS, KILLS, PANELS, RUNS = 3, 20_000, 16, 3_000, 100, 500, 3
BARS, SETS, LONG_FORMULAS = 1_000_000, 10_000_000, 200
Found = dict[str, object]


def tests(folder: str, name: str) -> Any:
    """A file of the tests as a module: pytest imports them by path, so their folder is no package."""
    for own in ("helpers", folder):
        if str(ROOT / "tests" / own) not in sys.path:
            sys.path.insert(0, str(ROOT / "tests" / own))
    return importlib.import_module(name)


@contextmanager
def set_to(**values: object) -> Generator[None]:
    """Set `package.module:NAME` to values and put the old ones back."""
    with pytest.MonkeyPatch.context() as patch:
        for where, value in values.items():
            module, name = where.split(":")
            patch.setattr(importlib.import_module(module), name, value)
        yield


def conformance(_: Path) -> Found:
    """Every rule holds for every module on examples from other seeds."""
    from modules import conformance as suite
    from modules.registry import all_modules

    wrong: list[str] = []
    for seed in range(SEEDS):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(suite, "SEED", seed)
            patch.setattr(suite.example_inputs, "__defaults__", (seed,))
            wrong += [f"seed {seed}, {module.name}: {v}" for module in all_modules() for v in suite.violations(module)]
    assert not wrong, wrong
    return {"seeds": SEEDS, "modules": len(all_modules()), "rules": len(suite.RULES)}


def alpha_batch_equals_streaming(_: Path) -> Found:
    """The two evaluators of the alpha language give the same bits on random formulas and panels."""
    from hypothesis import given, settings
    from hypothesis import strategies as st

    case = tests("kernels/alpha", "test_batch_equals_streaming")
    drawn = given(case.FORMULAS, st.integers(0, 10_000), st.integers(0, 30), st.integers(1, 6))
    inner = case.test_any_formula_on_any_panel.hypothesis.inner_test
    many = settings(max_examples=FORMULAS, deadline=None, database=None)
    many(drawn(inner))()
    return {"formulas": FORMULAS}


def alpha_a_million_bars(_: Path) -> Found:
    """Running sums of squares and an exponential mean over 10^6 bars: batch and stream give the same bits."""
    case = tests("kernels/alpha", "test_batch_equals_streaming")
    formula = case.parse("tstd(close, 20) - ema(open, 5)")
    fields = case.walk(1, BARS, 2)
    assert case.bits(case.evaluate(formula, fields)) == case.bits(case.streamed(formula, fields))
    return {"bars": BARS}


def alpha_a_million_bars_of_random_formulas(_: Path) -> Found:
    """Random formulas with windows beyond an anchor, over gaps and flat runs, cut anywhere: on 10^6 bars."""
    from hypothesis import given, seed, settings
    from hypothesis import strategies as st

    case = tests("kernels/alpha", "test_batch_equals_streaming")
    inner = case.test_long_windows_over_calm_prices_cut_anywhere.hypothesis.inner_test
    many = settings(max_examples=LONG_FORMULAS, deadline=None, database=None)
    bars = BARS // LONG_FORMULAS
    with set_to(**{"test_batch_equals_streaming:CUT_BARS": bars, "test_batch_equals_streaming:LONGEST_WINDOW": 300}):
        seed(1)(many(given(st.data(), st.integers(0, 10_000), st.integers(1, 10))(inner)))()
    return {"formulas": LONG_FORMULAS, "bars": BARS}


def alpha_a_million_bars_of_each_function(_: Path) -> Found:
    """Every function of the language by itself, over gaps and flat runs, cut twice: on 10^6 bars."""
    from kernels.alpha.language import FUNCTIONS

    case = tests("kernels/alpha", "test_batch_equals_streaming")
    with set_to(**{"test_batch_equals_streaming:CUT_BARS": -(-BARS // len(FUNCTIONS))}):
        for function in FUNCTIONS:
            case.test_each_function_over_calm_prices(function)
    return {"functions": len(FUNCTIONS), "bars": BARS}


def ledger_flips(scratch: Path) -> Found:
    """Every bit of every acknowledged entry is flipped: reader and verifier both find and locate it."""
    from cws.ledger.ledger import Ledger

    folder, case = scratch / "ledger", tests("cws/ledger", "test_tamper")
    with set_to(**{"cws.ledger.chain:ENTRIES_PER_SEGMENT": 3, "cws.ledger.verify:ENTRIES_PER_SEGMENT": 3}):
        Ledger(folder, lambda: 1).append_many([("fill", {"i": i, "px": 1.5}) for i in range(ENTRIES)])
        size = sum(path.stat().st_size for path in folder.glob("segment-*"))
        for bit in range(8):
            case.test_every_flipped_byte_is_found_and_located(folder, 1 << bit)
    return {"entries": ENTRIES, "flips": 8 * size}


def lake_flips(scratch: Path) -> Found:
    """Flipped bits in a data file are all refused by the reader, with table, version and file."""
    case, lakes = tests("cws/lake", "test_reader"), tests("cws/lake", "lakes")
    with set_to(**{"test_reader:FLIPS": FLIPS}):
        case.test_every_one_of_300_flipped_bits_is_refused(lakes.open_lake(scratch))
    return {"flips": FLIPS}


def ledger_kills(scratch: Path) -> Found:
    """A writer killed at any moment loses no entry that it acknowledged."""
    case = tests("cws/ledger", "test_crash")
    with set_to(**{"test_crash:KILLS": KILLS}):
        case.test_killed_writers_lose_nothing_that_they_acknowledged(scratch)
    return {"kills": KILLS}


def native_kills(scratch: Path) -> Found:
    """kill -9 of venue, risk and gateway under load: no order lost or sent twice; fills, positions, drop copy agree."""
    case = tests("gateway", "test_native_kills")
    if tests("helpers", "three_processes").binaries() is None:
        raise NotHereError("the native binaries are not built: make run, with cargo and g++ installed")
    return case.killed(scratch / "killed", KILLS, 1)


def lake_kills(scratch: Path) -> Found:
    """A writer killed at any moment loses no commit that was acknowledged and shows none that was not."""
    case = tests("cws/lake", "test_orphans")
    with set_to(**{"test_orphans:KILLS": KILLS}):
        case.test_what_was_acknowledged_survives_kill_9_at_any_moment(scratch)
    return {"kills": KILLS}


def engine_equals_vectorbt(_: Path) -> Found:
    """The vector engine and vectorbt give the same equity on random panels."""
    case = tests("modules/backtest", "test_vector_panel")
    with set_to(**{"test_vector_panel:PANELS": PANELS}):
        for fill_on in ("open", "close"):
            case.test_agrees_with_vectorbt_on_the_example(fill_on)
    return {"panels": 2 * PANELS, "relative_tolerance": 1e-9}


def sweep_ten_million_sets(_: Path) -> Found:
    """10^7 parameter sets, of windows and of a formula, come in chunks: each once, in the memory that 10^6 take."""
    case = tests("modules/backtest", "test_sweep_chunks")
    return {"sets": SETS, "peaks": case.read_in_chunks(SETS // 10, SETS)}


def main_job_repeats(scratch: Path) -> Found:
    """The main job gives the same result hashes in new homes and new processes, whatever the hash seed and threads."""
    found: list[dict[str, str]] = []
    for turn in range(RUNS):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONHASHSEED", str(turn))
            patch.setenv("OMP_NUM_THREADS", str(1 + turn % 2))
            found.append(measure(scratch / str(turn), "off")["result_hashes"])
    assert found == [found[0]] * RUNS, found
    assert len(found[0]) >= 3, found
    return {"runs": RUNS, "result_hashes": found[0]}


PROPERTIES: tuple[Callable[[Path], Found], ...] = (
    ledger_flips, lake_flips, ledger_kills, lake_kills, alpha_batch_equals_streaming, alpha_a_million_bars,
    alpha_a_million_bars_of_random_formulas, alpha_a_million_bars_of_each_function,
    engine_equals_vectorbt, sweep_ten_million_sets, native_fuzz, native_book_checksum, native_kills,
    conformance, main_job_repeats,
)  # fmt: skip


def code_hash() -> str:
    """One hash over the tracked files that a property may rest on."""
    listed = subprocess.run(["git", "ls-files", *CODE], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in listed.stdout.splitlines()]
    return json_hash({str(path.relative_to(ROOT)): file_hash(path) for path in files if path.is_file()})


def attempt(prove: Callable[[Path], Found]) -> dict[str, object]:
    """Try one property in a scratch folder; a failure is an answer too, and so is that its tools are not here."""
    started = time.perf_counter()
    found, failure, skipped = dict[str, object](), "", ""
    with TemporaryDirectory() as scratch:
        try:
            found = prove(Path(scratch))
        except NotHereError as missing:
            skipped = str(missing)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  whatever it is, the property does not hold
            failure = " ".join(f"{type(error).__name__}: {error}".split())[:2_000]
    verdict = {"holds": not failure and not skipped, "failure": failure, "skipped": skipped}
    return {**found, **verdict, "wall_s": round(time.perf_counter() - started, 1)}


def prove_all(known: Mapping[str, Any], names: list[str], say: Callable[[str], object]) -> dict[str, Any]:
    """The proofs by property name, each with code, commit, date and machine; written after every property."""
    proofs, code = dict(known), code_hash()
    for prove in PROPERTIES:
        name, old = prove.__name__, proofs.get(prove.__name__, {})
        if names and name not in names:
            continue
        if old.get("holds") and old.get("code") == code:
            say(f"{name}: proven over this code on {old['date']}\n")
            continue
        result = attempt(prove)
        # Files that changed meanwhile may or may not have been what was tried: such a proof is of no code.
        proven = code if code_hash() == code else "changed while this was tried"
        where = {"code": proven, "commit": commit(), "date": datetime.now(UTC).strftime("%Y-%m-%d"), **facts()}
        proofs[name] = {"what": (prove.__doc__ or "").strip(), **result, **where}
        write(proofs)
        skipped = result["skipped"] and f"skipped: {result['skipped']}"
        say(f"{name}: {'holds' if result['holds'] else skipped or result['failure']} ({result['wall_s']} s)\n")
    return proofs


def write(proofs: Mapping[str, object]) -> None:
    PROOF.parent.mkdir(exist_ok=True)
    draft = PROOF.with_suffix(".tmp")
    draft.write_text(json.dumps(proofs, indent=1, sort_keys=True) + "\n")
    draft.replace(PROOF)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.prove", description=__doc__)
    parser.add_argument("--only", action="append", default=[], choices=[p.__name__ for p in PROPERTIES])
    options = parser.parse_args(arguments)
    os.chdir(ROOT)
    # Of formulas, in their thousands: it would bury what is told here.
    warnings.filterwarnings("ignore", message="Generating overly large repr")
    known = json.loads(PROOF.read_text()) if PROOF.exists() else {}
    proofs = prove_all(known, options.only, sys.stdout.write)
    tried = [proofs[p.__name__] for p in PROPERTIES if not options.only or p.__name__ in options.only]
    return 0 if all(proof["holds"] or proof.get("skipped") for proof in tried) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
