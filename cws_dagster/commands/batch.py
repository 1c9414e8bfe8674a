"""`cws backtest`: many backtests of one recipe, each a counted trial; interrupted, it goes on where it stopped."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cws_dagster.screen import AsJson, Screen, figure, print_json

if TYPE_CHECKING:
    from cws.batch.run import Batch
    from cws.views.batch_run import BatchShown

SHOWN = ("best", "median", "worst")


def _told(name: str, row: dict[str, Any]) -> tuple[object, ...]:
    said = " ".join(part for part in (row["symbol"], row["parameters"]) if part)
    figures = (row["sharpe_per_bar"], row["sharpe"], row["total_return"], row["max_drawdown"])
    return name, row["set"], said or "as published", *(figure(value) for value in figures), row["order_count"]


def _interval(full: dict[str, Any]) -> str:
    low, high = (full.get(f"sharpe_per_bar_of_all_trials_{end}") for end in ("low", "high"))
    return f"{figure(low)} to {figure(high)}" if low is not None else "too few bars, or no figures"


def _speed(measured: dict[str, Any]) -> dict[str, str]:
    if measured["per_day"] is None:
        return {"speed": "every set was concluded before"}
    count = measured["processes"]
    rate = f"{measured['per_second']:,.1f} a second on {count} process{'es' if count > 1 else ''}"
    return {"speed": rate, "backtests per day on this machine": f"{measured['per_day']:,.0f}"}


def _show(batch: "Batch", shown: "BatchShown") -> None:
    body, screen = batch.body, Screen()
    if not batch.now:
        screen.line(f"This batch is finished (ledger entry {batch.ledger_index}); no backtest was looked at anew.")
    rows = [_told(name, body[name]) for name in SHOWN if name in body]
    heads = ("set", "number", "parameters", "sharpe per bar", "sharpe", "return", "drawdown", "orders")
    if not rows:
        silent = body.get("never_traded", 0)
        screen.line(f"No set has a Sharpe ratio: {silent:,} never traded, {body['failed']:,} failed.")
    screen.table(f"{body['sets']:,} sets of {body['recipe']} on {body['dataset']}", heads, rows)
    full = body["best_in_full"]
    facts: dict[str, Any] = {
        "deflated Sharpe of the best": f"{figure(full.get('deflated_sharpe'))} over {body['trials']:,} distinct trials",
        "Sharpe per bar of the best, an interval for all trials": _interval(full),
        "sets without figures": f"{body['failed']:,}",
        "sets that never traded": f"{body['never_traded']:,}" if "never_traded" in body else "not counted",
        **_speed(body["measured"]),
        **{f"{judge}: {name}": figure(value) if isinstance(value, float) else value
           for judge, said in body["judges"].items() for name, value in said.items()},
        "judges of all sets": body.get("judges_note", "not said"),
        "rows": f"cws lake show batches {body['batch']}",
        "heat map": shown.heat_path or ("off" if len(batch.heat) == 2 else "no two settings vary"),
        "MLflow": shown.page or shown.warning or "off",
    }  # fmt: skip
    screen.facts("Batch", facts)


def backtest(
    recipe: Annotated[
        str, typer.Argument(metavar="STRATEGY|FILE", help="A strategy, a sweep of strategies/sweeps, or a TOML's path.")
    ],
    grid: Annotated[
        str, typer.Option(help='"reversal_5d.window_bars=3..10 by 1, cost_bps=1 5 10, module.skill.kind=a b"')
    ] = "",
    heat: Annotated[str, typer.Option(metavar="A,B", help="Two settings of the grid for the heat map.")] = "",
    max_sets: Annotated[int | None, typer.Option(min=1, help="Refuse a larger grid. 10,000 for a strategy.")] = None,
    processes: Annotated[int | None, typer.Option(min=1, max=256, help="Workers; all cores when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Backtest every set of a grid; each is a counted trial.

    The same command goes on after an interruption, and shows a batch that is finished. No --grid: one set.
    """
    from rich.console import Console

    from cws.batch.run import Ask, run_batch
    from cws.home import settings
    from cws.house import open_house
    from cws.strategies import catalogue
    from cws.views.batch_run import show_batch
    from cws_dagster.commands.run import own_stderr
    from cws_dagster.progress import sets_shown

    chosen = settings()
    house = open_house(chosen)
    ask = Ask(recipe, grid, heat, max_sets, processes)
    with own_stderr() as stream, sets_shown(Console(file=stream, highlight=False)) as progress:
        try:
            batch = run_batch(house, catalogue(chosen.strategies), ask, progress)
        except KeyboardInterrupt:
            stream.write("Interrupted: what was concluded stands, and the same command goes on from there.\n")
            raise
    shown = show_batch(house, batch, chosen.views)
    if as_json:
        print_json({**batch.body, "ledger_index": batch.ledger_index, "computed_now": batch.now, **vars(shown)})
    else:
        _show(batch, shown)
