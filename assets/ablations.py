"""patches and verdicts: the loop's other two assets. They call what `cws supervise` and `cws ablate --batch` call.

What was proposed and decided stands in the ledger and in the gate's tables; an asset shows it, and hands nothing on.
"""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from assets.desk import Desk, desk_of
from assets.findings import FINDINGS, GROUP
from assets.highlights import markdown
from cws.ablation.ablate import Bench
from cws.ablation.batch import finish
from cws.ablation.published import bench_of
from cws.ablation.record import finding_of
from cws.ablation.told import Row, batch_rows, funnel, told
from cws.home import settings
from cws.patch_files import texts_of
from cws.patches import Patch, parse_patch, read_patch
from cws.proposers.language_model import endpoint_of
from cws.strategies import catalogue
from cws.supervisor.cycle import Asked, Proposed, decided, given, open_cycle, proposals, same, upkeep
from cws.views.findings_picture import markdown_bars, of_patches
from cws.views.loop_picture import markdown_loop
from cws.views.show import show_batches
from modules.canonical import json_hash

PATCHES, VERDICTS = dg.AssetKey(["patches"]), dg.AssetKey(["verdicts"])
TOP = 40
HEADER = ("module", "change", "finding", "by")


class PatchesConfig(dg.Config):
    """Patches as TOML texts, or a folder of them; without either, `budget` scores for proposers behind walls."""

    toml: list[str] = Field(default_factory=list)
    folder: str = ""
    budget: int = 0
    module: str = ""
    seed: int = 0


def bench_at(desk: Desk) -> Bench:
    """The bench over the desk's home and strategies; what else is set comes from the environment."""
    here = {"home": desk.house.home.folder, "strategies": desk.folder, "views": desk.views}
    return bench_of(settings().model_copy(update=here))


def patches_asset() -> dg.AssetsDefinition:
    """What the batch will try: given, or proposed for the findings."""

    @dg.asset(
        key=PATCHES,
        group_name=GROUP,
        deps=[FINDINGS],
        description="**Patches.** Typed diffs of modules' TOMLs that wait for a verdict: given by a person, or "
        "proposed for the findings by proposers that see search folds only. `cws supervise --budget N`.",
        owners=["team:research"],
        kinds={"toml"},
        required_resource_keys={"desk"},
    )
    def patches(context: dg.AssetExecutionContext, config: PatchesConfig) -> Any:
        desk = desk_of(context)
        bench = bench_at(desk)
        with bench.house.home.writing("asset patches", bench.house.lock_wait_s):
            finish(bench.house)
            upkeep(bench, context.log.info)
            proposed = _wanted(desk, bench, config)
        return dg.MaterializeResult(metadata=proposed_metadata(proposed))

    return patches


def _wanted(desk: Desk, bench: Bench, config: PatchesConfig) -> Proposed | None:
    """What is given, unless another cycle is open; without, the open cycle, or what the budget finds."""
    already = open_cycle(bench.house)
    texts = {f"text {place}": text for place, text in enumerate(config.toml)}
    texts |= texts_of([Path(config.folder)]) if config.folder else []
    if texts and already is not None:
        # Unchecked: what this cycle shipped before it was killed changes nothing any more.
        return same(already, [read_patch(text, name) for name, text in texts.items()], config.seed)
    if texts:
        return given(bench.house, [parse_patch(text, name) for name, text in texts.items()], config.seed)
    if already is not None or not config.budget:
        return already
    asked = Asked(config.budget, config.seed, config.module, endpoint_of(settings(), os.environ))
    return proposals(bench, catalogue(desk.folder), asked)


def proposed_metadata(proposed: Proposed | None) -> dict[str, Any]:
    """The table of patches; how they came about; figures whose history Dagster draws."""
    if proposed is None:
        return {"patches": "nothing was asked: give `toml`, `folder` or `budget`", "waiting": 0.0}
    rows = [(one.module, change(one), finding_of(one), one.proposer or "person") for one in proposed.patches]
    asks = [(finding, module, scores) for finding, module, scores in proposed.asks]
    listed = [(module, f"{score:.1f}", said) for _, module, score, said in proposed.work_list]
    return {
        "patches": markdown(HEADER, rows) if rows else "nothing was worth an ablation",
        "picture": dg.MetadataValue.md(markdown_bars(of_patches(proposed.patches), "patches by module")),
        "work_list": markdown(("module", "score", "what"), listed) if listed else "nothing was found",
        "asks": markdown(("finding", "module", "scores"), asks) if asks else "nobody was asked",
        "refused": _lines(proposed.refused),
        "waiting": float(len(proposed.patches)),
        "search_looks": float(proposed.looks),
        "ledger_index": proposed.id,
    }


def change(patch: Patch) -> str:
    return ", ".join(f"{key} = {value}" for key, value in {**patch.settings, **patch.skills}.items())


def _lines(texts: Sequence[str]) -> Any:
    return dg.MetadataValue.md("\n".join(f"- {text}" for text in texts)) if texts else "none"


def verdicts_asset() -> dg.AssetsDefinition:
    """One batch a run."""

    @dg.asset(
        key=VERDICTS,
        group_name=GROUP,
        deps=[PATCHES],
        description="**Verdicts.** One run is one batch: A/A, contract, screen, counted ablation on confirm folds, "
        "and one decision over all, placebos among them. What passes ships as a diff; `cws loop rollback` undoes it.",
        owners=["team:research"],
        kinds={"deltalake"},
        required_resource_keys={"desk"},
    )
    def verdicts(context: dg.AssetExecutionContext) -> Any:
        desk = desk_of(context)
        bench = bench_at(desk)
        with bench.house.home.writing("asset verdicts", bench.house.lock_wait_s):
            if (proposed := open_cycle(bench.house)) is not None:
                decided(bench, proposed, context.log.info)
            warning = show_batches(bench.house) if desk.views == "on" else ""
        rows = told(bench.house)
        return dg.MaterializeResult(
            metadata=verdict_metadata(bench, rows) | ({"views_warning": warning} if warning else {}),
            data_version=dg.DataVersion(json_hash([[row.batch, row.judged.id, row.outcome] for row in rows])),
        )

    return verdicts


def verdict_metadata(bench: Bench, rows: Sequence[Row]) -> dict[str, Any]:
    """The last batch's table, what it shipped, the picture over all batches."""
    last = [row for row in rows if row.batch == rows[-1].batch] if rows else []
    real = [row for row in last if not row.placebo]
    counts = Counter(row.outcome for row in real)
    steps = {name: count for name, count in funnel(bench.house, 0).items() if name != "findings"}
    table = [_cells(row) for row in last[:TOP]]
    return {
        "batch": markdown(("module", "change", "outcome", "why", "p", "m"), table) if table else "none",
        "shipped": dg.MetadataValue.md("\n".join(f"```diff\n{row.diff}```" for row in real if row.diff) or "nothing"),
        "picture": dg.MetadataValue.md(markdown_loop(batch_rows(bench.house), steps)),
        **{f"outcome/{name}": float(counts[name]) for name in ("ship", "shadow", "reject")},
        "placebos_that_shipped": float(sum(row.placebo and row.outcome != "reject" for row in last)),
    }


def _cells(row: Row) -> tuple[object, ...]:
    one, verdict = row.judged, row.judged.verdict
    p = "-" if verdict.p is None else f"{verdict.p:.2g}"
    outcome = f"{row.outcome}{' (placebo)' if row.placebo else ''}"
    return (one.patch.module, change(one.patch), outcome, verdict.reason.name, p, verdict.variants)
