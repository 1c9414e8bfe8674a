"""A ship is a reviewable diff of one TOML, whole or not there, and can be put back."""

import shutil
import tomllib
from pathlib import Path

import pytest

from cws.ablation import shipping
from cws.ablation.shipping import by_hand, in_force, patched_text, rollback, settle, ship, toml_path, unfinished
from cws.home import Settings
from cws.house import House, open_house
from cws.patches import Patch
from modules.errors import CwsError
from modules.registry import ROOT, all_modules

PATCH = Patch("winsorize", {"z_max": 4.5}, {"scale": "std_scale"})


@pytest.fixture
def house(tmp_path: Path) -> House:
    return open_house(Settings(home=tmp_path / "home", strategies=tmp_path))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the modules' TOMLs: a test never writes into the house itself."""
    return Path(shutil.copytree(ROOT, tmp_path / "modules", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


def test_only_the_values_of_the_patch_change(root: Path) -> None:
    before = toml_path("winsorize", root).read_text()
    after = patched_text(before.replace("z_max = 6.0", "z_max = 6.0  # robust z"), PATCH)
    assert "z_max = 4.5  # robust z" in after
    assert tomllib.loads(after) == {
        **tomllib.loads(before),
        "settings": {**tomllib.loads(before)["settings"], "z_max": 4.5},
        "skills": {"scale": "std_scale"},
    }


def test_every_setting_of_every_module_can_be_written_in_place(root: Path) -> None:
    for module in all_modules():
        text = toml_path(module.name, root).read_text()
        assert patched_text(text, Patch(module.name, module.manifest.settings, module.manifest.skills)) == text  # type: ignore[arg-type]


def test_a_value_over_several_lines_is_refused() -> None:
    with pytest.raises(CwsError, match="CWS-SHIP-001"):
        patched_text('judge = "value"\n[settings]\nz_max = """\n6"""\n', Patch("winsorize", {"z_max": 4.5}))


def test_a_ship_and_its_rollback_are_in_the_ledger_and_in_the_file(house: House, root: Path) -> None:
    path = toml_path("winsorize", root)
    before = path.read_bytes()
    shipped = ship(house, PATCH, "verdict-1", root)
    assert "-z_max = 6.0\n+z_max = 4.5\n" in shipped.diff
    assert tomllib.loads(path.read_text())["settings"]["z_max"] == 4.5
    assert in_force(house) == [shipped]
    rollback(house, shipped.id, "worse on new days", root)
    assert path.read_bytes() == before and in_force(house) == []
    with pytest.raises(CwsError, match="CWS-SHIP-002"):
        rollback(house, shipped.id, "again", root)
    assert [entry.kind for entry in house.ledger.entries()] == ["ship", "rollback"]


def test_a_file_that_was_edited_since_is_left_alone(house: House, root: Path) -> None:
    shipped = ship(house, PATCH, "verdict-1", root)
    path = toml_path("winsorize", root)
    path.write_text(path.read_text() + "# by hand\n")
    with pytest.raises(CwsError, match="CWS-SHIP-003"):
        rollback(house, shipped.id, "no", root)
    assert path.read_text().endswith("# by hand\n")


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def dies_before(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next ship or rollback ends where a kill would: before its file is written, or before its mark goes."""
    monkeypatch.setattr(shipping, what, _interrupted)


@pytest.mark.parametrize("what", ["_write", "_unmark"])
def test_a_ship_and_a_rollback_that_died_are_finished(
    house: House, root: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = toml_path("winsorize", root)
    before = path.read_text()
    with monkeypatch.context() as gone, pytest.raises(KeyboardInterrupt):
        dies_before(what, gone)
        ship(house, PATCH, "verdict-1", root)
    assert unfinished(house)
    settled = settle(house, root)
    assert settled is not None and settled.kind == "ship" and path.read_text() == patched_text(before, PATCH)
    assert settle(house, root) is None and not unfinished(house)
    with monkeypatch.context() as gone, pytest.raises(KeyboardInterrupt):
        dies_before(what, gone)
        rollback(house, str(settled.index), "no", root)
    again = rollback(house, str(settled.index), "asked again", root)
    assert path.read_text() == before and again.module == "winsorize" and "+z_max = 6.0" in again.diff
    assert [entry.kind for entry in house.ledger.entries()] == ["ship", "rollback"], "the first one was finished"
    with pytest.raises(CwsError, match="CWS-SHIP-002"):
        rollback(house, str(settled.index), "a third time", root)


def test_a_ship_that_died_before_its_entry_never_was(house: House, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = toml_path("winsorize", root).read_text()
    first = ship(house, PATCH, "verdict-1", root)
    rollback(house, first.id, "no", root)
    with monkeypatch.context() as gone, pytest.raises(KeyboardInterrupt):
        gone.setattr(type(house.ledger), "append", _interrupted)
        ship(house, PATCH, "verdict-2", root)
    assert unfinished(house) and settle(house, root) is None and not unfinished(house)
    assert toml_path("winsorize", root).read_text() == before and in_force(house) == []


def test_a_file_that_was_put_back_by_hand_stays_and_is_named(house: House, root: Path) -> None:
    path = toml_path("winsorize", root)
    before = path.read_bytes()
    shipped = ship(house, PATCH, "verdict-1", root)
    assert by_hand(house, root) == []
    path.write_bytes(before)
    assert settle(house, root) is None and path.read_bytes() == before
    assert by_hand(house, root) == [shipped]
    other = ship(house, Patch("reversal_5d", {"window_bars": 9}), "verdict-2", root)
    assert path.read_bytes() == before and by_hand(house, root) == [shipped]
    rollback(house, other.id, "no", root)
    assert path.read_bytes() == before and in_force(house) == [shipped]
