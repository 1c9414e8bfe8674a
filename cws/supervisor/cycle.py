"""One cycle of the loop: findings -> a probe and asks -> patches from behind walls -> one batch -> what ships.

What was proposed is a ledger entry before anything is ablated, and the end of the cycle is another: a cycle that was
killed anywhere between goes on with the same patches, and its batch finds the verdicts that were given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cws.ablation.ablate import Bench, anew
from cws.ablation.batch import MAX_PATCHES, Progress, finish, refuse_too_many, run_batch, silent
from cws.ablation.bundle import due, retest
from cws.ablation.shadowing import advance
from cws.ablation.told import Row, rows_of, told
from cws.house import House
from cws.ledger.entry import Entry
from cws.patches import Patch, patch_toml, read_patch
from cws.proposers.language_model import Endpoint
from cws.proposers.proposal import Ask
from cws.sandbox.confine import refuse_without_walls
from cws.strategies import Catalogue
from cws.supervisor.findings import Finding, ranked
from cws.supervisor.gather import gather
from cws.supervisor.guilt import finding_of
from cws.supervisor.mine import mine
from cws.supervisor.probing import NOT_PROBED, Probed, probe, put_forward
from cws.supervisor.propose import PROPOSERS, asks_of, keep_patches, propose
from cws.supervisor.talk import unsearched
from modules.errors import CwsError
from modules.registry import ROOT, load, names

Say = Callable[[str], None]
# So much of the work list is kept with the proposals.
HEAD = 20


@dataclass(frozen=True)
class Asked:
    """`budget` scores on search folds; a `module` that a person asks about, "" for what the findings name.

    Without an `endpoint` the language model is off. Half of the budget is the probe's, or all without `proposers`.
    """

    budget: int
    seed: int = 0
    module: str = ""
    endpoint: Endpoint | None = None
    proposers: tuple[str, ...] = PROPOSERS


@dataclass(frozen=True)
class Proposed:
    """A ledger entry of kind `proposals`: `id` is its index, `seed` draws the batch's placebos.

    `asks` are (finding, module, scores); `looks` search looks were counted; `resumed` says that an earlier call asked.
    `work_list` is its head: (finding, module, score, sentence), what the probe found among what miners found.
    """

    id: int
    seed: int
    asks: tuple[tuple[str, str, int], ...]
    patches: tuple[Patch, ...]
    refused: tuple[str, ...]
    looks: int
    work_list: tuple[tuple[str, str, float, str], ...] = ()
    resumed: bool = False


@dataclass(frozen=True)
class Cycle:
    """What was proposed and what came of each patch; `refused` adds what no run could decide."""

    proposed: Proposed
    rows: tuple[Row, ...]
    refused: tuple[str, ...]
    placebos: int
    placebo_ships: int


def nothing(text: str) -> None:
    """Say nothing."""


def cycle(
    bench: Bench, catalogue: Catalogue, asked: Asked, say: Say = nothing, progress: Progress = silent, root: Path = ROOT
) -> Cycle:
    """A whole cycle, or the rest of one that was killed. The caller holds the home's writer lock.

    Raises what `proposals` and `run_batch` raise.
    """
    if open_cycle(bench.house) is None:
        refuse_without_walls()
    finish(bench.house, root)
    upkeep(bench, say, root)
    proposed = open_cycle(bench.house) or proposals(bench, catalogue, asked, say)
    return decided(bench, proposed, say, progress, root)


def upkeep(bench: Bench, say: Say = nothing, root: Path = ROOT) -> None:
    """What time asks for: shadows over their new days, and once a week the bundle of what shipped.

    The bundle on a bench of its own, because a promoted shadow changes what it would remember.
    """
    for one in advance(bench, root):
        state = one.fields
        say(f"shadow {one.judged.id} of {one.judged.patch.module}: {state['days']} new days, {state['stand']}")
    if due(bench.house) and (found := retest(anew(bench))) is not None:
        said = "worse than before, together: cws loop rollback" if found.inferior else "not worse"
        say(f"bundle of ships {' '.join(found.ships)}: {said}")


def given(house: House, patches: Sequence[Patch], seed: int) -> Proposed:
    """A person's patches as proposals: nobody searched for them. Raises CWS-ABLATE-002 for more than a batch holds."""
    refuse_too_many(patches)
    said = {"seed": seed, "asks": [], "patches": _texts(patches), "refused": [], "looks": 0}
    return _proposed(house.ledger.append("proposals", said))


