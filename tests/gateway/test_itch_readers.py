"""Two independent readers of ITCH 5.0 see in our bytes what our decoder sees, field for field.

`itch_samples` (an example of the crate wire) writes the bytes and what we read.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from itchcpp.parser import MessageParser
from meatpy.itch50.itch50_market_message import ITCH50MarketMessage

GATEWAY = Path(__file__).parents[2] / "gateway"
pytestmark = pytest.mark.skipif(
    shutil.which("cargo") is None, reason="cargo is not installed: nothing native was built"
)

# Where a reader has another name for a field; a message stands before the dot where only there.
ITCHCPP = {
    "financial_status": "financial_status_indicator", "issue_subtype": "issue_sub_type",
    "short_sale_threshold": "short_sale_threshold_indicator", "luld_reference_price_tier": "luld_ref",
    "level_1": "level1_price", "level_2": "level2_price", "level_3": "level3_price",
    "ipo_quotation_release_time": "ipo_release_time", "ipo_quotation_release_qualifier": "ipo_release_qualifier",
    "auction_collar_extension": "auction_collar_extention", "side": "buy_sell_indicator",
    "original_order_reference_number": "order_reference_number",
    "price_variation_indicator": "variation_indicator",
}  # fmt: skip
MEATPY = {
    "event_code": "code", "market_category": "category", "financial_status": "status", "round_lot_size": "lotsize",
    "round_lots_only": "lotsonly", "issue_classification": "issue_class", "issue_subtype": "issue_sub",
    "short_sale_threshold": "shortsale_thresh", "luld_reference_price_tier": "luld_ref",
    "etp_leverage_factor": "etp_leverage", "inverse_indicator": "inverse_ind", "trading_state": "state",
    "reg_sho_action": "action", "market_participant_state": "state", "level_1": "level1", "level_2": "level2",
    "level_3": "level3", "auction_collar_reference_price": "auction_collar_ref_price",
    "market_code": "halt_status", "operational_halt_action": "halt_reason", "order_reference_number": "order_ref",
    "side": "bsindicator", "executed_shares": "shares", "match_number": "match", "cancelled_shares": "canceled_shares",
    "original_order_reference_number": "original_ref", "new_order_reference_number": "new_ref",
    "current_reference_price": "current_ref_price", "interest_flag": "interest",
}  # fmt: skip


def decoded_lines(text: str) -> list[dict[str, int | bytes]]:
    """Our decoder's lines: `Name(Name { field: 1, text: [65, 32], price: Price4(2) })`."""
    rows = []
    for line in text.splitlines():
        fields = re.findall(r"(\w+): (?:Price\d\()?(\[[^]]*\]|\d+)", line)
        rows.append({name: as_value(value) for name, value in fields})
    return rows


def as_value(value: str) -> int | bytes:
    return bytes(int(byte) for byte in value[1:-1].split(", ")) if value.startswith("[") else int(value)


def blocks(binary: bytes) -> list[bytes]:
    """The messages, each behind its length."""
    found, at = [], 0
    while at < len(binary):
        end = at + 2 + int.from_bytes(binary[at : at + 2])
        found.append(binary[at + 2 : end])
        at = end
    return found


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[bytes, dict[str, int | bytes]]]:
    folder = tmp_path_factory.mktemp("itch")
    command = ["cargo", "run", "-q", "-p", "cws-wire", "--example", "itch_samples", "--", folder, "20", "7"]
    subprocess.run(command, cwd=GATEWAY, check=True)
    messages = blocks((folder / "itch50.bin").read_bytes())
    rows = decoded_lines((folder / "itch50.txt").read_text())
    assert len(messages) == len(rows) == 23 * 20
    return list(zip(messages, rows, strict=True))


def assert_same(theirs: object, ours: dict[str, int | bytes], names: dict[str, str]) -> None:
    for name, value in ours.items():
        found = getattr(theirs, names.get(name, name))
        # A code is one byte of text for them and a number for us.
        expected = bytes([value]) if isinstance(found, bytes) and isinstance(value, int) else value
        assert found == expected, (type(theirs).__name__, name)


def test_itchcpp_reads_every_field(samples: list[tuple[bytes, dict[str, int | bytes]]]) -> None:
    parser = MessageParser()
    for message, ours in samples:
        theirs = parser.get_message_type(message)
        assert_same(theirs, ours, ITCHCPP)
        assert theirs.to_bytes() == message


def test_meatpy_reads_every_field(samples: list[tuple[bytes, dict[str, int | bytes]]]) -> None:
    # meatpy 0.5.0 takes an O for 52 bytes; TotalView-ITCH 5.0 says 48, and itchcpp agrees.
    for message, ours in samples:
        if message[:1] != b"O":
            theirs = ITCH50MarketMessage.from_bytes(message)
            assert_same(theirs, ours, MEATPY)
            assert theirs.to_bytes() == message
