"""The matching engine against a naive one that was written apart from it: lists, scanned for everything."""

import random
import subprocess
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from native_binaries import native_binary

SYMBOLS, TICK, ORDERS = 3, 5, 10_000
MAX_QUANTITY = 999_999


@dataclass
class Order:
    number: int
    participant: int
    symbol: int
    side: str
    terms: str
    price: int
    size: int
    left: int


@dataclass
class Oracle:
    """Orders in order of arrival; `trades` is what conservation is counted from."""

    cancels_resting: bool
    orders: list[Order] = field(default_factory=list[Order])
    halted: set[int] = field(default_factory=set[int])
    last: int = 0
    matches: int = 0
    closed: bool = False
    says: list[str] = field(default_factory=list[str])

    def best(self, symbol: int, side: str, limit: int | None) -> Order | None:
        facing = [o for o in self.orders if o.symbol == symbol and (o.side == "B") != (side == "B")]
        if limit is not None:
            facing = [o for o in facing if (o.price <= limit if side == "B" else o.price >= limit)]
        # min and max give the first of equals, which came first.
        choose = min if side == "B" else max
        return choose(facing, key=lambda o: o.price, default=None)

    def standing(self, symbol: int) -> str:
        return "C" if self.closed else "H" if symbol in self.halted else ""

    def refusal(self, symbol: int, side: str, terms: str, price: int, quantity: int) -> str:
        if not 1 <= symbol <= SYMBOLS:
            return "S"
        if reason := self.standing(symbol):
            return reason
        if (price != 0) if terms == "market" else (price < 1 or price % TICK):
            return "X"
        if not 1 <= quantity <= MAX_QUANTITY:
            return "Z"
        return "X" if terms == "post" and self.best(symbol, side, price) else ""

    def new(self, participant: int, symbol: int, side: str, terms: str, price: int, quantity: int) -> None:
        if reason := self.refusal(symbol, side, terms, price, quantity):
            self.says.append(f"rejected {reason}")
            return
        self.last += 1
        self.says.append(f"accepted {self.last}")
        self.enter(Order(self.last, participant, symbol, side, terms, price, quantity, quantity))

    def enter(self, order: Order) -> None:
        limit = None if order.terms == "market" else order.price
        while order.left and (other := self.best(order.symbol, order.side, limit)):
            if order.participant and order.participant == other.participant:
                if not self.cancels_resting:
                    self.says.append(f"canceled {order.number} {order.left} 0 Q")
                    return
                self.cut(other, other.left, "Q")
                continue
            shares = min(order.left, other.left)
            order.left -= shares
            other.left -= shares
            self.matches += 1
            self.says.append(f"executed {self.matches} {order.number} {other.number} {other.price} {shares}")
            self.orders = [o for o in self.orders if o.left]
        if order.left and order.terms in ("ioc", "market"):
            self.says.append(f"canceled {order.number} {order.left} 0 I")
        elif order.left:
            self.orders.append(order)
            self.says.append(f"rested {order.number} {order.price} {order.left}")

    def cut(self, order: Order, shares: int, reason: str) -> None:
        order.left -= shares
        order.size -= shares
        self.says.append(f"canceled {order.number} {shares} {order.left} {reason}")
        self.orders = [o for o in self.orders if o.left]

    def owned(self, participant: int, number: int) -> Order | None:
        return next((o for o in self.orders if (o.participant, o.number) == (participant, number)), None)

    def cancel(self, participant: int, number: int, keep: int) -> None:
        if order := self.owned(participant, number):
            traded = order.size - order.left
            shares = order.left - max(0, keep - traded)
            if shares > 0:
                self.cut(order, shares, "U")

    def replace(self, participant: int, number: int, price: int, quantity: int) -> None:
        order = self.owned(participant, number)
        if order is None:
            return
        if reason := self.standing(order.symbol):
            self.says.append(f"rejected {reason}")
            return
        left = quantity - (order.size - order.left)
        if quantity > MAX_QUANTITY or self.refusal(order.symbol, order.side, order.terms, price, left):
            self.cut(order, order.left, "U")
        elif price == order.price and left <= order.left:
            order.size = order.left = left
            self.says.append(f"replaced {number} {number} {price} {left}")
        else:
            self.orders.remove(order)
            self.last += 1
            self.says.append(f"replaced {number} {self.last} {price} {left}")
            self.enter(replace(order, number=self.last, price=price, size=left, left=left))

    def halt(self, symbol: int, halts: bool) -> None:
        if 1 <= symbol <= SYMBOLS and (symbol in self.halted) != halts:
            self.halted ^= {symbol}
            self.says.append(f"{'halted' if halts else 'resumed'} {symbol}")

    def end(self) -> None:
        self.closed = True
        for order in sorted(self.orders, key=lambda o: (o.symbol, o.side != "B", o.price)):
            self.cut(order, order.left, "T")
        self.says.append("closed")

    def take(self, line: str) -> list[str]:
        self.says = []
        verb, *words = line.split()
        if verb == "N":
            participant, symbol, side, terms, price, quantity = words
            self.new(int(participant), int(symbol), side, terms, int(price), int(quantity))
        elif verb in "CR":
            (self.cancel if verb == "C" else self.replace)(*map(int, words))
        elif verb in "HU":
            self.halt(int(words[0]), verb == "H")
        else:
            self.end()
        return self.says


