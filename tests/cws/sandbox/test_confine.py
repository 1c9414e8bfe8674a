"""Whoever proposes sees its view and nothing else: every known way out ends at a wall."""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from places import STRATEGIES

from cws.ablation.ground import Published, days, until
from cws.home import Settings
from cws.patches import Patch
from cws.release import released
from cws.sandbox import confine, hidden
from cws.sandbox.confine import Budget, confined, missing
from cws.sandbox.hidden import TRUTHS, hidden_data, is_table, tables_of_packages
from cws.sandbox.view import read_grounds, write_view
from cws.sources import locate
from cws.strategies import Source, catalogue
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


# Walks Python's folders inside the walls and prints every table that still has a byte.
LEFT = """
import os, sys
from pathlib import Path
from cws.sandbox.hidden import NEEDED, is_table
roots = {Path(p).resolve() for p in (sys.prefix, sys.base_prefix)}
every = [Path(d, n) for r in roots for d, _, names in os.walk(r) for n in names]
left = [p for p in every if is_table(p.name) and p.stat().st_size and set(NEEDED).isdisjoint(p.parts)]
print(len(every) > 1_000, [str(p) for p in left])
"""


@WALLS
def test_no_package_brings_a_table_along(tmp_path: Path) -> None:
    """Plotting and testing libraries carry years of the very shares and indices that confirm folds are made of."""
    brought = [path for path in tables_of_packages() if "sp500" in path.name or path.name == "goog.npz"]
    assert len(brought) >= 3 and all(path.stat().st_size for path in brought), "the way in from outside"
    write_view(tmp_path / "view", [], {})
    assert said(tmp_path / "view", LEFT, hidden_data(catalogue(STRATEGIES))) == "True []"


@pytest.mark.parametrize(("name", "wanted"), [
    ("sp500.csv.gz", True), ("goog.npz", True), ("A.CSV", True), ("prices.v2.parquet", True), ("x.tar.gz", False),
    ("csv.py", False), ("csv", False), ("a.csv.py", False), ("a.zip", False),
])  # fmt: skip
def test_what_is_called_like_a_table(name: str, wanted: bool) -> None:
    assert is_table(name) is wanted


@WALLS
def test_a_house_and_a_file_below_what_is_bound_are_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bound = tmp_path / "bound"
    home, source = bound / "home", bound / "vendor" / "prices.txt"
    for path in (home / "ledger" / "head", source):
        path.parent.mkdir(parents=True)
        path.write_text("secret")
    for place in (confine, hidden):
        monkeypatch.setattr(place, "SYSTEM", (*confine.SYSTEM, str(bound)))
    chosen = catalogue(STRATEGIES)
    name, dataset = next(iter(chosen.datasets.items()))
    moved = dataset.model_copy(update={"source": Source(path=str(source))})
    there = chosen.model_copy(update={"datasets": {name: moved}})
    (tmp_path / "view").mkdir()
    program = (
        "from pathlib import Path\n"
        f"print(*sorted(p.name for p in Path({str(bound)!r}).rglob('*') if p.is_file() and p.stat().st_size))"
    )
    assert said(tmp_path / "view", program) == "head prices.txt", "the way in without it"
    assert said(tmp_path / "view", program, hidden_data(there, [home])) == ""


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
def test_no_other_process_keeps_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pid 1 is what holds the walls, and was started by the house."""
    monkeypatch.setenv("API_KEY", "secret")
    assert said(tmp_path, "print(open('/proc/1/environ').read())") == ""


# What root could do to walls of its own: each prints whether it succeeded.
UNDOING = {
    "uncover": "print(libc.umount2(hidden, 2) == 0, os.stat(hidden).st_size)",
    "remount": "print(libc.mount(b'none', prefix, None, 32 | 4096, None) == 0, os.access(prefix, os.W_OK))",
    "detach": "print(libc.unshare(0x00020000) == 0, 0)",
    "nest": "print(libc.unshare(0x10020000) == 0, libc.umount2(hidden, 2) == 0)",
    "proc": (
        "files = ['/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/1/mem', '/proc/self/uid_map']\n"
        "print(any(os.access(file, os.W_OK) for file in files), 0)"
    ),
}


@WALLS
@pytest.mark.parametrize("undoing", UNDOING)
def test_the_walls_hold_from_inside_whoever_started_them(tmp_path: Path, undoing: str) -> None:
    brought = next(path for path in tables_of_packages() if path.is_relative_to(Path(sys.prefix).resolve()))
    assert brought.stat().st_size
    head = (
        "import ctypes, os\nlibc = ctypes.CDLL(None)\n"
        f"hidden, prefix = {str(brought).encode()!r}, {str(Path(sys.prefix).resolve()).encode()!r}\n"
    )
    first, second = said(tmp_path, head + UNDOING[undoing], (brought,)).split()
    assert (first, second in ("False", "0")) == ("False", True)


# Puts a key into a session's keyring, then says what the walls leave of it.
KEYED = """
import ctypes, errno, os, sys
from pathlib import Path
from cws.sandbox.confine import KEYCTL, Budget, confined
libc, keyctl = ctypes.CDLL(None, use_errno=True), KEYCTL[os.uname().machine]
look = "import ctypes; print(ctypes.CDLL(None).syscall(%d, 10, -3, b'user', b'cws-key', 0) > 0)" % keyctl
libc.syscall(keyctl, 1, None)
made = libc.syscall({250: 248, 219: 217}[keyctl], b"user", b"cws-key", b"secret", 6, -3) > 0
why = "made" if made else errno.errorcode[ctypes.get_errno()]
print(why, confined(Path(sys.argv[1]), (), [sys.executable, "-c", look], Budget(60.0, 60)))
"""


@WALLS
def test_keys_of_the_session_stay_outside(tmp_path: Path) -> None:
    """In a process of its own, which joins a keyring of its own."""
    done = subprocess.run([sys.executable, "-c", KEYED, str(tmp_path)], capture_output=True, text=True, check=True)
    made, found = done.stdout.split()
    if made in ("ENOSYS", "EPERM"):
        pytest.skip(f"no key can be made here to be looked for: {made}")
    assert (made, found) == ("made", "False")


@WALLS
def test_what_does_not_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(CwsError, match="CWS-SANDBOX-002"):
        confined(tmp_path, (), [sys.executable, "-c", "import time; time.sleep(60)"], Budget(wall_s=0.5))
    with pytest.raises(CwsError, match="CWS-SANDBOX-003"):
        confined(tmp_path, (), [sys.executable, "-c", "print('x' * 2_000_000)"], SMALL)


@WALLS
def test_what_prints_without_end_is_ended_before_it_fills_anybodys_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confine, "MAX_FILE_BYTES", 4_000_000)
    endless = "import sys\nwhile True: sys.{}.write('x' * 100_000)"
    for stream in ("stdout", "stderr"):
        with pytest.raises(CwsError, match="CWS-SANDBOX-003"):
            said(tmp_path, endless.format(stream))


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
    closes = [one.tables["bars"].frame["adj_close"] for one in (ground, back)]  # type: ignore[union-attr]
    assert closes[0].notna().any() and closes[1].isna().all(), "it holds what a share paid and split since"
    program = (
        "from pathlib import Path\nfrom cws.sandbox.view import read_grounds\n"
        "from modules.canonical import content_hash\n"
        "(g,) = read_grounds(Path('/view'))\nprint(content_hash(g.tables['bars'].frame) == g.tables['bars'].hash)"
    )
    assert said(tmp_path / "view", program) == "True"
    shutil.rmtree(tmp_path / "view")
