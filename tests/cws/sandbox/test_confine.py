"""Whoever proposes sees its view and nothing else: every known way out ends at a wall."""

import importlib
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from places import STRATEGIES

from cws.ablation.ground import Published, days, until
from cws.home import Settings
from cws.patches import Patch
from cws.release import released
from cws.sandbox import confine
from cws.sandbox.confine import Budget, confined, missing
from cws.sandbox.view import TRUTHS, hidden_data, read_grounds, write_view
from cws.sources import locate
from cws.strategies import catalogue
from modules.errors import CwsError

SMALL = Budget(wall_s=60.0, cpu_s=60)
WALLS = pytest.mark.skipif(bool(missing()), reason=f"no walls on this machine: {missing()}")


def said(view: Path, program: str, hidden: tuple[Path, ...] = ()) -> str:
    return confined(view, hidden, [sys.executable, "-c", program], SMALL).strip()


@WALLS
def test_it_runs_and_writes_only_in_its_view(tmp_path: Path) -> None:
    assert said(tmp_path, "open('/view/found', 'w').write('x'); print('done')") == "done"
    assert (tmp_path / "found").read_text() == "x"
    # The bare root is memory of the sandbox's own and ends with it.
    assert said(tmp_path, "open('/etc/found', 'w').write('x'); print('done')") == "done"
    assert not Path("/etc/found").exists()
    for place in ("/usr/found", sys.prefix + "/found", sys.base_prefix + "/found"):
        with pytest.raises(CwsError, match="CWS-SANDBOX-003"):
            said(tmp_path, f"open({place!r}, 'w')")


@WALLS
def test_no_path_leads_to_the_house(tmp_path: Path, real_run: Any) -> None:
    home = real_run.home
    inside = [home, home / "dagster", home / "ledger", next((home / "lake").rglob("_delta_log")), STRATEGIES]
    for path in inside:
        assert path.exists()
        assert said(tmp_path, f"import os; print(os.path.exists({str(path)!r}))") == "False", path


@WALLS
def test_the_vendors_files_are_empty_inside_their_packages(tmp_path: Path) -> None:
    chosen = catalogue(STRATEGIES)
    for dataset in chosen.datasets.values():
        path = locate(dataset.source, STRATEGIES / "datasets")
        assert path.exists(), "the way in from outside"
        program = f"import os; print(os.path.exists({str(path)!r}))"
        assert said(tmp_path, program, hidden_data(chosen)) == "False"
        by_import = (
            "import importlib.resources as r\n"
            f"file = r.files({dataset.source.package!r}) / {dataset.source.path!r}\nprint(file.is_file())"
        )
        assert said(tmp_path, by_import, hidden_data(chosen)) == "False"


@WALLS
def test_neither_environment_nor_other_processes_nor_network_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CWS_HOME", "/somewhere")
    monkeypatch.setenv("API_KEY", "secret")
    assert said(tmp_path, "import os; print([k for k in os.environ if 'CWS' in k or 'KEY' in k])") == "[]"
    assert said(tmp_path, "import os; print(max(int(p) for p in os.listdir('/proc') if p.isdigit()) < 10)") == "True"
    with pytest.raises(CwsError, match=r"CWS-SANDBOX-003.*(Network|Connection)"):
        said(tmp_path, "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)")


@WALLS
def test_what_does_not_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(CwsError, match="CWS-SANDBOX-002"):
        confined(tmp_path, (), [sys.executable, "-c", "import time; time.sleep(60)"], Budget(wall_s=0.5))
    with pytest.raises(CwsError, match="CWS-SANDBOX-003"):
        confined(tmp_path, (), [sys.executable, "-c", "print('x' * 2_000_000)"], SMALL)


def test_without_walls_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "BWRAP", "no-such-program")
    missing.cache_clear()
    try:
        with pytest.raises(CwsError, match=r"CWS-SANDBOX-001.*apt-get install bubblewrap"):
            confined(tmp_path, (), ["true"], SMALL)
    finally:
        missing.cache_clear()


@WALLS
def test_what_knows_the_truth_of_made_up_worlds_is_not_inside(tmp_path: Path) -> None:
    """Oracles and their terms, worlds and what was planted into them, the fault table, the key to confirm worlds."""
    write_view(tmp_path / "view", [], {})
    for name in TRUTHS:
        module = name.removesuffix(".py").replace("/", ".")
        assert importlib.import_module(module), "the way in from outside"
        with pytest.raises(CwsError, match=r"CWS-SANDBOX-003.*No module named"):
            said(tmp_path / "view", f"import {module}")
        assert said(tmp_path / "view", f"import os; print(os.path.exists('/view/code/{name}'))") == "False"
    assert said(tmp_path / "view", "import cws.proposers.child; print('done')") == "done"


@WALLS
def test_a_view_has_the_modules_as_they_are_in_force(tmp_path: Path) -> None:
    program = "from modules.registry import load; print(load('cost_bps').manifest.settings['cost_bps'])"
    with released([Patch("cost_bps", {"cost_bps": 3.0})]):
        write_view(tmp_path / "view", [], {})
    assert said(tmp_path / "view", program) == "3.0"


@WALLS
def test_a_view_holds_the_search_folds_to_the_byte_and_no_later_bar(tmp_path: Path, real_run: Any) -> None:
    ground = Published(Settings(home=real_run.home, strategies=STRATEGIES), "ts_momentum").open()
    cut = int(days(ground)[1_000])
    write_view(tmp_path / "view", [until(ground, cut)], {"finding": "none"})
    (back,) = read_grounds(tmp_path / "view")
    assert back.data == until(ground, cut).data
    assert days(back).max() < cut <= days(ground)[1_000]
    program = (
        "from pathlib import Path\nfrom cws.sandbox.view import read_grounds\n"
        "from modules.canonical import content_hash\n"
        "(g,) = read_grounds(Path('/view'))\nprint(content_hash(g.tables['bars'].frame) == g.tables['bars'].hash)"
    )
    assert said(tmp_path / "view", program) == "True"
    shutil.rmtree(tmp_path / "view")
