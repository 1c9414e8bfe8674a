"""The folder of the free-running gateway: the desk's market and signed limits, and the configurations of a new day.

Journals go on from day to day, so what they know by number keeps its number.
"""

import json
import os
import secrets
import tomllib
from collections.abc import Mapping, Sequence

import numpy as np

from cws.environment import file_hash
from cws.execution import isolation
from cws.execution.binaries import NAMES, binary
from cws.execution.desk import strategy_number
from cws.execution.desk_limits import FILE, desk_limits, narrowed, written
from cws.execution.keys import public_hex, signing_key
from cws.execution.limits import COLLAR_BPS, WIDE_I64, WIDE_USD, Issue, file_text, strategy_limits, write_signed
from cws.execution.places import SYMBOLS, Place, keys_folder, market
from cws.execution.run_folder import (
    COPY_USER,
    FIRM,
    PASSWORD,
    REGION,
    USER,
    VALID_NS,
    free_wiring,
    toml,
    write_secret,
)
from cws.execution.session import Session
from cws.execution.supervisor import ALIVE, MAX_RESTARTS, plan_file
from cws.house import House
from cws.ledger.disk import make_folder, replace_file
from cws.pins import published
from cws.strategies import Catalogue, Strategy
from modules.errors import CwsError
from modules.execute.wire_fills import VENUE
from modules.execute.wire_units import MAX_CHILD_QTY, unit_sizes

IN_FORCE = "desk_limits.toml"  # what the desk's file said when these limits were issued
RATE_PER_S = 20  # made-up orders a second and symbol
TICK = 10_000_000
# History knows no rate; the live desk does: a runaway stops within its bucket.
MESSAGES_PER_S, ORDERS_A_DAY = 1_000, 1_000_000
DEAD_MAN_S = 30  # nobody looks after the processes for that long: the firm is killed
MILLISECOND_NS = 1_000_000  # two starts within one are not possible: the first must end before


def _closes(house: House, catalogue: Catalogue) -> dict[str, float]:
    """SYMBOL.MIC -> last close, of every dataset that a strategy uses and that was published."""
    pins, found = published(house), dict[str, float]()
    for dataset in sorted({strategy.dataset for strategy in catalogue.strategies.values()}):
        if ("ohlcv", dataset) in pins:
            bars = house.lake.read(pins["ohlcv", dataset], columns=["symbol", "ts_event", "close"])
            found |= {str(symbol): float(close) for symbol, close in bars.groupby("symbol")["close"].last().items()}
    if not found:
        raise CwsError(
            "CWS-EXECUTION-009", what="no symbol to trade: nothing was published in this home",
            where=str(house.home.folder), fix="cws run fills it",
        )  # fmt: skip
    return found


def _units(house: House, catalogue: Catalogue) -> dict[str, float]:
    """SYMBOL.MIC -> units of the instrument in one unit of the wire, of every dataset that a strategy uses."""
    pins, found = published(house), dict[str, float]()
    for dataset in sorted({strategy.dataset for strategy in catalogue.strategies.values()}):
        if ("instruments", dataset) in pins:
            known = house.lake.read(pins["instruments", dataset], columns=["symbol", "lot_size"])
            found |= dict(
                zip(known["symbol"], unit_sizes(known["lot_size"].to_numpy(np.float64)).tolist(), strict=True)
            )
    return found


def _earlier_units(place: Place) -> dict[str, float]:
    """As the last limits had them: what no strategy uses any more may still be held."""
    try:
        rows = tomllib.loads(place.limits.read_text())["symbol"]
        return {symbol: float(row["unit"]) for symbol, row in zip(market(place), rows, strict=False)}
    except (FileNotFoundError, ValueError, KeyError):
        return {}


def _largest_order_usd(strategy: Strategy) -> float:
    """What its own `pre_trade_checks` let one order be worth; as wide as the field where its chain has none."""
    checks = [one for one in strategy.bound_chain("execute") if one.module.name == "pre_trade_checks"]
    return max((float(one.settings.model_dump()["max_notional_usd"]) for one in checks), default=WIDE_USD)


def _market(place: Place, closes: Mapping[str, float]) -> dict[str, tuple[str, float]]:
    """The wire's name and the last close of each symbol, in the order of the wire's numbers.

    Journals go on and know a symbol by its number. So one that was given stays, name and all, and what is new comes
    behind it; what nobody has a close of any more keeps its last one: it may still be held.
    """
    earlier = market(place)
    symbols = (*earlier, *sorted(set(closes) - set(earlier)))
    fresh = Session(np.zeros(1, dtype=np.int64), symbols, 0).names
    last = {**{symbol: close for symbol, (_, close) in earlier.items()}, **closes}
    return {symbol: (earlier.get(symbol, (fresh[symbol],))[0], last[symbol]) for symbol in symbols}


