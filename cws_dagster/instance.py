"""The Dagster instance of a home: storage under CWS_HOME/dagster, configured by the `dagster.yaml` of this folder."""

from pathlib import Path

import dagster as dg

CONFIG = Path(__file__).parent / "dagster.yaml"


def prepare(folder: Path) -> Path:
    """Make the folder and put our configuration there; returns what DAGSTER_HOME must be."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "dagster.yaml"
    if not target.exists() or target.read_text() != CONFIG.read_text():
        target.write_text(CONFIG.read_text())
    return folder


def instance_at(folder: Path) -> dg.DagsterInstance:
    return dg.DagsterInstance.from_config(str(prepare(folder)))
