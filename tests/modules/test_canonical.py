"""Canonical bytes: equal frames have equal hashes, different ones different, whatever their layout in memory."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from modules.canonical import combined_hash, content_hash, json_hash, to_arrow
from modules.errors import CwsError


def frame() -> pd.DataFrame:
    text = pd.Series(["A", "B", "C"], dtype="str")
    return pd.DataFrame({"n": [1, 2, 3], "x": [0.5, np.nan, -0.0], "s": text, "b": [True, False, True]})


def test_the_hash_is_the_known_one() -> None:
    # Committed: another version of a library must not change what a byte means.
    assert content_hash(frame()) == "b3:e7bc39b8ea771949eec29676a929ef8a95f4164f29de97ca9a86c5b064468dee"


@pytest.mark.parametrize(
    "other",
    [
        frame().assign(n=[1, 2, 4]),
        frame().assign(x=[0.5, np.nan, 0.0]),
        frame().assign(x=[0.5, 0.0, -0.0]),
        frame().assign(s=pd.Series(["A", "B", "c"], dtype="str")),
        frame().assign(b=[True, True, True]),
        frame().iloc[::-1],
        frame().iloc[:2],
        frame()[["x", "n", "s", "b"]],
        frame().rename(columns={"n": "m"}),
        frame().assign(n=[1.0, 2.0, 3.0]),
        frame().assign(s=pd.Series(["A", "B", None], dtype="str")),
    ],
    ids=[
        "integer",
        "sign of zero",
        "hole",
        "text",
        "flag",
        "row order",
        "row count",
        "column order",
        "name",
        "type",
        "no text",
    ],
)
def test_any_difference_is_another_hash(other: pd.DataFrame) -> None:
    assert content_hash(other) != content_hash(frame())


def test_layout_index_and_chunks_are_not_content() -> None:
    cut = pd.concat([frame().iloc[:1], frame().iloc[1:]])
    strided = pd.DataFrame({"x": np.arange(10.0)[::2]})
    assert content_hash(cut) == content_hash(frame().set_index(pd.Index([7, 8, 9]))) == content_hash(frame())
    assert content_hash(strided) == content_hash(pd.DataFrame({"x": [0.0, 2.0, 4.0, 6.0, 8.0]}))


def test_every_nan_is_the_same_nan() -> None:
    payload = np.array([0x7FF8000000000001, 0xFFF8000000000000], dtype=np.uint64).view(np.float64)
    assert np.isnan(payload).all()
    assert content_hash(pd.DataFrame({"x": payload})) == content_hash(pd.DataFrame({"x": [np.nan, np.nan]}))


def test_arrow_has_one_chunk_no_metadata_and_holes_as_nan() -> None:
    table = to_arrow(pd.concat([frame(), frame()]))
    assert table.schema.metadata is None and table.schema.names == ["n", "x", "s", "b"]
    assert all(column.num_chunks == 1 for column in table.columns)
    assert table["x"].null_count == 0 and table["s"].type == pa.string()


@pytest.mark.parametrize(
    "column",
    [
        np.array([1, 2], dtype=np.int32),
        np.array([1.0, 2.0], dtype=np.float32),
        np.array([1, "a"], dtype=object),
        pd.to_datetime(["2020-01-01", "2020-01-02"]),
        pd.array([1, None], dtype="Int64"),
        pd.Categorical(["a", "b"]),
    ],
    ids=["int32", "float32", "object", "datetime", "Int64", "category"],
)
def test_a_type_without_canonical_bytes_is_refused(column: object) -> None:
    with pytest.raises(CwsError, match="CWS-CANON-001") as refusal:
        content_hash(pd.DataFrame({"c": column}))
    assert refusal.value.where == "c"


def test_json_is_hashed_by_meaning_not_by_order() -> None:
    assert json_hash({"a": 1, "b": [1.5, "é"]}) == json_hash({"b": [1.5, "é"], "a": 1})
    assert json_hash({"a": 1}) != json_hash({"a": 1.0}) != json_hash({"a": "1"})
    with pytest.raises(ValueError, match="JSON"):
        json_hash({"a": float("nan")})


def test_a_combined_hash_has_no_order_and_knows_its_names() -> None:
    assert (
        combined_hash({"a": "1", "b": "2"})
        == combined_hash({"b": "2", "a": "1"})
        != combined_hash({"a": "2", "b": "1"})
    )


def test_another_process_with_another_hash_seed_agrees() -> None:
    script = (
        "import pandas as pd; from modules.canonical import content_hash, json_hash; "
        "print(content_hash(pd.DataFrame({'x': [0.1, 0.2]})), json_hash({'b': 1, 'a': 2}))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert said == {content_hash(pd.DataFrame({"x": [0.1, 0.2]})) + " " + json_hash({"b": 1, "a": 2}) + "\n"}
