"""`cws trials` and `cws reproduce`: what was asked of the data and how often, and the same bytes again."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from cws_dagster.invocation import nothing_yet
from cws_dagster.screen import AsJson, Screen, figure, print_json

if TYPE_CHECKING:
    from cws.house import House
    from cws.ledger.entry import Entry


def _figures(house: "House") -> dict[str, float | None]:
    """Trial key -> annualised Sharpe of its published backtest."""
    backtests = [entry.body for entry in house.ledger.entries("stage") if entry.body["stage"] == "backtest"]
    return {str(body["key"]): _mapping(body["figures"]).get("sharpe") for body in backtests}


def _mapping(value: Any) -> dict[str, float | None]:
    return value


def _per_bar(house: "House", strategies: set[str]) -> dict[str, float]:
    """Trial key -> Sharpe per bar, of every trial that was opened, published or not."""
    from cws.trial_batches import sharpes_of

    batched: dict[str, float] = {}
    for strategy in sorted(strategies):
        known = sharpes_of(house.ledger, house.lake, strategy).drop_null()
        batched |= dict(zip(known["key"].to_pylist(), known["sharpe"].to_pylist(), strict=True))
    pins = house.lake.parts("trials")
    frames = [house.lake.read(pin, columns=["key", "sharpe"]) for pin in pins]
    return batched | {
        str(key): float(value) for frame in frames for key, value in zip(frame["key"], frame["sharpe"], strict=True)
    }


def counted(house: "House", strategy: str | None, limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many distinct trials there are, and one row each of the newest `limit`, oldest first."""
    from cws.asked import what_was_asked
    from cws.trials import askers, distinct

    found = distinct(house.ledger, house.lake, strategy)
    rows = found.tail(limit).to_dict("records")
    annual, per_bar = _figures(house), _per_bar(house, {str(row["strategy"]) for row in rows})
    keys = [str(row["key"]) for row in rows]
    who, what = askers(house.ledger, house.lake, keys), what_was_asked(house.ledger, house.lake, keys)
    return len(found), [
        {
            **{str(k): v for k, v in row.items()},
            "asked": what.get(str(row["key"]), f"settings {row['settings']}"),
            "asked_by": who[str(row["key"])],
            "sharpe": annual.get(row["key"]),
            "sharpe_per_bar": per_bar.get(row["key"]),
        }
        for row in rows
    ]


def trials(
    strategy: Annotated[str | None, typer.Option(help="Only this strategy's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="List so many, the newest; all are counted.")] = 1_000,
    as_json: AsJson = False,
) -> None:
    """List every backtest that anybody looked at.

    What was asked, by whom, how often. Distinct ones: this is what deflated Sharpe is deflated by.
    """
    from cws.home import settings
    from cws.house import open_house
    from cws.strategies import catalogue

    chosen = settings()
    house = open_house(chosen)
    count, found = counted(house, strategy, limit)
    if strategy is not None and not count:
        catalogue(chosen.strategies).strategy(strategy)
    if as_json:
        print_json({"distinct": count, "trials": found})
        return
    screen = Screen()
    if not house.ledger.head().entries:
        screen.line(nothing_yet())
        return
    rows = [
        (
            screen.hash(t["key"]),
            t["strategy"],
            screen.brief(t["asked"]),
            t["looks"],
            ", ".join(f"{name} ({looks})" for name, looks in t["asked_by"].items()),
            screen.time(t["first_ns"]),
            screen.time(t["last_ns"]),
            figure(t["sharpe"]),
            figure(t["sharpe_per_bar"]),
        )
        for t in found
    ]
    screen.table(
        f"{count:,} distinct trials" + (f", the newest {len(rows):,}" if count > len(rows) else ""),
        ("key", "strategy", "asked", "looks", "asked by", "first", "last", "sharpe", "sharpe per bar"),
        rows,
    )


def reproduce(
    row: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Trial key (6 characters or more) or ledger index of a backtest, a look or a set of a batch, "
            "or the id of a verdict: cws trials, cws ledger show --kind verdict.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Rebuild a backtest, a look, a set or a verdict.

    From its ledger row. Exit 1 when a byte differs; says which input changed. It counts as a look, but for a set of a
    batch: that is not opened where it has become another trial.
    """
    from cws.ablation.again import find_verdict
    from cws.home import settings
    from cws.house import open_house
    from cws.reproduce import reproduce as rebuild

    chosen = settings()
    house = open_house(chosen)
    if (entry := find_verdict(house, row)) is not None:
        _reproduce_verdict(entry, as_json)
    found = rebuild(house, row, chosen.strategies)
    if as_json:
        print_json(asdict(found))
    else:
        screen = Screen()
        screen.line(
            f"{found.strategy}, ledger entry {found.ledger_index}: " + _said(found.same, found.differs),
            "bold",
        )
        screen.facts(
            "Tables",
            {
                name: f"{screen.hash(digest)}  {'DIFFERS' if name in found.differs else 'same'}"
                for name, digest in found.hashes.items()
            },
        )
        for what in found.cells:
            screen.line(f"differs: {what}")
        for what in found.changed:
            screen.line(f"changed since: {what}")
    raise typer.Exit(0 if found.same else 1)


def _said(same: bool, differs: list[str]) -> str:
    if "key" in differs:
        return "ANOTHER TRIAL NOW, and not opened"
    return "the same bytes" if same else "DIFFERENT BYTES"


def _reproduce_verdict(entry: "Entry", as_json: bool) -> NoReturn:
    from cws.ablation.again import rebuild
    from cws.ablation.published import bench_of
    from cws.home import settings

    bench = bench_of(settings())
    with bench.house.home.writing("cws reproduce", bench.house.lock_wait_s):
        found = rebuild(bench, entry)
    if as_json:
        print_json(asdict(found))
        raise typer.Exit(0 if found.same else 1)
    screen = Screen()
    same = "the same evidence, byte for byte" if found.same else "DIFFERENT"
    screen.line(f"verdict {found.verdict} on {found.module}, ledger entry {found.ledger_index}: {same}", "bold")
    screen.facts("Rebuilt", {"p": found.p, "evidence": screen.hash(found.evidence) or "none: screened on search folds"})
    if found.not_repeated:
        screen.line(found.not_repeated)
    for what in found.differs:
        screen.line(f"differs: {screen.brief(what)}")
    for what in found.changed:
        screen.line(f"changed since: {screen.brief(what)}")
    raise typer.Exit(0 if found.same else 1)
