"""`cws alpha`: what a formula predicts on a published dataset. It counts as a trial."""

import getpass
import os
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cws_dagster.screen import AsJson, Screen, figure, print_json
from modules.errors import CwsError

if TYPE_CHECKING:
    from pathlib import Path

    from cws.alpha_study import Study
    from cws.home import Home

SHOWN = 5


def _parameters(written: list[str]) -> dict[str, float]:
    """`name=number` as the command line has it."""
    found: dict[str, float] = {}
    for one in written:
        written_name, _, value = one.partition("=")
        name = written_name.strip().removeprefix("$")
        if name in found:
            what = f"${name} is there twice"
            raise CwsError("CWS-ALPHA-011", what=what, where="--set", fix="give each parameter one number")
        try:
            found[name] = float(value)
        except ValueError:
            raise CwsError(
                "CWS-ALPHA-009", what=f"{one!r} is no parameter", where="--set", fix="write --set name=number"
            ) from None
    return found


def _asker() -> str:
    """Who looks: a login name, or the number of one that has no name here."""
    try:
        return f"{getpass.getuser()} by cws alpha"
    except (KeyError, OSError):
        return f"user {os.getuid()} by cws alpha"


def _picture(home: "Home", study: "Study") -> "Path":
    from cws.views.alpha_picture import alpha_png

    path = home.views / f"{study.dataset}.alpha.{study.key[:12]}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(alpha_png(study))
    return path


def _compared(study: "Study") -> str:
    """How many, and why the others are not, the most frequent reason first."""
    left = sorted(Counter(why.rpartition(" values")[1] or why for why in study.not_compared.values()).items())
    whys = {" values": "too few values in common"}
    said = [f"{count} not: {whys.get(why, why)}" for why, count in sorted(left, key=lambda one: -one[1])]
    return "; ".join([str(len(study.resembles)), *said])


def _show(study: "Study", picture: "Path") -> None:
    from modules.horizons import HORIZONS

    screen = Screen()
    screen.line(study.formula, "bold")
    kinds = ("ic", "t", "lag_ic", "pooled_ic", "pooled_lag_ic")
    rows = [(h, *(figure(study.stats.get(f"{kind}_{h:03d}")) for kind in kinds)) for h in HORIZONS]
    heads = ("h", "IC", "t", "IC of lag h", "pooled IC", "pooled IC of lag h")
    screen.table(f"{study.dataset}: {study.bars:,} bars, {study.symbols} symbols", heads, rows)
    for why in dict.fromkeys(study.whys.values()):
        screen.line(f"-: {why}")
    nearest = [(name, figure(value), f"{study.common[name]:,}") for name, value in study.resembles.items()][:SHOWN]
    screen.table("Most like", ("alpha", "correlation", "values in common"), nearest)
    screen.facts(
        "Look",
        {
            "known alphas compared": _compared(study),
            "turnover": f"{figure(study.stats.get('turnover'))} of its size a bar",
            "trial": f"{screen.hash(study.key)}, look {study.looks}",
            "plot": str(picture),
        },
    )


def alpha(
    formula: Annotated[str, typer.Argument(metavar="FORMULA", help="In the alpha language: docs/alpha.md.")],
    dataset: Annotated[
        str | None, typer.Option(help="A published dataset. The one with volumes and most symbols when left out.")
    ] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="A value for a free parameter $NAME.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a formula predicts.

    Information coefficient by horizon and lag, turnover, the known alphas it resembles, a plot. It counts as a trial.
    """
    from cws.alpha_study import study
    from cws.home import settings
    from cws.house import open_house
    from cws.known_alphas import known_alphas
    from cws.strategies import catalogue

    chosen = settings()
    house = open_house(chosen)
    rules = {name: one.fields for name, one in catalogue(chosen.strategies).datasets.items()}
    known = known_alphas(chosen.strategies)
    found = study(house, formula, dataset, _parameters(parameters or []), known, rules, _asker())
    picture = _picture(house.home, found)
    if as_json:
        print_json({**asdict(found), "plot": picture})
    else:
        _show(found, picture)