def same(already: Proposed, patches: Sequence[Patch], seed: int) -> Proposed:
    """The open cycle, when it is the one that is asked for once more. Raises CWS-SUPERVISE-002 when it is another."""
    if (already.patches, already.seed) != (tuple(patches), seed):
        modules = ", ".join(sorted({patch.module for patch in already.patches})) or "none"
        raise CwsError(
            "CWS-SUPERVISE-002",
            what=f"{len(patches)} patches given while a cycle over {len(already.patches)} others waits for its batch",
            where=f"ledger entry {already.id} (modules: {modules}; seed {already.seed})",
            fix="end that cycle first (the job ablation without patches, or cws supervise --budget 8), then give these",
        )
    return already


def proposals(bench: Bench, catalogue: Catalogue, asked: Asked, say: Say = nothing) -> Proposed:
    """Mine, probe, ask, and keep what came back as a ledger entry.

    Raises CWS-SANDBOX-001 before anything is read where proposers cannot be walled in, CWS-SUPERVISE-001, and what
    `probe` and `propose` raise.
    """
    refuse_without_walls()
    _refuse_unknown(asked.module)
    if hidden := unsearched(bench):
        say(hidden)
    found = mine(gather(bench.house))
    probed = _probed(bench, catalogue, asked, found, say)
    listed = ranked([*found, *(finding_of(guilt, bench.house.clock_ns()) for guilt in probed.guilts)])
    guilty = put_forward(probed.guilts, listed)
    keep_patches(bench.house, guilty)
    left = replace(asked, budget=asked.budget - _share(asked))
    asks = [] if probed.bent or not asked.proposers else asks_for(listed, left)
    for ask in asks:
        say(f"  finding {ask.finding}: {ask.module}, at most {ask.budget} scores a proposer on search folds")
    made = propose(bench, catalogue, asks, asked.proposers, asked.endpoint)
    distinct = list({one.id: one for one in (*guilty, *made.patches)}.values())
    said = {
        "seed": asked.seed,
        "asks": [[ask.finding, ask.module, ask.budget] for ask in asks],
        "patches": _texts(distinct[:MAX_PATCHES]),
        "refused": [*probed.refused, *made.refused],
        "looks": probed.looks + made.looks,
        "work_list": [[one.id, one.module, one.score, one.sentence] for one in listed[:HEAD]],
    }
    return _proposed(bench.house.ledger.append("proposals", said))


def _probed(bench: Bench, catalogue: Catalogue, asked: Asked, found: Sequence[Finding], say: Say) -> Probed:
    """A module that a person names and P&L judges is searched, not probed: nobody asked whether it is to blame."""
    if _named_value(asked.module):
        return NOT_PROBED
    probed = probe(bench, catalogue, found, _share(asked), asked.module)
    state = "bent: nothing is judged by P&L before they are mended" if probed.bent else "in order"
    say(f"{len(found)} findings; rulers {state}; {probed.plays} plays of search worlds, {probed.looks} search looks")
    for guilt in probed.guilts:
        say(f"  probe: {guilt.module}: {guilt.sentence}")
    return probed


def _share(asked: Asked) -> int:
    """Of the budget, what the probe may take."""
    if _named_value(asked.module):
        return 0
    return asked.budget // 2 if asked.proposers and not asked.module else asked.budget


