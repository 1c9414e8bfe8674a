"""`cws loop` and `cws supervise` for people and machines: what they say, and what they refuse."""

import json
import re
import runpy
from pathlib import Path

import pytest
from small_house import Place, copy_place, make_place
from walking import publish_stages

from cws.ablation import shipping
from cws.ablation.record import Judged, keep_verdict, verdict_rows
from cws.ablation.shipping import ship, toml_path
from cws.gate.batch import fresh
from cws.gate.verdict import Kind, Reason, Verdict
from cws.house import House
from cws.patches import Patch
from cws.sandbox import confine
from cws_dagster import main_job
from cws_dagster.cli import main
from cws_dagster.commands.ledger import gist
from modules.errors import CwsError

PATCH = Patch("winsorize", {"z_max": 4.5}, finding="f1", proposer="settings_search")
BETTER = Verdict(Kind.PASS, Reason.BETTER, p=0.001, p_alone=0.001, batch_p=0.001, effect=0.2, standard_error=0.05)


@pytest.fixture(scope="module")
def judged_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Published, with a batch of one ship, one shadow and one placebo in its records."""
    place = make_place(tmp_path_factory.mktemp("loop") / "place")
    house = place.house()
    publish_stages(place, house)
    judged = [Judged(f"v{n}", PATCH, "value", BETTER, 0.02) for n in range(3)]
    for one in judged:
        keep_verdict(house, one, [])
    rows = [(judged[0], "ship", False), (judged[1], "shadow", False), (judged[2], "reject", True)]
    pin = house.lake.commit("verdicts", "b1", verdict_rows("b1", 1, rows))
    body = {"id": "b1", "state": vars(fresh()), "verdicts": ["v0", "v1", "v2"], "ship": ["v0"], "shadow": ["v1"]}
    house.ledger.append("batch", {**body, "placebos": 1, "placebo_ships": 0, "pin": vars(pin)})
    house.ledger.append("shadow", {"verdict": "v1", "module": "winsorize"})
    return place


@pytest.fixture
def here(judged_place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Place:
    """A copy of the test's own: what one ships, ends or certifies is no other's."""
    place = copy_place(judged_place, tmp_path / "here")
    for name, value in (("HOME", place.home), ("STRATEGIES", place.strategies), ("VIEWS", "off")):
        monkeypatch.setenv(f"CWS_{name}", str(value))
    return place


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_the_report_has_every_figure_of_the_gate(here: Place, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "loop", "report", "--json")
    gate = json.loads(out)["gate"]
    assert code == 0 and (gate["decided"], gate["accepted"], gate["placebos"], gate["placebo_ships"]) == (2, 2, 1, 0)
    assert gate["false_ships"]["low"] == 0.0 and gate["placebo_rate"]["high"] == pytest.approx(0.975)
    assert gate["nominal_fdr"] == 0.10 and gate["ablations_last_week"] == 3
    assert [one["verdict"] for one in json.loads(out)["shadows"]] == ["v1"]
    _, out, _ = told(capsys, "loop", "report")
    for words in ("placebos that shipped", "false ships, nominal", "not certified in this home", "1 open shadow"):
        assert words in out
    here.house().ledger.append("certificate", {"seed": 1, "passed": True, "figures": {"power_1_sigma": 0.997}})
    assert "power_1_sigma 0.9970" in told(capsys, "loop", "report")[1]


def test_the_picture_is_drawn_or_refused(here: Place, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert told(capsys, "loop", "report", "--plot", str(tmp_path / "new" / "loop.png"))[0] == 0
    assert (tmp_path / "new" / "loop.png").read_bytes().startswith(b"\x89PNG")
    code, _, error = told(capsys, "loop", "report", "--plot", str(tmp_path))
    assert code == 2 and "CWS-CLI-006" in error


def copied_toml(folder: Path) -> tuple[Path, str]:
    """A module's TOML in a place of its own, and its text."""
    path = folder / "clean" / "winsorize.toml"
    path.parent.mkdir()
    path.write_text(toml_path("winsorize").read_text())
    return path, path.read_text()


