"""The page about the made-up market shows what the command measures."""

import numpy as np
import pytest
from places import ROOT

from benchmarks.market import END, START, speed, table, write
from cws.market.calibrated import BANDS, CALIBRATED

REAL = dict.fromkeys(BANDS, 0.5)
MADE = [dict.fromkeys(BANDS, 0.25), dict.fromkeys(BANDS, 1.0)]


def test_the_table_has_a_row_for_each_moment_that_is_known() -> None:
    rows = table({"us_tech": (REAL | {"skew": float("nan")}, MADE)}).splitlines()
    assert len(rows) == 2 + len(BANDS) - 1
    assert rows[2].split("|")[1:6] == [" us_tech ", " annual_vol ", " 0.50 ", " 0.62 ", " 0.25 to 1.00 "]


def test_writing_changes_the_table_and_draws_the_picture(tmp_path) -> None:
    (tmp_path / "market.md").write_text(f"before\n{START}\nold\n{END}\nafter\n")
    returns = np.random.default_rng(1).normal(0.0, 0.01, (500, 5))
    write(tmp_path, {"us_tech": (REAL, MADE)}, {"us_tech": returns})
    text = (tmp_path / "market.md").read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "| us_tech |" in text and "old" not in text
    assert (tmp_path / "market.png").read_bytes()[:4] == b"\x89PNG"


def test_the_speed_stands_beside_its_limit() -> None:
    assert set(speed(bars=50)) == {"null_ms", "planted_ms", "shocks_ms"}


@pytest.mark.parametrize("name", sorted(CALIBRATED))
def test_the_page_shows_every_default_dataset(name: str) -> None:
    page = (ROOT / "docs" / "market.md").read_text()
    assert page.split(START)[1].split(END)[0].count(f"| {name} |") >= 7
    assert (ROOT / "docs" / "market.png").stat().st_size < 200_000
