"""Shadows: patches that a batch found, carried along on days that nobody had seen, until an e-process says enough.

Everything about a shadow is frozen from its verdict's own deltas in the lake: how much of each unit's candidate is
held, the size of its delta, what the common factors explain of it, and the scale of the bets. Each step is a ledger
entry with all that and the wealth after it, so a shadow goes on from its last day, and a day is bet on once. Where its
module's TOML is no longer what the verdict was given on, none of that is true any more, and the shadow ends.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cws.ablation.ablate import Bench, anew
from cws.ablation.arm import play
from cws.ablation.deltas import Unit, market_returns, paired
from cws.ablation.folds import horizon_days
from cws.ablation.frozen import Frozen, frozen, held_at
from cws.ablation.ground import DAY_NS, changed, patched
from cws.ablation.record import Judged, judged_of
from cws.ablation.shipping import moves, ship
from cws.gate.paired import PairedDeltas
from cws.gate.shadow import Shadow, Stand, after_days
from cws.house import House
from cws.ledger.entry import Entry
from cws.patches import check
from modules.errors import CwsError
from modules.registry import ROOT


@dataclass(frozen=True)
class Open:
    """A shadow: its verdict, where its bets stand, and what they are measured with; None before its first new day.

    `given` is the verdict's ledger index. `end` says why it ends; "" while it goes on.
    """

    judged: Judged
    given: int
    last_day: int
    shadow: Shadow | None
    hedge: Frozen | None
    end: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """For people and machines."""
        state = self.shadow
        told = {"verdict": self.judged.id, "module": self.judged.patch.module, "days": state.days if state else 0}
        wealth = {
            "evidence_for": state.evidence_for if state else 1.0,
            "evidence_against": state.evidence_against if state else 1.0,
        }
        return {**told, **wealth, "stand": self.end or str(state.stand if state else Stand.GO_ON)}


def open_shadows(house: House) -> list[Open]:
    """Every shadow whose end is not written, oldest first; one that was overtaken says so already."""
    ended = {str(entry.body["verdict"]) for entry in house.ledger.entries("shadow_end")}
    # Steps without what they were measured with bet on deltas that the gate had not seen: their days are bet on anew.
    taken = [entry for entry in house.ledger.entries("shadow_step") if "frozen" in entry.body]
    steps = {str(entry.body["verdict"]): entry for entry in taken}
    given = {str(entry.body["id"]): entry for entry in house.ledger.entries("verdict")}
    wanted = [str(entry.body["verdict"]) for entry in house.ledger.entries("shadow")]
    found = [_open(given[one], steps.get(one)) for one in wanted if one not in ended]
    return [replace(one, end=_overtaken(house, one)) for one in found]


def _open(verdict: Entry, step: Entry | None) -> Open:
    judged = judged_of(verdict)
    if step is None:
        return Open(judged, verdict.index, -1, None, None)
    body: dict[str, Any] = dict(step.body)
    state, hedge = _values(body["state"]), Frozen(**_values(body["frozen"]))
    shadow = replace(Shadow(**state), stand=Stand(state["stand"]))
    return Open(judged, verdict.index, int(body["last_day"]), shadow, hedge)


def _values(written: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in written.items()}


def advance(bench: Bench, root: Path = ROOT) -> list[Open]:
    """Every open shadow after all days that are new to it; returns them as they stand now, ended ones too.

    A promoted patch ships, one that is rolled back or overtaken closes. Each has a bench of its own: what a ship
    changed, the one before remembers as it was. The caller holds the home's writer lock.
    """
    return [_advanced(anew(bench), one, root) for one in open_shadows(bench.house)]


def _advanced(bench: Bench, one: Open, root: Path) -> Open:
    house = bench.house
    if one.judged.id in _shipped(house):
        # Killed between the ship and this end: its values stand because of itself.
        return _ended(house, one, str(Stand.PROMOTE))
    # Asked again: the shadow before this one may just have been promoted.
    if overtaken := _overtaken(house, one):
        return _ended(house, one, overtaken)
    if one.shadow is None or one.shadow.stand is Stand.GO_ON:
        one = _stepped(bench, one)
    if one.end:
        return _ended(house, one, one.end)
    if one.shadow is None or one.shadow.stand is Stand.GO_ON:
        return one
    if one.shadow.stand is Stand.PROMOTE:
        ship(house, one.judged.patch, one.judged.id, root)
    return _ended(house, one, str(one.shadow.stand))


def _overtaken(house: House, one: Open) -> str:
    """Why there is nothing left to compare that the gate compared; "" where all is as the verdict saw it.

    What was shipped and taken back in between changed nothing. By hand a file may have been given the patch's values.
    """
    patch = one.judged.patch
    since = [move for move in moves(house) if move.index > one.given and move.body["module"] == patch.module]
    if since and since[0].body["before"] != since[-1].body["after"]:
        return f"overtaken: {since[-1].kind} {since[-1].index} wrote {patch.module}.toml"
    try:
        check(patch, f"shadow of {one.judged.id}")
    except CwsError as refusal:
        return f"overtaken: {refusal.what}"
    return ""


def _shipped(house: House) -> set[str]:
    return {str(entry.body["verdict"]) for entry in house.ledger.entries("ship")}


def _ended(house: House, one: Open, why: str) -> Open:
    house.ledger.append("shadow_end", {"verdict": one.judged.id, "module": one.judged.patch.module, "stand": why})
    return replace(one, end=why)


def ended_shadows(house: House) -> list[dict[str, Any]]:
    """How every shadow that ended did, newest first: for people and machines."""
    return [{**entry.body, "ts_ns": entry.ts_ns} for entry in reversed(house.ledger.entries("shadow_end"))]


def _stepped(bench: Bench, one: Open) -> Open:
    kept = bench.house.lake.read(bench.house.lake.pin("deltas", one.judged.id))
    frozen_until = int(kept["ts_event"].max() // DAY_NS)
    held = held_at(kept) if one.hedge is None else one.hedge.held
    units = _units(bench, one.judged, held)
    if not units:
        return one
    horizon = max(horizon_days(ground) for ground in bench.grounds() if ground.name in {unit.name for unit in units})
    whole = paired(units, horizon, held)
    confirm = _between(whole, -1, frozen_until)
    if not set(kept["ts_event"]) <= set(confirm.days_ns.tolist()):
        # What was frozen on days that are gone means nothing any more.
        return replace(one, end="the history was revised")
    hedge = one.hedge or frozen(kept, confirm)
    # More bars of the last day may come yet, and a day is bet on once: it waits until a later day is there.
    new = _between(whole, max(one.last_day, frozen_until), int(whole.days_ns[-1] // DAY_NS) - 1)
    if not new.days_ns.size:
        return one
    shadow = after_days(one.shadow or Shadow(hedge.scale, horizon), hedge.excess(new, [unit.name for unit in units]))
    last_day = int(new.days_ns[-1] // DAY_NS)
    bench.house.ledger.append(
        "shadow_step", {"verdict": one.judged.id, "module": one.judged.patch.module, "last_day": last_day,
                        "state": {**asdict(shadow), "stand": str(shadow.stand)}, "frozen": asdict(hedge)},
    )  # fmt: skip
    return replace(one, last_day=last_day, shadow=shadow, hedge=hedge)


def _units(bench: Bench, judged: Judged, held: Mapping[str, float]) -> list[Unit]:
    """Both arms of every strategy of the verdict that the patch still changes, over all days that are known now."""
    units = [
        Unit(ground.name, bench.baseline(ground, "all"),
             play(patched(ground, judged.patch), "shadow", bench.sink, bench.reuse), market_returns(ground))
        for ground in bench.grounds() if ground.name in held and changed(ground, judged.patch)
    ]  # fmt: skip
    return [unit for unit in units if not unit.candidate.failure]


def _between(whole: PairedDeltas, after: int, until: int) -> PairedDeltas:
    """The days after `after`, until and with `until`."""
    day = whole.days_ns // DAY_NS
    kept = (day > after) & (day <= until)
    return PairedDeltas(whole.days_ns[kept], whole.deltas[:, kept], whole.factors[:, kept], whole.horizon_days)
