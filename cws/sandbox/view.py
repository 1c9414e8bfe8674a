"""The search view: everything that a proposer may know, copied into one folder.

Code with its compiled kernels, the modules' TOMLs as they are in force, the search folds of each ground, the finding.
No path leads from here to the house, and what knows the truth of made-up worlds is left out of the code.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from cws.ablation.ground import Ground
from cws.ablation.shipping import patched_text
from cws.environment import ROOT
from cws.release import in_force
from cws.sandbox.hidden import TRUTHS
from cws.strategies import Dataset, Strategy
from modules.registry import load
from modules.runner import Value
from modules.values import RawBytes, Table

CODE = ("cws", "modules", "kernels")


def write_view(folder: Path, grounds: Sequence[Ground], about: Mapping[str, object]) -> None:
    """Fill an empty folder: `code/`, one folder a ground below `search/`, and `about.json`."""
    for name in CODE:
        shutil.copytree(ROOT / name, folder / "code" / name, ignore=_truths)
    for patch in in_force():
        text = folder / "code" / "modules" / load(patch.module).stage / f"{patch.module}.toml"
        text.write_text(patched_text(text.read_text(encoding="utf-8"), patch), encoding="utf-8")
    (folder / "search").mkdir()
    for ground in grounds:
        _write_ground(folder / "search" / ground.name, ground)
    (folder / "about.json").write_text(json.dumps(about, sort_keys=True))


def _truths(folder: str, names: Sequence[str]) -> set[str]:
    here = Path(folder).relative_to(ROOT)
    return {name for name in names if str(here / name) in TRUTHS}


def _write_ground(folder: Path, ground: Ground) -> None:
    folder.mkdir(parents=True)
    recipes = {"dataset": ground.dataset.model_dump(mode="json"), "strategy": ground.strategy.model_dump(mode="json")}
    schemas = {name: value.schema for name, value in ground.tables.items() if isinstance(value, Table)}
    hashes = {name: value.hash for name, value in ground.tables.items()}
    fields = {**recipes, "begins": ground.begins, "schemas": schemas, "hashes": hashes}
    (folder / "ground.json").write_text(json.dumps(fields, sort_keys=True))
    for name, value in ground.tables.items():
        _write_value(folder / name, value)


def _write_value(path: Path, value: Value) -> None:
    if isinstance(value, RawBytes):
        path.with_suffix(".bytes").write_bytes(value.data)
        return
    assert isinstance(value, Table), "nothing sealed goes into a view"
    table = pa.Table.from_pandas(value.frame, preserve_index=False)
    with pa.OSFile(str(path.with_suffix(".arrow")), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def read_grounds(folder: Path) -> list[Ground]:
    """The grounds of a view, by name."""
    return [_read_ground(path) for path in sorted((folder / "search").iterdir())]


def _read_ground(folder: Path) -> Ground:
    fields = json.loads((folder / "ground.json").read_text())
    tables = {name: _read_value(folder / name, digest, fields["schemas"]) for name, digest in fields["hashes"].items()}
    dataset, strategy = Dataset.model_validate(fields["dataset"]), Strategy.model_validate(fields["strategy"])
    return Ground(dataset, strategy, fields["begins"], tables)


def _read_value(path: Path, digest: str, schemas: Mapping[str, str]) -> Value:
    if path.name not in schemas:
        return RawBytes(path.with_suffix(".bytes").read_bytes(), digest)
    with pa.memory_map(str(path.with_suffix(".arrow"))) as source:
        frame = pa.ipc.open_file(source).read_all().to_pandas(types_mapper=None)
    return Table(frame, digest, schemas[path.name])
