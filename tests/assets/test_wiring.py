"""Every module is an op, every check is a recorded asset check, and what people see of an asset is there."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from places import STRATEGIES
from small_house import Place, make_place

from assets.wiring import suites_of
from cws.home import Settings
from cws.house import House, open_house
from cws.pins import published
from cws.stages import Unit, chain, units
from cws.strategies import Catalogue, catalogue
from cws_dagster.instance import instance_at
from cws_dagster.lineage import all_assets
from modules.canonical import combined_hash
from modules.contract import STAGES, Acceptance, Check
from modules.registry import load

BOOK = "execute/book"


@pytest.fixture(scope="module")
def real() -> Catalogue:
    return catalogue(STRATEGIES)


@pytest.fixture(scope="module")
def assets(real: Catalogue) -> dict[str, dg.AssetsDefinition]:
    return {one.key.to_user_string(): one for one in all_assets(real)}


def all_units(chosen: Catalogue) -> list[Unit]:
    return [unit for stage in STAGES for unit in units(chosen, stage)]


def key_of(unit: Unit) -> str:
    return f"{unit.stage}/{unit.name}"


def wanted_checks(chosen: Catalogue) -> list[tuple[str, str]]:
    """(asset, check) of each acceptance check of each chain, and of each suite at the lake's edge."""
    found = []
    for unit in all_units(chosen):
        names = [f"{b.module.name}__{a.name}" for b in chain(unit) for a in b.module.acceptance]
        names += [f"suite__{table}" for table in suites_of(unit)]
        found += [(key_of(unit), name) for name in names]
    return found


def test_an_asset_a_dataset_a_strategy_and_one_book(assets: dict[str, dg.AssetsDefinition], real: Catalogue) -> None:
    assert set(assets) == {key_of(unit) for unit in all_units(real)} | {BOOK}
    assert len(assets) == 6 * 3 + 1


def test_every_module_of_every_chain_is_an_op(assets: dict[str, dg.AssetsDefinition], real: Catalogue) -> None:
    for unit in all_units(real):
        graph = {node.name for node in assets[key_of(unit)].node_def.nodes}  # type: ignore[attr-defined]
        assert {"open", "publish", *(bound.module.name for bound in chain(unit))} <= graph


def test_every_acceptance_check_and_suite_is_a_blocking_asset_check(
    assets: dict[str, dg.AssetsDefinition], real: Catalogue
) -> None:
    specs = [spec for one in assets.values() for spec in one.check_specs]
    found = sorted((spec.asset_key.to_user_string(), spec.name) for spec in specs)
    assert found == sorted(wanted_checks(real))
    assert all(spec.blocking and spec.description for spec in specs)


def test_a_module_waits_for_the_checks_before_it(assets: dict[str, dg.AssetsDefinition], real: Catalogue) -> None:
    for unit in all_units(real):
        waits = {
            node.name: {upstream.name for inputs in down.values() for upstream in inputs}
            for node, down in upstream_of(assets[key_of(unit)]).items()
        }
        before: set[str] = set()
        for bound in chain(unit):
            assert before <= waits[bound.module.name]
            before = {f"{bound.module.name}__{a.name}" for a in bound.module.acceptance}
        suites = {f"suite__{table}" for table in suites_of(unit)}
        assert before | suites <= waits["publish"]


def upstream_of(asset: dg.AssetsDefinition) -> Mapping[Any, Mapping[str, list[Any]]]:
    """node -> input -> nodes that it waits for."""
    structure, graph = asset.node_def.dependency_structure, asset.node_def  # type: ignore[attr-defined]
    return {
        node: {
            node_input.input_name: [output.node for output in structure.get_deps_list(node_input)]
            if structure.has_fan_in_deps(node_input)
            else [structure.get_direct_dep(node_input).node]
            for node_input in node.inputs()
            if structure.has_deps(node_input)
        }
        for node in graph.nodes
    }