def prepare(house: House, place: Place, catalogue: Catalogue) -> None:
    assert house.native is not None
    make_folder(place.folder)
    # Sockets lie here: whatever the umask, their names are nobody else's.
    place.folder.chmod(0o700)
    now_ns, key = house.clock_ns(), signing_key(keys_folder(house.home), "limits")
    traded = _market(place, _closes(house, catalogue))
    replace_file(place.folder / IN_FORCE, written(house.home.folder / FILE))
    desk = desk_limits(house.home.folder, catalogue.strategies, traded)
    password = secrets.token_hex(5)
    write_secret(place.folder / PASSWORD, password)
    build = file_hash(binary(house.native, "cws-gateway")).removeprefix("b3:")
    issue = Issue(now_ns // MILLISECOND_NS, now_ns, now_ns + VALID_NS, "USD", [build])
    rate = {"messages_per_s": MESSAGES_PER_S, "message_burst": MESSAGES_PER_S}
    firm: dict[str, object] = {**rate, "max_orders_a_day": ORDERS_A_DAY, "max_market_data_age_ms": 5_000}
    orders_usd = {name: _largest_order_usd(catalogue.strategies[name]) for name in sorted(catalogue.strategies)}
    firm["max_order_notional"] = max(orders_usd.values())
    strategies = [
        narrowed(
            strategy_limits(name, strategy_number(name), "USD") | rate | {"max_order_notional": largest},
            desk.of_strategy(name),
        )
        for name, largest in orders_usd.items()
    ]
    units = _earlier_units(place) | _units(house, catalogue)
    symbols = [
        narrowed(_symbol(locate, *row, now_ns) | {"unit": units.get(symbol, 1.0)}, desk.of_symbol(symbol))
        for locate, (symbol, row) in enumerate(traded.items(), 1)
    ]
    write_signed(place.limits, file_text(issue, narrowed(firm, desk.firm.given()), strategies, symbols), key)
    wiring = free_wiring(place, password)
    walls = isolation.build(place.folder, (wiring["orders"], wiring["drop_copy"]))
    configs = _configs(
        wiring,
        walls is not None,
        public_hex(key),
        list(traded.values()),
        now_ns,
    )
    for name, text in configs.items():
        replace_file(place.config(name), text.encode())
    replace_file(place.folder / SYMBOLS, json.dumps(traded).encode())
    commands = {name: [str(binary(house.native, name)), "--config", place.config(name).name] for name in NAMES}
    plan_file(place.folder, commands, 0.0, MAX_RESTARTS, walls)
    if walls is not None:
        isolation.hand_over(place.folder)


def _price(close: float) -> int:
    return max(TICK, min(round(close * 100.0) * TICK, 199_999_990_000_000 // TICK * TICK))


def _symbol(locate: int, name: str, close: float, now_ns: int) -> dict[str, object]:
    return {
        "locate": locate, "name": name, "currency": "USD", "tick": TICK / 1e9, "lot": 1,
        "max_order_quantity": MAX_CHILD_QTY, "reference_price": _price(close) / 1e9, "reference_ns": now_ns,
        "collar_bps": COLLAR_BPS, "adv": WIDE_I64, "max_adv_share_bps": COLLAR_BPS, "short_locate": WIDE_I64,
        "restricted": "no", "halted": False,
    }  # fmt: skip


def _configs(
    wiring: Mapping[str, str], walled: bool, public: str, symbols: Sequence[tuple[str, float]], now_ns: int
) -> dict[str, str]:
    feeds = {name: wiring[name] for name in ("group_a", "group_b", "request")}
    account = {"user": USER, "password": wiring["password"], "firm": FIRM}
    # Ten characters that no earlier day of this folder had.
    name = f"L{np.base_repr(now_ns // MILLISECOND_NS, 36):0>9}"
    rows = [
        ("[[symbols]]", {"name": symbol, "price": _price(close), "tick": TICK, "lot": 1, "rate_per_s": RATE_PER_S})
        for symbol, close in symbols
    ]
    venue = toml(
        [
            ("", {"run_dir": ".", "seed": 1, "mode": "free", "session": name}), ("[market_data]", feeds),
            ("[orders]", {"listen": wiring["orders"], "drop_copy": wiring["drop_copy"], "inherited": walled}),
            ("[[sessions]]", account),
            ("[[drop_copy]]", {**account, "user": COPY_USER}), *rows, ("[flow]", {"kind": "synthetic"}),
        ]
    )  # fmt: skip
    session = {"address": wiring["orders"], "user": USER, "password_file": PASSWORD}
    top = {
        "run_dir": ".", "region": REGION, "venue": VENUE, "limits": "limits.toml", "limits_public_key": public,
        "firm": FIRM, "operators": [os.getuid()], "dead_man_file": ALIVE, "dead_man_s": DEAD_MAN_S,
    }  # fmt: skip
    copy = {**session, "address": wiring["drop_copy"], "user": COPY_USER}
    gateway = [
        ("", {"run_dir": ".", "mode": "free", "region": REGION, "risk_user": isolation.risk_user(walled)}),
        ("[market_data]", feeds),
    ]
    risk = [("", top), ("[order_session]", session), ("[drop_copy]", copy)]
    return {"cws-venue": venue, "cws-risk": toml(risk), "cws-gateway": toml(gateway)}
