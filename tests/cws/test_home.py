"""Settings come from `CWS_*` and are bounded; one process writes to a home at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from cws.home import HIDDEN, Home, Settings, home_at, settings, shown
from modules.errors import CwsError

HOLD = """
import sys
from pathlib import Path
from cws.home import Home
with Home(Path(sys.argv[1])).writing("another run"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CWS_")]:
        monkeypatch.delenv(name)


def test_settings_have_defaults_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (settings().home, settings().views, settings().lock_wait_s) == (Path(".cws"), "on", 0.0)
    monkeypatch.setenv("CWS_HOME", "elsewhere")
    monkeypatch.setenv("CWS_UI_PORT", "4000")
    assert (settings().home, settings().ui_port) == (Path("elsewhere"), 4000)


def test_an_unknown_setting_names_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWS_HOMME", "x")
    with pytest.raises(CwsError, match="CWS-CONFIG-001") as refusal:
        settings()
    assert refusal.value.fix == "did you mean 'CWS_HOME'?"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CWS_UI_PORT", "80"),
        ("CWS_UI_PORT", "x"),
        ("CWS_LOCK_WAIT_S", "-1"),
        ("CWS_LOCK_WAIT_S", "601"),
        ("CWS_VIEWS", "maybe"),
        ("CWS_LLM_MAX_TOKENS", "0"),
        ("CWS_LLM_TIMEOUT_S", "0.5"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(CwsError, match="CWS-CONFIG-002") as refusal:
        settings()
    assert refusal.value.what.startswith(f"{name}: ")
    assert refusal.value.what.endswith(f", got {value!r}")


def test_settings_do_not_change_afterwards() -> None:
    with pytest.raises(ValidationError):
        Settings().home = Path("x")  # type: ignore[misc]


def test_a_folder_has_one_home_however_it_is_spelt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = home_at(Path("home"))
    assert here is home_at(tmp_path / "home") is home_at(Path("other/../home"))
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert home_at(Path("home")) is not here, "the same word in another folder is another home"


def test_the_lock_is_reentrant_and_names_its_holder(tmp_path: Path) -> None:
    home = home_at(tmp_path)
    with home.writing("outer"), home_at(tmp_path).writing("inner"):
        assert (tmp_path / "writer.lock").read_text() == f"outer (pid {os.getpid()})"
    with home.writing("next"):
        assert (tmp_path / "writer.lock").read_text().startswith("next ")


def test_another_process_is_refused_by_name_and_let_in_afterwards(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None and holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    home = Home(tmp_path)
    with pytest.raises(CwsError, match="CWS-HOME-001") as refusal, home.writing("me"):
        pass
    assert f"another run (pid {holder.pid})" in refusal.value.what
    holder.communicate("\n", timeout=30)
    with home.writing("me", wait_s=5.0):
        assert (tmp_path / "writer.lock").read_text().startswith("me ")


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    holder.kill()
    holder.wait(timeout=30)
    with Home(tmp_path).writing("me"):
        assert (tmp_path / "writer.lock").read_text().startswith("me ")


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), Home(tmp_path).writing("one"):
        raise ValueError("inside")
    with Home(tmp_path).writing("two"):
        assert (tmp_path / "writer.lock").exists()


def test_a_home_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CwsError, match="CWS-HOME-002"), Home(tmp_path / "file" / "home").writing("me"):
        pass


def test_nothing_is_made_before_the_first_write(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert not home.folder.exists() and home.lake.parent == home.ledger.parent == home.raw.parent == home.folder


KEYS = ("sk-proj-4f9aQ7", "AKIA0123456789ABCDEF", "Bearer abc", "gsk_lower_case")


@pytest.mark.parametrize("key", KEYS)
def test_a_key_in_the_place_of_a_name_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("CWS_LLM_KEY_ENV", key)
    with pytest.raises(CwsError, match="CWS-CONFIG-002") as refusal:
        settings()
    assert key not in str(refusal.value) and HIDDEN in refusal.value.what
    assert shown("CWS_LLM_KEY_ENV", key) == HIDDEN
    assert shown("CWS_LLM_KEY_ENV", "OPENAI_API_KEY") == "OPENAI_API_KEY"
    assert shown("CWS_HOME", key) == key, "what is no secret is shown, so that it can be mended"


@pytest.mark.parametrize(
    "address",
    ["http://example.com/v1", "https://user:secret@example.com/v1", "https://example.com/v1?key=secret", "file:///etc",
     "http://127.0.0.1.example.com/v1", "http://localhost@example.com/v1"],
)  # fmt: skip
def test_a_key_never_travels_in_an_address_or_in_the_clear(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("CWS_LLM_BASE_URL", address)
    with pytest.raises(CwsError, match="CWS-CONFIG-002") as refusal:
        settings()
    assert address not in str(refusal.value)


def test_addresses_of_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("", "https://api.example.com/v1", "http://127.0.0.1:8000/v1", "http://localhost:11434"):
        monkeypatch.setenv("CWS_LLM_BASE_URL", address)
        assert settings().llm_base_url == address