def test_group_owner_kinds_and_words_of_every_asset(assets: dict[str, dg.AssetsDefinition], real: Catalogue) -> None:
    for name, one in assets.items():
        spec = one.get_asset_spec(one.key)
        assert spec.group_name == name.split("/")[0]
        assert spec.owners and spec.kinds and len(str(spec.description)) > 40, name
    for unit in all_units(real):
        text = str(assets[key_of(unit)].get_asset_spec().description)
        assert all(f"`{bound.module.name}`" in text for bound in chain(unit))
        assert unit.recipe.caveat in text
    assert "paper" in str(assets[BOOK].get_asset_spec().description)


def test_the_stages_stand_in_a_line(assets: dict[str, dg.AssetsDefinition]) -> None:
    for name, one in assets.items():
        if name == BOOK:
            continue
        stage = STAGES.index(name.split("/")[0])
        upstream = {key.path[0] for keys in one.asset_deps.values() for key in keys}
        assert upstream == ({STAGES[stage - 1]} if stage else set())


def test_the_book_waits_for_every_strategy_and_strategies_for_no_other(
    assets: dict[str, dg.AssetsDefinition], real: Catalogue
) -> None:
    waits = {
        name: {key.to_user_string() for keys in one.asset_deps.values() for key in keys} for name, one in assets.items()
    }
    assert waits[BOOK] == {f"execute/{name}" for name in real.strategies}
    assert list(assets[BOOK].check_specs) == []
    for name in real.strategies:
        assert waits[f"execute/{name}"] == {f"size/{name}"}


def code_versions(chosen: Catalogue) -> dict[str, str | None]:
    """Of everything with a chain: the book has none."""
    found = {one.key.to_user_string(): one.get_asset_spec().code_version for one in all_assets(chosen)}
    return {name: version for name, version in found.items() if name != BOOK}


def test_the_code_version_of_an_asset_follows_its_settings(real: Catalogue) -> None:
    known = code_versions(real)
    assert all(known.values()) and code_versions(real) == known
    strategy = real.strategy("ts_momentum")
    dearer = strategy.model_copy(update={"settings": {**strategy.settings, "cost_bps": 6.0}})
    changed = code_versions(real.model_copy(update={"strategies": {**real.strategies, "ts_momentum": dearer}}))
    assert {name for name in known if known[name] != changed[name]} == {"backtest/ts_momentum", "execute/ts_momentum"}