def request(draw: random.Random, oracle: Oracle) -> str:
    price, quantity = draw.randrange(80, 120) * TICK + (draw.random() < 0.01), draw.randrange(1, 50) * 10
    # Mostly an open order and its owner; else any number and anybody.
    order = draw.choice(oracle.orders) if oracle.orders and draw.random() < 0.8 else None
    who, number = (
        (order.participant, order.number) if order else (draw.randrange(4), draw.randrange(1, oracle.last + 2))
    )
    roll = draw.random()
    if roll < 0.6:
        terms = draw.choices(["day", "ioc", "post", "market"], [8, 2, 2, 1])[0]
        limit = 0 if terms == "market" else price
        symbol = draw.randrange(1, SYMBOLS + 1) if draw.random() < 0.98 else SYMBOLS + 1
        return f"N {draw.randrange(4)} {symbol} {draw.choice('BST')} {terms} {limit} {quantity}"
    if roll < 0.8:
        return f"C {who} {number} {draw.choice([0, 0, quantity])}"
    if roll < 0.97:
        return f"R {who} {number} {draw.choice([price, order.price if order else price])} {quantity}"
    return f"{draw.choice('HUUU')} {draw.randrange(0, SYMBOLS + 2)}"


def day(rule: str, seed: int) -> tuple[list[str], list[list[str]]]:
    """Random requests, and what the oracle says to each."""
    draw, oracle = random.Random(seed), Oracle(rule == "resting")
    lines: list[str] = []
    said: list[list[str]] = []
    for number in range(ORDERS + 1):
        lines.append(request(draw, oracle) if number < ORDERS else "E")
        said.append(oracle.take(lines[-1]))
    assert oracle.orders == []
    return lines, said


def engine_says(rule: str, lines: list[str]) -> tuple[list[list[str]], list[str]]:
    """Events of each line, and the states that were asked for after each thousand lines (invariants checked there)."""
    command = [str(native_binary("cws-matching", "cws-match-lines")), rule, str(SYMBOLS), str(TICK)]
    asked = "\n".join(line + ("\n?" if number % 1_000 == 999 else "") for number, line in enumerate(lines))
    ran = subprocess.run(command, input=asked + "\n", capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    said: list[list[str]] = [[]]
    states: list[str] = []
    for line in ran.stdout.splitlines():
        if line == ".":
            said.append([])
        else:
            (states if line.startswith("state") else said[-1]).append(line)
    return said[:-1], states


@pytest.mark.parametrize(("rule", "seed"), [("aggressor", 1), ("resting", 2)])
def test_engine_says_what_the_oracle_says(rule: str, seed: int) -> None:
    lines, expected = day(rule, seed)
    said, states = engine_says(rule, lines)
    for line, events, wanted in zip(lines, said, expected, strict=True):
        assert events == wanted, line
    letters = Counter(event.split()[0] for events in said for event in events)
    assert min(letters[word] for word in ("executed", "replaced", "canceled", "rejected")) > 400, letters
    assert len(states) == ORDERS // 1_000
    assert engine_says(rule, lines)[1] == states


def test_shares_are_conserved_and_every_trade_is_at_the_resting_price() -> None:
    lines, _ = day("aggressor", 3)
    said, _ = engine_says("aggressor", lines)
    size: Counter[int] = Counter()
    gone: Counter[int] = Counter()
    price: dict[int, int] = {}
    for line, events in zip(lines, said, strict=True):
        for event in (words.split() for words in events):
            numbers = [int(word) for word in event[1:] if word.lstrip("-").isdigit()]
            match event[0]:
                case "accepted":
                    size[numbers[0]] = int(line.split()[6])
                case "rested":
                    price[numbers[0]] = numbers[1]
                case "executed":
                    _, aggressor, resting, at, shares = numbers
                    assert at == price[resting]
                    gone.update({aggressor: shares, resting: shares})
                case "canceled":
                    gone[numbers[0]] += numbers[1]
                case "replaced":
                    old, new, at, left = numbers
                    gone[old] = size[old] if old != new else size[old] - left
                    size[new], price[new] = (left, at) if old != new else (size[old], at)
                case _:
                    pass
    assert size == gone, "what came in was traded, cancelled or replaced, all of it"
