"""`cws lake`: what is stored, how it came to be, its rows, and whether every byte is as the ledger says."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cws_dagster.invocation import cws, nothing_yet
from cws_dagster.screen import AsJson, Screen, print_json, utc

TableName = Annotated[str, typer.Argument(help="The table's name: cws lake tables.")]


def _house() -> Any:
    from cws.home import settings
    from cws.house import open_house

    return open_house(settings())


def _lake() -> Any:
    return _house().lake


def tables(as_json: AsJson = False) -> None:
    """List the tables that have data."""
    found = _lake().tables()
    if as_json:
        print_json({"tables": found})
        return
    if not found:
        Screen().line(nothing_yet())
        return
    columns = ("table", "version", "parts", "rows", "bytes", "why")
    Screen().table(f"{len(found)} tables", columns, [[row[name] for name in columns] for row in found])


def history(table: TableName, as_json: AsJson = False) -> None:
    """List the versions of a table.

    Oldest first, each with its place in the ledger.
    """
    lake = _lake()
    found = lake.history(table)
    if as_json:
        print_json({"table": table, "history": found})
        return
    screen = Screen()
    if not found:
        others = f"Table {table} has no version yet; `{cws()} lake tables` lists those that have one."
        screen.line(others if lake.tables() else nothing_yet())
        return
    rows = [
        (
            v["version"],
            v["part"],
            v["mode"],
            v["rows"],
            v["bytes"],
            v["ledger_index"],
            screen.time(v["ts_ns"]),
            screen.hash(v["hash"]),
        )
        for v in found
    ]
    screen.table(table, ("version", "part", "mode", "rows", "bytes", "ledger entry", "time", "content"), rows)


def show(
    table: TableName,
    part: Annotated[str, typer.Argument(help="The part: cws lake history TABLE.")],
    rows: Annotated[int, typer.Option(min=1, help="How many of the first rows.")] = 10,
    version: Annotated[
        int | None, typer.Option(min=0, help="As of this version of the table. Now when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the first rows of a part, verified."""
    lake = _lake()
    pin = lake.pin(table, part, version)
    frame = lake.read(pin).head(rows)
    if as_json:
        print_json({"pin": asdict(pin), "rows": frame.to_dict("records")})
        return
    stamps = [name for name in frame.columns if name.startswith("ts_") or name.endswith("_ns")]
    shown = frame.assign(**{name: [utc(int(value)) for value in frame[name]] for name in stamps})
    title = f"{table}/{part} at version {pin.version}: {len(frame)} of {pin.rows} rows"
    Screen().table(title, list(shown.columns), [[str(value) for value in row] for row in shown.itertuples(index=False)])


def fsck(as_json: AsJson = False) -> None:
    """Check every file and row of every version, and the raw bytes.

    Exit 1 on damage; leftovers of a crash are none.
    """
    from cws.lake.fsck import ORPHAN
    from cws.lake.fsck import fsck as check
    from cws.sources import damaged_raw

    house = _house()
    lake = house.lake
    found = [*check(lake), *damaged_raw(house.home.raw, house.ledger)]
    damage = [problem for problem in found if problem.code != ORPHAN]
    counts = {
        "ok": not damage,
        "versions": sum(row["version"] + 1 for row in _versions(lake)),
        "damaged": len(damage),
        "orphans": len(found) - len(damage),
    }
    if as_json:
        print_json({**counts, "problems": [asdict(problem) for problem in found]})
    else:
        screen = Screen()
        if found:
            screen.table(
                "Problems",
                ("table", "version", "path", "code", "what"),
                [list(asdict(problem).values()) for problem in found],
            )
        screen.line(
            f"{counts['versions']} versions checked, {len(damage)} damaged, {counts['orphans']} leftovers of a crash"
        )
    raise typer.Exit(1 if damage else 0)


def _versions(lake: Any) -> list[dict[str, int]]:
    """Straight from the ledger's index: a damaged table must be counted too."""
    return [{"version": len(lake.index.of_table(table)) - 1} for table in lake.index.tables()]


COMMANDS = {"tables": tables, "history": history, "show": show, "fsck": fsck}
