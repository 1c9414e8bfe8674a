"""What a trial asked, in words: a formula, a set of a grid, a published backtest. Its key, a hash, says nothing."""

from collections.abc import Collection

from cws.lake.lake import Lake
from cws.ledger.entry import Entry
from cws.ledger.ledger import Ledger
from cws.trial_batches import TABLE, spans

PUBLISHED = "as published"


def _formula(entry: Entry) -> str:
    given = entry.body["parameters"]
    assert isinstance(given, dict)
    return "  ".join([str(entry.body["formula"]), *(f"${name}={value:g}" for name, value in given.items())])


def what_was_asked(ledger: Ledger, lake: Lake, keys: Collection[str]) -> dict[str, str]:
    """Trial key -> what was asked, for those of `keys` of which that is on record."""
    wanted = set(keys)
    found = {str(entry.body["key"]): _formula(entry) for entry in ledger.entries("look")}
    found |= {str(e.body["key"]): PUBLISHED for e in ledger.entries("stage") if e.body["stage"] == "backtest"}
    found = {key: said for key, said in found.items() if key in wanted}
    recorded = {span.batch for span in spans(ledger)}
    for pin in lake.parts(TABLE):
        if pin.part in recorded and wanted - set(found):
            found = {**_of_batch(lake, pin.part, wanted - set(found)), **found}
    return found


def _of_batch(lake: Lake, batch: str, wanted: Collection[str]) -> dict[str, str]:
    """The sets of one batch by key, a commit at a time: a batch may have ten million."""
    found: dict[str, str] = {}
    for frame in lake.stream(lake.pin(TABLE, batch)):
        own = frame.loc[frame["key"].isin(wanted), ["key", "symbol", "parameters"]]
        for key, symbol, parameters in own.to_numpy().tolist():
            found[key] = " ".join(word for word in (symbol, parameters) if word) or PUBLISHED
    return found
