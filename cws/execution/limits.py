"""The signed limits of a run over history: what its parents need, and nothing beyond.

Every number follows from the parents: quantities and positions from their sums, prices from their quotes. The collar is
the highest quote and as much again; a limit that history does not know (rates, daily loss) is as wide as its field.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cws.execution.session import Session
from cws.ledger.disk import replace_file
from modules.execute.order_side import BUY

WIDE_QTY, WIDE_U32, WIDE_I64, WIDE_USD = 999_999, 4_000_000_000, 4_000_000_000_000_000_000, 1e17
COLLAR_BPS = 10_000
MAX_AGE_S = 4 * 86_400


@dataclass(frozen=True)
class Issue:
    """Who and when: the version must be above the one in force, builds are BLAKE3 of the gateways that may send."""

    version: int
    now_ns: int
    valid_until_ns: int
    currency: str
    gateway_builds: Sequence[str]


def limits_text(parents: pd.DataFrame, session: Session, issue: Issue) -> str:
    """The limits file of PARENTS, in TOML."""
    largest = int(np.minimum(parents["wire_qty"], parents["slice_qty"]).max())
    dearest = float((parents["quote_px"] * parents["unit_size"]).max()) / 1e9
    notional = float(np.ceil(largest * 2.0 * dearest))
    first = parents.iloc[0]
    strategy = strategy_limits(str(first["strategy"]), int(first["strategy_no"]), issue.currency) | {
        "patches": sorted(set(parents["patch"])), "max_order_quantity": largest, "max_order_notional": notional,
        "max_position": largest_position(parents),
    }  # fmt: skip
    symbols = [
        _symbol(parents[parents["symbol"] == symbol], locate, session, issue)
        for locate, symbol in enumerate(session.symbols, 1)
    ]
    return file_text(issue, {"max_order_notional": notional}, [strategy], symbols)


def file_text(
    issue: Issue, firm: Mapping[str, object], strategies: Sequence[Mapping[str, object]],
    symbols: Sequence[Mapping[str, object]],
) -> str:  # fmt: skip
    """A whole limits file; `firm` holds what differs from as wide as its field."""
    wide: dict[str, object] = {
        "max_order_notional": WIDE_USD, "max_gross_notional": WIDE_USD, "max_net_notional": WIDE_USD,
        "max_open_notional": WIDE_USD, "max_daily_loss": WIDE_USD, "reduce_at_loss": WIDE_USD, "capital": WIDE_USD,
        "margin_bps": 0, "currencies": [issue.currency], "messages_per_s": WIDE_U32, "message_burst": WIDE_U32,
        "max_orders_a_day": WIDE_U32, "max_reference_age_s": MAX_AGE_S, "max_market_data_age_ms": WIDE_U32,
        "day_starts_s": 0, "gateway_builds": list(issue.gateway_builds),
    }  # fmt: skip
    lines = [f"version = {issue.version}", f"valid_until_ns = {issue.valid_until_ns}"]
    lines += _table("[firm]", {**wide, **firm})
    for header, rows in (("[[strategy]]", strategies), ("[[symbol]]", symbols)):
        lines += [line for row in rows for line in _table(header, row)]
    return "\n".join(lines) + "\n"


def strategy_limits(name: str, number: int, currency: str) -> dict[str, object]:
    """A strategy as wide as its fields."""
    return {
        "no": number, "name": name, "enabled": True, "patches": ["any"], "currency": currency, "phases": ["open"],
        "max_order_quantity": WIDE_QTY, "max_order_notional": WIDE_USD, "max_position": WIDE_I64,
        "max_daily_loss": WIDE_USD, "messages_per_s": WIDE_U32, "message_burst": WIDE_U32, "rate_kills_at": 1_000,
        "max_cancel_ratio": 10, "free_cancels": 100, "duplicate_window_ms": 0, "max_repeated_executions": WIDE_U32,
        "repeated_window_ms": 0,
    }  # fmt: skip


def _symbol(own: pd.DataFrame, locate: int, session: Session, issue: Issue) -> dict[str, object]:
    first = own.iloc[0]
    traded = int(own["wire_qty"].sum())
    return {
        "locate": locate, "name": session.names[str(first["symbol"])], "currency": issue.currency,
        "tick": int(first["tick_px"]) / 1e9, "lot": 1, "unit": float(first["unit_size"]),
        "max_order_quantity": int(own["slice_qty"].max()),
        "reference_price": int(own["quote_px"].max()) / 1e9, "reference_ns": issue.now_ns, "collar_bps": COLLAR_BPS,
        "adv": traded, "max_adv_share_bps": COLLAR_BPS, "short_locate": traded, "restricted": "no", "halted": False,
    }  # fmt: skip


def largest_position(parents: pd.DataFrame) -> int:
    """The largest position in one symbol, long or short, were every parent filled; one parent on top of it."""
    signed = parents["wire_qty"].where(parents["side"] == BUY, -parents["wire_qty"])
    held = signed.groupby(parents["symbol"]).cumsum().abs().max()
    return int(held) + int(parents["wire_qty"].max())


def _table(header: str, fields: Mapping[str, object]) -> list[str]:
    return ["", header, *(f"{name} = {_toml(value)}" for name, value in fields.items())]


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"  # pyright: ignore[reportUnknownVariableType]
    return repr(value)


def write_signed(path: Path, text: str, key: Ed25519PrivateKey) -> None:
    """The file and its signature (hex) beside it; whoever reads one without the other keeps what it has."""
    data = text.encode()
    replace_file(path, data)
    replace_file(path.with_name(path.name + ".sig"), key.sign(data).hex().encode())
