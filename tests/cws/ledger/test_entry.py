"""What may stand in a ledger line, and that a line is spelt in one way only."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cws.ledger.entry import GENESIS, MAX_BODY_DEPTH, MAX_LINE_BYTES, decode, fault_in, make_line
from modules.errors import CwsError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def nested(levels: int) -> object:
    return [nested(levels - 1)] if levels else 1


@settings(max_examples=150, deadline=None)
@given(body=st.dictionaries(st.text(), JSON, max_size=4), ts_ns=st.integers(0, 2**63 - 1))
def test_what_is_written_is_read_back(body: dict[str, object], ts_ns: int) -> None:
    line = make_line(3, "run", ts_ns, body, GENESIS)
    entry = decode(line)
    assert (entry.index, entry.kind, entry.ts_ns, entry.body, entry.prev) == (3, "run", ts_ns, body, GENESIS)
    assert fault_in(line, 3, GENESIS) is None
    assert line == make_line(3, "run", ts_ns, dict(reversed(body.items())), GENESIS)


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        b"bytes",
        {1: "key is no text"},
        {None: 1},
        object(),
        nested(MAX_BODY_DEPTH),
        10**5000,
    ],
    ids=["nan", "inf", "-inf", "bytes", "int key", "none key", "object", "deep", "long int"],
)
def test_a_body_that_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(CwsError, match="CWS-LEDGER-001"):
        make_line(0, "run", 0, {"x": [value]}, GENESIS)


def test_a_body_that_contains_itself_is_refused() -> None:
    body: dict[str, object] = {}
    body["self"] = body
    with pytest.raises(CwsError, match="CWS-LEDGER-001"):
        make_line(0, "run", 0, body, GENESIS)


def test_the_size_limit_is_exact() -> None:
    spare = MAX_LINE_BYTES - 1 - len(make_line(0, "run", 0, {"x": ""}, GENESIS))
    assert len(make_line(0, "run", 0, {"x": "a" * spare}, GENESIS)) == MAX_LINE_BYTES - 1
    with pytest.raises(CwsError, match="CWS-LEDGER-002"):
        make_line(0, "run", 0, {"x": "a" * (spare + 1)}, GENESIS)


@pytest.mark.parametrize("kind", ["", "Run", "1run", "run out", "run\n", "r" * 65, "../run"])
def test_a_kind_is_a_plain_name(kind: str) -> None:
    with pytest.raises(CwsError, match="CWS-LEDGER-003"):
        make_line(0, kind, 0, {}, GENESIS)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(b'"index":0', b'"index": 0'),
        lambda line: b" " + line,
        lambda line: line.replace(b'{"x":1}', b'{"x":1,"x":1}'),
        lambda line: line.replace(b'{"x":1}', b'{"x":NaN}'),
        lambda line: line.replace(b'"kind"', b'"kine"'),
        lambda line: b"[" * 100_000,
        lambda line: b"[]",
        lambda line: json.dumps(dict(reversed(json.loads(line).items())), separators=(",", ":")).encode(),
    ],
)
def test_another_spelling_is_a_fault(change) -> None:
    line = make_line(0, "run", 0, {"x": 1}, GENESIS)
    assert fault_in(line, 0, GENESIS) is None
    assert fault_in(change(line), 0, GENESIS)
