"""The Dagster instance of a home: storage under CWS_HOME/dagster, configured by the `dagster.yaml` of this folder."""

from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

CONFIG = Path(__file__).parent / "dagster.yaml"


def prepare(folder: Path) -> Path:
    """Make the folder and put our configuration there; returns what DAGSTER_HOME must be."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "dagster.yaml"
    if not target.exists() or target.read_text() != CONFIG.read_text():
        target.write_text(CONFIG.read_text())
    return folder


def instance_at(folder: Path) -> dg.DagsterInstance:
    """The instance whose events are written without waiting for the disk and over one open connection."""
    # The place is Dagster's own default, so that the web server finds the same files with its own storage class.
    place = {"base_dir": str(prepare(folder).resolve() / "history" / "runs")}
    pooled = {"module": "cws_dagster.event_log", "class": "PooledEventLog", "config": place}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder), overrides={"event_log_storage": pooled}))