def test_a_ship_is_rolled_back_by_its_entry(
    here: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, before = copied_toml(tmp_path)
    entry = ship(here.house(), PATCH, "v0", tmp_path)
    assert "z_max = 4.5" in path.read_text()
    _, out, _ = told(capsys, "loop", "report")
    assert "Value of ships in force" in out
    assert f"overtaken: ship {entry.id} wrote winsorize.toml" in out, "what waits in shadow for the same module"
    # The command always means the product's own TOMLs, which this ship never touched.
    code, _, error = told(capsys, "loop", "rollback", entry.id, "--why", "test")
    assert code == 2 and "CWS-SHIP-003" in error
    monkeypatch.setattr("cws.ablation.shipping.rollback.__defaults__", (tmp_path,))
    code, out, _ = told(capsys, "loop", "rollback", entry.id, "--why", "test")
    assert code == 0 and "-z_max = 4.5" in out and path.read_text() == before
    assert told(capsys, "loop", "rollback", entry.id)[0] == 2, "once"


def test_supervise_refuses_without_walls_and_without_a_wish(
    here: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "give --budget N, --findings" in told(capsys, "supervise")[2]
    monkeypatch.setattr(confine, "missing", lambda: "bubblewrap is not installed")
    code, out, error = told(capsys, "supervise", "--budget", "8", "--module", "reversal_5d", "--json")
    assert code == 2 and "CWS-SANDBOX-001" in error and "apt-get install bubblewrap" in error
    assert json.loads(out)["error"]["code"] == "CWS-SANDBOX-001"


def test_supervise_without_findings_says_how_to_ask(
    here: Place, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # A cycle first ships what the last batch decided and nobody did, into the product itself: nothing is left undone.
    copied_toml(tmp_path)
    ship(here.house(), PATCH, "v0", tmp_path)
    here.house().ledger.append("shadow_end", {"verdict": "v1", "module": "winsorize", "stand": "overtaken: test"})
    (end,) = json.loads(told(capsys, "loop", "report", "--json")[1])["ended_shadows"]
    assert (end["verdict"], end["stand"]) == ("v1", "overtaken: test")
    assert re.search(r"shadows that ended\n.*\nv1 +winsorize +overtaken: test ", told(capsys, "loop", "report")[1])
    code, out, _ = told(capsys, "supervise", "--budget", "8")
    assert code == 0 and "No finding is about a module that is judged on value" in out and "--module NAME" in out


def test_nothing_shipped_is_nothing_to_test_and_no_shadow_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In an empty home: the other one has an open shadow."""
    monkeypatch.setenv("CWS_HOME", str(tmp_path / "home"))
    assert told(capsys, "loop", "bundle")[:2] == (0, "Nothing shipped since the last release.\n")
    assert "No open shadow." in told(capsys, "loop", "shadow")[1]


def test_a_verdict_is_readable_in_the_ledger(here: Place) -> None:
    body = here.house().ledger.entries("verdict")[0].body
    assert gist("verdict", body) == "id=v0, patch=winsorize z_max:4.5, kind=PASS, reason=BETTER, p=0.001"


def killed_rollback(house: House, root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A copy of a module's TOML with a ship in it whose rollback is in the ledger alone; what it was before."""
    path, before = copied_toml(root)
    shipped = ship(house, PATCH, "v0", root)
    with monkeypatch.context() as gone, pytest.raises(KeyboardInterrupt):
        gone.setattr(shipping, "_write", _killed)
        shipping.rollback(house, shipped.id, "no", root)
    assert path.read_text() != before and shipped not in shipping.in_force(house)
    for one in (shipping.settle, shipping.rollback, shipping.by_hand):
        monkeypatch.setattr(one, "__defaults__", (root,))
    return path, before


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_killed_rollback_is_finished_by_the_same_command(
    here: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, before = killed_rollback(here.house(), tmp_path, monkeypatch)
    ship_id = str(here.house().ledger.entries("ship")[-1].index)
    code, out, _ = told(capsys, "loop", "rollback", ship_id)
    assert code == 0 and "-z_max = 4.5" in out and path.read_text() == before
    assert len([e for e in here.house().ledger.entries("rollback") if e.body["ship"] == ship_id]) == 1


def test_a_killed_rollback_is_finished_by_a_run(
    here: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Before the run looks at its strategies at all."""
    path, before = killed_rollback(here.house(), tmp_path, monkeypatch)
    with pytest.raises(CwsError, match="nosuch"):
        main_job.run(here.settings, ["nosuch"])
    assert path.read_text() == before and not shipping.unfinished(here.house())


def test_a_killed_rollback_is_finished_before_dagster_composes_its_jobs(
    here: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A job that is started from its own UI is bound to what the TOMLs hold at that moment."""
    path, before = killed_rollback(here.house(), tmp_path, monkeypatch)
    monkeypatch.setattr("cws_dagster.lineage.build", lambda *_: path.read_text())
    assert runpy.run_module("cws_dagster.definitions")["defs"] == before
    assert not shipping.unfinished(here.house())


def test_a_file_that_was_put_back_by_hand_is_named(
    here: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, before = copied_toml(tmp_path)
    monkeypatch.setattr(shipping.by_hand, "__defaults__", (tmp_path,))
    entry = ship(here.house(), PATCH, "v0", tmp_path)
    assert json.loads(told(capsys, "status", "--json")[1])["by_hand"] == []
    path.write_text(before)
    assert json.loads(told(capsys, "status", "--json")[1])["by_hand"] == [{"ship": entry.id, "module": "winsorize"}]
    said = f"winsorize.toml is not as ship {entry.id} left it"
    assert said in told(capsys, "loop", "report")[1] and "by hand" in told(capsys, "status")[1]
    path.write_text(path.read_text().replace("z_max = 6.0", "z_max = 4.5"))
    shipping.rollback(here.house(), entry.id, "test", tmp_path)
