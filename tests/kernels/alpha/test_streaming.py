"""What a stream carries is its own, however many streams start from one state."""

import numpy as np
import pytest
from same_bytes import same_bytes

from kernels.alpha.batch import evaluate
from kernels.alpha.language import FIELDS, WINDOWED
from kernels.alpha.parse import parse
from kernels.alpha.streaming import Stream

PAIRS = ("tcorr", "tcov")


def walk() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {name: 100.0 * np.cumprod(1.0 + rng.normal(0.0, 0.01, (24, 2)), axis=0) for name in FIELDS}


@pytest.mark.parametrize("function", WINDOWED)
def test_streams_that_start_from_one_state_share_no_memory(function: str) -> None:
    formula, fields = parse(f"{function}({'close, open' if function in PAIRS else 'close'}, 5)"), walk()
    whole = evaluate(formula, fields)
    first = Stream(formula, 2)
    for t in range(12):
        first.push({name: values[t] for name, values in fields.items()})
    state = first.state
    other, third = Stream(formula, 2, state), Stream(formula, 2, state)
    for t in range(12, 24):
        bar = {name: values[t] for name, values in fields.items()}
        # The other stream sees another market from here on, and pushes before each of the rest.
        other.push({name: values * 7.0 + t for name, values in bar.items()})
        assert same_bytes(first.push(bar), whole[t]) and same_bytes(third.push(bar), whole[t])
    assert state.bar == 12
    late = Stream(formula, 2, state)
    assert same_bytes(late.push({name: values[12] for name, values in fields.items()}), whole[12])