class Events:
    """What Dagster recorded of a home's latest run."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.run = instance, instance.get_runs(limit=1)[0]

    def of(self, kind: dg.DagsterEventType) -> list[Any]:
        logs = self.instance.all_logs(self.run.run_id, of_type=kind)
        return [log.dagster_event.event_specific_data for log in logs if log.dagster_event is not None]

    def checks(self) -> list[Any]:
        return self.of(dg.DagsterEventType.ASSET_CHECK_EVALUATION)

    def materialized(self) -> dict[str, dg.AssetMaterialization]:
        found = [data.materialization for data in self.of(dg.DagsterEventType.ASSET_MATERIALIZATION)]
        return {one.asset_key.to_user_string(): one for one in found}


@pytest.fixture(scope="module")
def events(real_run) -> Events:
    return Events(instance_at(real_run.home / "dagster"))


def test_every_check_was_evaluated_once_and_recorded(events: Events, real: Catalogue, real_run) -> None:
    found = Counter((e.asset_key.to_user_string(), e.check_name) for e in events.checks())
    assert found == Counter(wanted_checks(real))
    assert all(e.passed and e.blocking for e in events.checks())
    assert real_run.summary["checks"] == {"passed": len(wanted_checks(real)), "failed": 0}


def test_checks_show_what_they_measured_and_its_bound(events: Events) -> None:
    shown = [e.metadata for e in events.checks() if "bound" in e.metadata]
    assert len(shown) > 50
    assert sum("measured" in metadata for metadata in shown) > 50


def test_metadata_tells_columns_rows_and_pins_of_every_asset(events: Events, real: Catalogue, real_run) -> None:
    house, made = open_house(Settings(home=real_run.home)), events.materialized()
    assert set(made) == {key_of(unit) for unit in all_units(real)} | {BOOK}
    in_force = published(house)
    for name, one in made.items():
        schema = one.metadata["dagster/column_schema"]
        assert isinstance(schema, dg.TableSchemaMetadataValue)
        assert len(schema.schema.columns) >= 4 and all(column.type for column in schema.schema.columns), name
        assert one.metadata["dagster/row_count"].value == expected_rows(name, in_force, house)
        assert any(key.startswith("last_rows/") and value.value for key, value in one.metadata.items()), name


MAIN = dict(zip(STAGES, ("raw_bars", "ohlcv", "features", "equity", "targets", "orders"), strict=True))


def held(frame: pd.DataFrame) -> int:
    """Positions that are none of zero lots on the last bar."""
    return int((frame.loc[frame["ts_event"] == frame["ts_event"].max(), "position_lots"] != 0).sum())


def expected_rows(name: str, in_force: Mapping[tuple[str, str], Any], house: House) -> int:
    """Rows of the table that a stage's asset stands for, from the ledger's pins; of the book, what is held."""
    stage, unit = name.split("/")
    if name == BOOK:
        return sum(held(house.lake.read(pin)) for (table, _), pin in in_force.items() if table == "positions")
    main = MAIN[stage]
    return in_force[main, f"{unit}.returns" if stage == "feature" else unit].rows


def test_the_data_version_is_the_hash_of_the_content(events: Events, real: Catalogue, real_run) -> None:
    house = open_house(Settings(home=real_run.home))
    by_unit = {(e.body["stage"], e.body["unit"]): e.body["outputs"] for e in house.ledger.entries("stage")}
    version = {
        key: combined_hash({name: pin["hash"] for name, pin in pins.items() if name not in ("deflated", "parents")})  # type: ignore[union-attr]
        for key, pins in by_unit.items()
    }
    for name, one in events.materialized().items():
        stage, unit = name.split("/")
        book = combined_hash({s: version["execute", s] for s in real.strategies})
        assert (one.tags or {})["dagster/data_version"] == (book if name == BOOK else version[stage, unit])


@pytest.fixture
def place(tmp_path) -> Place:
    return make_place(tmp_path)


def recorded(place: Place) -> Events:
    return Events(instance_at(place.home / "dagster"))


def versions(place: Place) -> dict[str, str]:
    return {name: (one.tags or {})["dagster/data_version"] for name, one in recorded(place).materialized().items()}


def test_an_identical_rerun_has_the_same_data_versions(place: Place) -> None:
    assert place.run().succeeded
    first, run_id = versions(place), recorded(place).run.run_id
    assert place.run().succeeded
    assert recorded(place).run.run_id != run_id
    assert versions(place) == first and set(first) == {*map(key_of, all_units(catalogue(place.strategies))), BOOK}
    house = place.house()
    assert [row["looks"] for row in (entry.body for entry in house.ledger.entries("trial"))] == [1, 2]


def test_a_failed_check_shows_value_bound_and_rows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("bar_sanity")

    def judge(before: object, after: Any) -> Check:
        return Check(False, 3.5, "<= 1", after.bars.head(9))

    first = Acceptance(module.acceptance[0].name, "It never holds.", judge)
    monkeypatch.setattr(module, "acceptance", [first, *module.acceptance[1:]])
    outcome = place.run()
    name = f"bar_sanity__{first.name}"
    assert [failed.split(" ")[:2] for failed in outcome.failed_checks] == [["clean/small:", name]]
    (found,) = [e for e in recorded(place).checks() if not e.passed]
    assert (found.check_name, found.severity) == (name, dg.AssetCheckSeverity.ERROR)
    assert found.metadata["measured"].value == 3.5 and found.metadata["bound"].value == "<= 1"
    rows = found.metadata["examples"].value.splitlines()
    assert len(rows) == 2 + 5 and "AAA" in rows[2], "a header, and five rows at most"
    assert ("ohlcv", "small") not in published(place.house())


def test_an_example_frame_of_a_check_has_readable_stamps() -> None:
    from assets.showing import preview

    text = preview(pd.DataFrame({"ts_event": [1_700_000_000_000_000_000], "close": [1.0 / 3.0]}))
    assert "2023-11-14 22:13" in text and "0.333333" in text
