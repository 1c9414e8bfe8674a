"""Patches are read from files and folders, and what cannot be read is refused."""

from pathlib import Path

import pytest

from cws.patch_files import MAX_FILES, texts_of
from modules.errors import CwsError


def test_a_folder_gives_its_patches_by_name(tmp_path: Path) -> None:
    for name, bars in (("b", 9), ("a", 3)):
        (tmp_path / f"{name}.toml").write_text(f'module = "reversal_5d"\n[settings]\nwindow_bars = {bars}\n')
    (tmp_path / "notes.txt").write_text("not a patch")
    assert [(name, text[-2:]) for name, text in texts_of([tmp_path])] == [("a.toml", "3\n"), ("b.toml", "9\n")]


def test_a_patch_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "missing.toml", tmp_path / "bytes.toml"):
        with pytest.raises(CwsError, match="CWS-PATCH-007"):
            texts_of([path])


def test_no_patch_and_too_many_are_refused(tmp_path: Path) -> None:
    """A folder without any says nothing of anything, and what is left out silently was never tried."""
    with pytest.raises(CwsError, match=r"CWS-PATCH-008: 0 patches"):
        texts_of([tmp_path])
    for number in range(MAX_FILES + 1):
        (tmp_path / f"{number}.toml").touch()
    with pytest.raises(CwsError, match="CWS-PATCH-008"):
        texts_of([tmp_path])