def _named_value(module: str) -> bool:
    return bool(module) and load(module).manifest.judge == "value"


def _refuse_unknown(module: str) -> None:
    if module and (module not in names() or load(module).manifest.judge == "limit"):
        raise CwsError(
            "CWS-SUPERVISE-001",
            what=f"{module!r} is no module that takes a patch",
            where="--module",
            fix="cws modules list shows each module and its judge; limits are changed by people",
        )


def asks_for(findings: Sequence[Finding], asked: Asked) -> list[Ask]:
    """What the findings ask; of one module when a person names it, found or not."""
    if not asked.module:
        return asks_of(findings, asked.budget, asked.seed)
    if not _named_value(asked.module):
        return []
    mine_ = [one for one in findings if one.module == asked.module]
    suspects = mine_[0].suspects if mine_ else ()
    finding = mine_[0].id if mine_ else f"module.{asked.module}"
    return [Ask(finding, asked.module, suspects, asked.budget, asked.seed)]


def open_cycle(house: House) -> Proposed | None:
    """The last proposals, when their batch has not ended."""
    ended = {entry.body["proposals"] for entry in house.ledger.entries("cycle")}
    last = house.ledger.entries("proposals")[-1:]
    return next((_proposed(entry, resumed=True) for entry in last if entry.index not in ended), None)


def _texts(patches: Sequence[Patch]) -> list[str]:
    """As they are kept. Read back first: an entry that cannot be read would stop every later cycle of this home."""
    texts = [patch_toml(patch) for patch in patches]
    for text in texts:
        read_patch(text, "proposals")
    return texts


def _proposed(entry: Entry, *, resumed: bool = False) -> Proposed:
    body: dict[str, Any] = dict(entry.body)
    patches = tuple(read_patch(text, f"ledger entry {entry.index}") for text in body["patches"])
    asks = tuple((str(finding), str(module), int(scores)) for finding, module, scores in body["asks"])
    rows = body.get("work_list", [])
    work_list = tuple((str(one), str(module), float(score), str(said)) for one, module, score, said in rows)
    return Proposed(entry.index, body["seed"], asks, patches, tuple(body["refused"]), body["looks"], work_list, resumed)


def decided(
    bench: Bench, proposed: Proposed, say: Say = nothing, progress: Progress = silent, root: Path = ROOT
) -> Cycle:
    """The batch over what was proposed, and the cycle's end in the ledger."""
    house = bench.house
    say(f"{len(proposed.patches)} patches; A/A reruns every baseline in a process of its own, once a batch")
    batch = run_batch(bench, _undecided(house, proposed), proposed.seed, progress, root)
    rows = rows_of(house, [patch.id for patch in proposed.patches])
    # A batch that an earlier call decided holds these verdicts, not the empty one of now.
    ids = sorted({row.batch for row in rows})
    if open_cycle(house) is not None:
        house.ledger.append("cycle", {"proposals": proposed.id, "batches": ids, "refused": [*batch.refused]})
    placebos = [row for row in told(house) if row.placebo and row.batch in ids]
    ships = sum(row.outcome != "reject" for row in placebos)
    return Cycle(proposed, tuple(rows), (*proposed.refused, *batch.refused), len(placebos), ships)


def _undecided(house: House, proposed: Proposed) -> list[Patch]:
    """The patches that no batch since decided over.

    What a batch shipped moves baselines, and to a cycle that was killed behind it the rest would be new questions.
    """
    later = [entry.body for entry in house.ledger.entries("batch") if entry.index > proposed.id]
    verdicts = {verdict for body in later for verdict in _strings(body["verdicts"])}
    done = {str(e.body["patch"]) for e in house.ledger.entries("verdict") if str(e.body["id"]) in verdicts}
    return [patch for patch in proposed.patches if patch.id not in done]


def _strings(values: Any) -> list[str]:
    return [str(value) for value in values]
