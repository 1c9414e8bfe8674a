from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from blake3 import blake3

from cws.lake.files import FileRef, describe, fingerprint, verify, write_parquet
from modules.errors import CwsError

TABLE = pa.table({"x": list(range(5_000))})


def test_a_file_has_pages_with_checksums_that_the_engine_checks(tmp_path: Path) -> None:
    """The second line of defence: even a file whose BLAKE3 nobody compared does not read wrongly."""
    path = tmp_path / "a.parquet"
    write_parquet(path, TABLE)
    data = bytearray(path.read_bytes())
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    data[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(OSError, match=r"CRC|checksum"):
        pq.ParquetFile(path, page_checksum_verification=True).read()


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_parquet(tmp_path / "a.parquet", TABLE)
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_fingerprint_is_blake3_also_of_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")
    assert fingerprint(path) == (blake3(b"").hexdigest(), 0)
    assert describe(tmp_path, path) == FileRef("a", blake3(b"").hexdigest(), 0)


def test_a_change_within_one_clock_tick_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes within a tick leave equal stamps; so the stamps are held still here."""
    path = tmp_path / "a"
    path.write_bytes(b"before")
    stamp = path.stat()
    monkeypatch.setattr(Path, "stat", lambda _: stamp)
    before = fingerprint(path)
    path.write_bytes(b"behind")
    assert fingerprint(path) != before


def test_an_old_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    monkeypatch.setattr("cws.lake.files.YOUNG_NS", 0)
    reads: list[str] = []
    monkeypatch.setattr("cws.lake.files._digest", lambda name: reads.append(name) or "digest")
    assert fingerprint(path) == fingerprint(path) == ("digest", 3)
    assert len(reads) == 1


def test_verify_says_which_file_of_which_version(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    ref = describe(tmp_path, path)
    verify(tmp_path, ref, 4)
    path.write_bytes(b"abd")
    with pytest.raises(CwsError) as changed:
        verify(tmp_path, ref, 4)
    path.unlink()
    with pytest.raises(CwsError) as missing:
        verify(tmp_path, ref, 4)
    assert (changed.value.code, missing.value.code) == ("CWS-LAKE-010", "CWS-LAKE-009")
    assert "version 4, file a" in changed.value.where
