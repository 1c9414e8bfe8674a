"""How the loop's figures come about: known answers, and what is said while there is nothing to count."""

import numpy as np
import pandas as pd
import pytest

from cws.ablation.figures import factors, false_ships, figures, per_hour, shrunk
from cws.ablation.record import verdict_rows
from cws.gate.placebo import exact_rate
from cws.home import Settings
from cws.house import House, open_house


@pytest.fixture
def house(tmp_path) -> House:
    return open_house(Settings(home=tmp_path / "home", strategies=tmp_path))


def test_an_empty_home_has_no_rates(house: House) -> None:
    found = figures(house, 0)
    assert (found.decided, found.acceptance, found.placebo_rate, found.false_ships) == (0, None, None, None)
    assert found.ablations_per_hour is None and found.power == {} and found.value_shipped == 0.0


def test_power_is_the_last_certificates_that_held_and_a_whole_one_goes_first(house: House) -> None:
    def certified(counts: str, passed: bool, power: float | None) -> dict[str, float]:
        house.ledger.append("certificate", {"seed": 1, "counts": counts, "passed": passed, "figures": {"power": power}})
        return figures(house, 0).power

    assert certified("short", False, 0.1) == {} and certified("short", True, 0.7) == {"power": 0.7}
    assert certified("full", True, 0.8) == certified("short", True, 0.9) == certified("full", False, 0.2)
    assert certified("full", True, 0.85) == {"power": 0.85} and certified("full", True, None) == {}


def test_chance_alone_would_give_the_placebos_rate_of_all_that_were_tested() -> None:
    rate = exact_rate(1, 40)
    found = false_ships(rate, able=200, accepted=20)
    assert found is not None
    assert found.share == pytest.approx(0.25) and found.low == pytest.approx(rate.low * 10.0)
    assert found.high == 1.0, "an interval of a share ends at one"
    assert false_ships(rate, 200, 0) is None and false_ships(None, 200, 20) is None


def test_pauses_are_no_work() -> None:
    seconds = np.array([0, 10, 20, 10_000, 10_010], dtype=np.int64)
    assert per_hour(seconds * 1_000_000_000) == pytest.approx(360.0)
    assert per_hour(np.array([5], dtype=np.int64)) is None


def test_shrinking_knows_noise_from_effects() -> None:
    errors = np.full(400, 1.0)
    rng = np.random.default_rng(2)
    noise, real = rng.normal(0.0, 1.0, 400), rng.normal(0.0, np.sqrt(1.0 + 4.0), 400)
    assert factors(noise, errors)[0] < 0.2, "pure noise is worth next to nothing"
    assert factors(real, errors)[0] == pytest.approx(0.8, abs=0.08), "tau^2 = 4 gives 4 / 5"
    assert factors(np.array([0.5]), np.array([1.0]))[0] == 0.0
    assert factors(np.empty(0), np.empty(0)).size == 0


def test_what_shipped_is_worth_less_than_it_looked() -> None:
    """The best of many nulls looks good and is not: shrunk by what all of them say."""
    rng = np.random.default_rng(8)
    rows = pd.DataFrame(
        {"module": "a", "id": [str(n) for n in range(300)], "effect": rng.normal(0.0, 1.0, 300), "standard_error": 1.0}
    )
    rows["annual_effect"] = rows["effect"] * 0.01
    best = max(shrunk(rows), key=lambda one: one.annual_effect)
    assert best.annual_effect > 0.02 and best.shrunk < 0.2 * best.annual_effect
    assert shrunk(verdict_rows("", 0, [])) == []
