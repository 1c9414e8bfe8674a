"""`cws ablate`: a patch through the gate."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cws_dagster.screen import AsJson, Screen, figure, print_json

if TYPE_CHECKING:
    from cws.ablation.ablate import Bench
    from cws.ablation.batch import Batch
    from cws.ablation.record import Judged


def fields(judged: "Judged") -> dict[str, Any]:
    """A verdict for machines."""
    verdict = judged.verdict
    numbers = {name: getattr(verdict, name) for name in ("p", "p_alone", "effect", "standard_error", "variants")}
    change = {"settings": dict(judged.patch.settings), "skills": dict(judged.patch.skills)}
    said = {"kind": verdict.kind.name, "reason": verdict.reason.name, "detail": [*verdict.detail]}
    about = {"id": judged.id, "patch": judged.patch.id, "module": judged.patch.module, "judge": judged.judge}
    return {**about, **change, **said, **numbers, "annual_effect": judged.annual_effect}


def row(judged: "Judged") -> tuple[str, ...]:
    verdict, patch = judged.verdict, judged.patch
    change = ", ".join(f"{key} = {value}" for key, value in {**patch.settings, **patch.skills}.items())
    p = "" if verdict.p is None else figure(verdict.p)
    return (patch.id, patch.module, change, verdict.kind.name, str(verdict.reason), p, str(verdict.variants))


HEADS = ("patch", "module", "change", "verdict", "why", "p", "variants")
OF_NOW = (
    "p is corrected for the variants of its finding tried when it was given; the next batch decides over each that has "
    "one, corrected for those tried until then, and may ship it"
)


def ablate(
    patches: Annotated[list[Path], typer.Argument(metavar="PATCH...", help="TOML files, or folders of them.")],
    batch: Annotated[
        bool, typer.Option("--batch", help="Decide over all of them together, with placebos; ship what passes.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Draws the placebos of a batch.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Try a patch against what runs now.

    The same tasks with and without it, on folds that nobody tuned on. Alone it gets a verdict, and waits for the next
    batch, whoever starts it; in a batch it may ship.
    """
    from cws.ablation.alone import ablate_alone
    from cws.ablation.batch import run_batch
    from cws.ablation.published import bench_of
    from cws.home import settings
    from cws.patch_files import texts_of
    from cws.patches import parse_patch
    from cws.views.show import show_batches

    wanted = [parse_patch(text, name) for name, text in texts_of(patches)]
    chosen = settings()
    bench = bench_of(chosen)
    house, screen = bench.house, Screen()
    with house.home.writing("cws ablate", house.lock_wait_s):
        found = run_batch(bench, wanted, seed, _line(screen, as_json)) if batch else None
        judged = [] if batch else [ablate_alone(bench, patch) for patch in wanted]
        if chosen.views == "on":
            show_batches(house)
    if found is not None:
        _show_batch(found, screen, as_json, _reuse(bench))
        if not as_json and (waited := {one.patch.id for one in found.judged} - {patch.id for patch in wanted}):
            screen.line(f"tried before and not decided over, so they take part: {', '.join(sorted(waited))}")
        return
    if as_json:
        print_json({"verdicts": [fields(one) for one in judged], "note": OF_NOW, **_reuse(bench)})
    else:
        screen.table("Verdicts", HEADS, [row(one) for one in judged])
        screen.line(OF_NOW)
        screen.line(_said(_reuse(bench)))


def _reuse(bench: "Bench") -> dict[str, int]:
    return {"runs": bench.reuse.runs, "reused": bench.reuse.reused}


def _said(reuse: dict[str, int]) -> str:
    return f"{reuse['runs']} module runs, {reuse['reused']} reused by hash; A/A in a process of its own, without reuse"


def _line(screen: Screen, as_json: bool) -> Any:
    def line(done: int, total: int, judged: "Judged") -> None:
        if not as_json:
            said = f"{judged.verdict.kind.name}, {judged.verdict.reason}"
            screen.line(f"{done}/{total}  {judged.patch.module} {judged.patch.id}: {said}")

    return line


def _show_batch(found: "Batch", screen: Screen, as_json: bool, reuse: dict[str, int]) -> None:
    ships, placebos = found.placebo_ships
    rows = zip(found.judged, found.outcomes, found.placebo, strict=True)
    if as_json:
        verdicts = [{**fields(one), "outcome": str(o), "placebo": placebo} for one, o, placebo in rows]
        said = {"batch": found.id, "verdicts": verdicts, "refused": [*found.refused]}
        print_json({**said, "placebos": placebos, "placebo_ships": ships, **reuse})
        return
    table = [(*row(one), f"{outcome}{' (placebo)' if placebo else ''}") for one, outcome, placebo in rows]
    screen.table(f"Batch {found.id}", (*HEADS, "outcome"), table)
    for refusal in found.refused:
        screen.line(f"refused: {refusal}")
    screen.line(f"placebos: {ships} of {placebos} would have shipped")
    screen.line(_said(reuse))
