"""Dagster's instance of a home: watched, limited, silent, and listening on this machine alone."""

from pathlib import Path

import yaml
from places import STRATEGIES

from cws_dagster import instance
from cws_dagster.instance import instance_at, prepare
from cws_dagster.servers import plan


def test_the_instance_is_watched_limited_and_silent() -> None:
    config = yaml.safe_load(instance.CONFIG.read_text())
    watch = config["run_monitoring"]
    assert (watch["enabled"], watch["poll_interval_seconds"]) == (True, 5)
    assert 0 < watch["max_runtime_seconds"] <= 24 * 3600 and watch["start_timeout_seconds"] > 0
    assert config["run_retries"]["enabled"] is True and config["run_retries"]["max_retries"] == 1
    assert (config["nux"], config["telemetry"]) == ({"enabled": False}, {"enabled": False})
    assert config["concurrency"]["runs"]["max_concurrent_runs"] == 1, "one writer at a time on a home"


def test_dagster_reads_the_file_as_it_is_meant(tmp_path: Path) -> None:
    with instance_at(tmp_path / "dagster") as made:
        assert made.run_monitoring_enabled and made.run_monitoring_poll_interval_seconds == 5
        assert made.run_retries_enabled and made.run_retries_max_retries == 1
        assert made.telemetry_enabled is False and made.nux_enabled is False


def test_an_older_configuration_is_replaced(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "dagster")
    (folder / "dagster.yaml").write_text("telemetry:\n  enabled: true\n")
    assert prepare(folder) == folder
    assert (folder / "dagster.yaml").read_text() == instance.CONFIG.read_text()


def test_servers_listen_on_this_machine_alone(tmp_path: Path) -> None:
    made = plan(tmp_path, STRATEGIES, tmp_path / "dagster", 3_001, 5_001)
    for name in ("dagster-webserver", "mlflow"):
        command = made.commands[name]
        flag = "-h" if name == "dagster-webserver" else "--host"
        assert command[command.index(flag) + 1] == "127.0.0.1"
    assert all(address.startswith("http://127.0.0.1:") for address in (*made.addresses.values(), *made.health.values()))
