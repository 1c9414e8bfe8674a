"""What keeps a unit from being published: rows that do not add up, untested weights, breaks, too much refused."""

from collections.abc import Mapping

import pandas as pd

from cws.flow import Flow, task
from cws.house import House
from cws.pins import open_pins, published
from cws.stages import ROWS, tested_sizing
from modules.errors import CwsError
from modules.values import Table


def _where(flow: Flow) -> str:
    return f"{flow.unit.stage} of {flow.unit.name}"


def refuse_breaks(flow: Flow) -> None:
    """A break that is no unfilled order means that orders, fills and positions disagree (CWS-STAGE-003)."""
    breaks = flow.tables.get("breaks")
    if not isinstance(breaks, Table):
        return
    wrong = breaks.frame[breaks.frame["kind"] != "unfilled"]
    if len(wrong):
        first = wrong.iloc[0]
        raise CwsError(
            "CWS-STAGE-003",
            what=f"{len(wrong)} breaks between orders and fills, first {first['kind']!r} of {first['cl_ord_id']}",
            where=_where(flow),
            fix="nothing was published; look at the orders and fills of this run",
        )


def refuse_failed_checks(flow: Flow) -> None:
    """Dagster stops at a failed blocking check; whoever walks a chain without it stops here (CWS-STAGE-010)."""
    failed = [f"{trace.module}.{name}" for trace in flow.traces for name in trace.failed_checks]
    if failed:
        raise CwsError(
            "CWS-STAGE-010",
            what=f"failed acceptance checks: {', '.join(failed)}",
            where=_where(flow),
            fix="cws traces --failed, or the asset's checks in the Dagster UI",
        )


def refuse_stale(house: House, flow: Flow) -> None:
    """Another process may have published while this one computed: the newer publication stands (CWS-STAGE-008)."""
    now = {name: pin.hash for name, pin in open_pins(house, flow.unit).items()}
    moved = [name for name, pin in flow.pins.items() if now[name] != pin.hash]
    if moved:
        raise CwsError(
            "CWS-STAGE-008",
            what=f"{', '.join(moved)} was published anew while this ran",
            where=_where(flow),
            fix="run it again: nothing of this run was published",
        )


def refuse_untested(house: House, flow: Flow) -> None:
    """What is sized and executed must be what was tested.

    The backtest in force was asked with the same settings and code, and the targets were sized after it
    (CWS-STAGE-007); it gave the same account-free weights (CWS-STAGE-004).
    """
    question = task(flow.unit, {}, {})
    last = {e.body["stage"]: e for e in house.ledger.entries("stage") if e.body["unit"] == flow.unit.name}
    asked = last["backtest"].body
    changed = (asked["trial_settings"], asked["code"]) != (question.settings_hash, question.code)
    # Targets of an earlier question, executed under the present one, answer neither.
    sized_before = flow.unit.stage == "execute" and last["size"].index < last["backtest"].index
    if changed or sized_before:
        why = "settings or code changed since the backtest" if changed else "the backtest is newer than the targets"
        raise CwsError(
            "CWS-STAGE-007",
            what=f"{why}: this would be a result without a trial",
            where=_where(flow),
            fix="run the backtest again first: cws run",
        )
    sized = zip(flow.traces, tested_sizing(flow.unit), strict=False)
    made = [trace.outputs["weights"] for trace, _ in sized if "weights" in trace.outputs]
    tested = published(house)["weights", flow.unit.name].hash
    if flow.unit.stage == "size" and made[-1:] != [tested]:
        raise CwsError(
            "CWS-STAGE-004",
            what=f"sizing gives weights {made[-1:]}, the backtest tested {tested}",
            where=_where(flow),
            fix="run the backtest again before sizing: cws run",
        )


def drifted_symbols(targets: pd.DataFrame, positions: pd.DataFrame) -> int:
    """Symbols whose last position is not the target of one bar before: refused and lapsed orders are not made up.

    Both panels have the same rows in the same order.
    """
    due = targets.groupby("symbol")["target_lots"].shift(1, fill_value=0)
    last = ~positions["symbol"].duplicated(keep="last")
    return int((positions["position_lots"].to_numpy() != due.to_numpy())[last.to_numpy()].sum())


def _entered(flow: Flow, tables: Mapping[str, Table]) -> int:
    """What came into the stage, counted apart from what went out of it."""
    if flow.unit.stage == "ingest":
        # Records are numbered in the source, so one that vanished leaves a gap; a wide row holds several records.
        numbers = pd.concat([tables["raw_bars"].frame["row"], *(frame["row"] for frame in flow.refused)])
        return int(numbers.max() * numbers.value_counts().max()) if len(numbers) else 0
    if flow.unit.stage == "execute":
        return next(trace.rows_out for trace in flow.traces if "orders" in trace.outputs)
    return tables[ROWS[flow.unit.stage][0]].rows


def account(flow: Flow, tables: Mapping[str, Table]) -> dict[str, int]:
    """Rows in, added, quarantined and out of the stage.

    Raises CWS-STAGE-002 when they do not add up and CWS-STAGE-005 when more was refused than the dataset allows.
    """
    lost = sum(len(frame) for frame in flow.refused)
    added = sum(max(0, t.rows_out + t.rows_refused - t.rows_in) for t in flow.traces if t.module == "forward_fill")
    out, entered = tables[ROWS[flow.unit.stage][1]].rows, _entered(flow, tables)
    if entered + added != out + lost:
        raise CwsError(
            "CWS-STAGE-002",
            what=f"{entered} rows in + {added} filled is not {out} out + {lost} quarantined",
            where=_where(flow),
            fix="a module loses rows: cws modules verify",
        )
    share = flow.unit.dataset.max_quarantined_share
    if flow.unit.strategy is None and lost > share * entered:
        raise CwsError(
            "CWS-STAGE-005",
            what=f"{lost} of {entered} rows are refused, most for {_commonest(flow)}; the dataset allows {share:.0%}",
            where=_where(flow),
            fix="mend the source, or raise max_quarantined_share in the dataset's TOML",
        )
    return {"rows_in": entered, "rows_added": added, "rows_quarantined": lost, "rows_out": out}


def _commonest(flow: Flow) -> str:
    reasons = pd.concat([frame["reason"] for frame in flow.refused])
    return repr(reasons.value_counts().index[0])
