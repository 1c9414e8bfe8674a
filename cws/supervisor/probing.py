"""One probe of the house: rulers first, then what P&L and clocks may judge. `cws supervise` and its certification both
come through here.

While an oracle breaks on made-up worlds, P&L is measured by a bent ruler and no module is probed for it. Changes are
thought of behind the walls. Those of value are also tried there, on search folds; rulers and clocks are read outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cws.ablation.ablate import Bench
from cws.patches import Patch
from cws.proposers.proposal import Ask
from cws.strategies import Catalogue
from cws.supervisor.clocks import probe_clocks
from cws.supervisor.findings import Finding
from cws.supervisor.guilt import Guilt, finding_of, guilty
from cws.supervisor.rulers import Rulers, probe_rulers, suspects
from cws.supervisor.talk import Talk, search_grounds
from modules.registry import load

PROPOSER = "nearby"
# Plays of made-up worlds take no look at anybody's data: they are bounded for their time alone.
MOST_PLAYS = 320
# Fewer looks at a module than this find nothing in it.
LEAST_LOOKS = 8
# How many of the guilty are put before the gate at once: what stands below them is often an effect of them.
MOST_GUILTY = 2
STAGES = ("feature", "size")
# What a proposer may list of one module.
MOST_LISTED = 200


@dataclass(frozen=True)
class Probed:
    """`guilts` by falling points; `bent` when an oracle breaks on search worlds; `looks` at search folds, and how many
    `plays` of search worlds there were.
    """

    guilts: tuple[Guilt, ...]
    bent: bool
    refused: tuple[str, ...]
    looks: int
    plays: int


NOT_PROBED = Probed((), False, (), 0, 0)


def probe(bench: Bench, catalogue: Catalogue, found: Sequence[Finding], budget: int, only: str = "") -> Probed:
    """At most `budget` looks at search folds, or MOST_PLAYS plays of search worlds; `found` says who comes first.

    With `only`, that module alone. Raises CWS-SANDBOX-001 to -003.
    """
    talk, rulers = Talk(bench, catalogue), Rulers(bench.stand(), bench.stand().search_seed)
    hints = [one.module for one in found]
    suspected = _of(suspects(rulers, hints), only) if rulers.now() else []
    if rulers.now():
        _, listed = talk.nearby([], 0, [_ask(name, found) for name in suspected]) if suspected else ([], [])
        guilts = probe_rulers(rulers, suspected, listed, MOST_PLAYS)
    else:
        values, clocks = (_of(_judged_by(judge, bench), only) for judge in ("value", "runtime"))
        night = len(bench.house.ledger.entries("proposals"))
        values = in_turn(values, hints, max(1, budget // LEAST_LOOKS), night)
        asks = [[_ask(name, found) for name in names] for names in (values, clocks)]
        tried, listed = talk.nearby(asks[0], budget, asks[1]) if values or clocks else ([], [])
        guilts = [*guilty(tried), *probe_clocks(search_grounds(bench), listed)]
    bent = bool(rulers.now())
    ordered = tuple(sorted(guilts, key=lambda guilt: -guilt.points))
    return Probed(ordered, bent, tuple(talk.refused), talk.looks, rulers.plays)


def _ask(module: str, found: Sequence[Finding]) -> Ask:
    suspected = tuple(dict.fromkeys(name for one in found if one.module == module for name in one.suspects))
    return Ask(f"module.{module}", module, suspected, MOST_LISTED, 0)


def _of(names: Sequence[str], only: str) -> list[str]:
    return [name for name in names if only in ("", name)]


def _judged_by(judge: str, bench: Bench) -> list[str]:
    """Modules of the strategies' chains with that judge, in the order of the chains."""
    grounds = search_grounds(bench)
    run = dict.fromkeys(name for ground in grounds for stage in STAGES for name in ground.strategy.chain(stage))
    return [name for name in run if load(name).manifest.judge == judge]


def in_turn(names: Sequence[str], hints: Sequence[str], most: int, night: int) -> list[str]:
    """At most so many: those that miners name first, then the others, each night going on where the last one ended."""
    hinted = [name for name in dict.fromkeys(hints) if name in names]
    others = [name for name in names if name not in hinted]
    first = night * most % max(1, len(others))
    return [*hinted, *others[first:], *others[:first]][:most]


def put_forward(guilts: Sequence[Guilt], ranked: Sequence[Finding]) -> list[Patch]:
    """The patches of the first MOST_GUILTY guilty modules on the work list, each under its own finding."""
    best = {guilt.module: guilt for guilt in guilts}
    first = list(dict.fromkeys(one.module for one in ranked if one.module in best))[:MOST_GUILTY]
    return [
        replace(best[name].patch, finding=finding_of(best[name], 0).id, proposer=PROPOSER, why=best[name].sentence)
        for name in first
    ]
