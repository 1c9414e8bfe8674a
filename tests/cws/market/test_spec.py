"""A world is bounded: whatever is wrong with it is refused with a code before anything is drawn."""

import pytest

from cws.market.spec import Alpha, World, without_alpha, world_of
from modules.errors import CwsError


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"bars": 1}, "bars"),
        ({"bars": True}, "bars"),
        ({"symbols": 20.0}, "symbols"),
        ({"noise": {"market_vol": float("nan")}}, "market_vol"),
        ({"noise": {"reaction": 0.2, "persistence": 0.8}}, "no mean"),
        ({"bars": 400_000, "symbols": 100}, "must not exceed"),
        ({"vendor": "epoch_bars"}, "one symbol"),
        ({"bar_seconds": 900}, "intraday"),
        ({"late_listings": 20}, "first bar"),
        ({"vendor": "wide_panel", "flaws": {"splits": 1}}, "csv_ohlcv"),
        ({"calendar": "24/7", "flaws": {"strays": 1}}, "never closes"),
        ({"alpha": {"pattern": "reversal", "ic": 0.7}}, "ic"),
        ({"alpha": {"pattern": "reversal", "ic": 0.1, "skip_bars": 5}}, "skip_bars"),
        ({"alpha": {"pattern": "oracle", "ic": 0.1}}, "pattern"),
        ({"leak": {"kind": "early_bar", "symbols": 0}}, "symbols"),
    ],
)
def test_a_bad_value_is_refused_by_name(content: dict[str, object], word: str) -> None:
    with pytest.raises(CwsError, match=word) as refusal:
        world_of(content, "bad")
    assert refusal.value.code == "CWS-MARKET-001"


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(CwsError, match="'market_vol'") as refusal:
        world_of({"noise": {"markt_vol": 0.1}}, "bad")
    assert refusal.value.code == "CWS-MARKET-001"


def test_the_hash_knows_every_number() -> None:
    world = world_of({"bars": 100, "alpha": {"pattern": "reversal", "ic": 0.03}}, "one")
    assert world.hash == world_of(world.model_dump(exclude={"name"}), "one").hash
    others = [world_of({"bars": 101}, "one"), without_alpha(world), world.model_copy(update={"name": "two"})]
    assert len({world.hash, *[other.hash for other in others]}) == 4


def test_the_null_twin_differs_by_the_alpha_alone() -> None:
    world = World(name="one", alpha=Alpha(pattern="momentum", ic=0.02, window_bars=252, skip_bars=21))
    assert without_alpha(world).alpha is None
    assert without_alpha(world).model_dump(exclude={"alpha"}) == world.model_dump(exclude={"alpha"})
