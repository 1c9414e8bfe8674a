"""The code location: it validates by Dagster's own command, stays short and holds six groups."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import yaml
from places import ROOT, pure_environment

from cws_dagster.instance import prepare


def test_dagster_itself_validates_the_workspace(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "dagster"), "definitions", "validate", "-w", "workspace.yaml"]
    environment = pure_environment(CWS_HOME=str(tmp_path / "home"), DAGSTER_HOME=str(prepare(tmp_path / "dagster")))
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Validation successful for code location" in done.stdout + done.stderr
    assert not (tmp_path / "home").exists(), "loading the code location writes nothing"


def test_the_code_location_stays_short() -> None:
    assert len((ROOT / "cws_dagster" / "definitions.py").read_text().splitlines()) <= 40


def test_the_workspace_is_one_code_location() -> None:
    (entry,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    assert entry == {"python_module": "cws_dagster.definitions"}


def test_the_definitions_hold_every_asset_check_job_and_schedule(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)
    graph = definitions.resolve_asset_graph()
    groups = {node.group_name for node in graph.asset_nodes}
    assert groups == {"ingest", "clean", "feature", "backtest", "size", "execute", "loop"}
    assert len(graph.asset_check_keys) > 200
