import base64
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from publishing import backtest_unit, make_equity, publish

from cws.house import House
from cws.views.equity_picture import equity_png, markdown_png, markdown_spark
from cws.views.published import Backtest, open_backtest

CAVEAT_RED = np.array([0xB0, 0x3A, 0x2E])


@pytest.fixture
def backtest(house: House) -> Backtest:
    unit = backtest_unit()
    return open_backtest(house, unit, publish(house, unit, make_equity(400)))


def _pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)


def _reddish(pixels: np.ndarray) -> int:
    return int((np.abs(pixels - CAVEAT_RED).max(axis=2) < 40).sum())


def _without_caveat(backtest: Backtest) -> Backtest:
    strategy: Any = backtest.unit.strategy
    return replace(backtest, unit=replace(backtest.unit, strategy=strategy.model_copy(update={"caveat": ""})))


def test_picture_is_small_enough_to_travel_in_an_event_log(backtest: Backtest) -> None:
    pixels = _pixels(equity_png(backtest))
    assert pixels.shape == (616, 1100, 3)
    assert len(markdown_png(backtest)) < 40_000


def test_caveat_is_written_on_the_picture(backtest: Backtest) -> None:
    head = slice(30, 60)  # the strip below the title
    assert _reddish(_pixels(equity_png(backtest))[head]) > 200
    assert _reddish(_pixels(equity_png(_without_caveat(backtest)))[head]) == 0


def test_same_backtest_same_bytes_and_another_account_another_picture(backtest: Backtest) -> None:
    drawn = equity_png(backtest, dpi=50)
    assert equity_png(backtest, dpi=50) == drawn
    assert equity_png(replace(backtest, equity=make_equity(400, seed=1)), dpi=50) != drawn


@pytest.mark.parametrize("bars", [1, 2, 8_680])
def test_any_length_can_be_drawn(backtest: Backtest, bars: int) -> None:
    short = replace(backtest, equity=make_equity(bars, step_ns=900_000_000_000))
    assert _pixels(equity_png(short, dpi=40)).size
    assert markdown_spark(short.equity).startswith("![equity](data:image/svg+xml;base64,")


def test_account_that_grew_much_is_drawn_on_a_logarithmic_axis(backtest: Backtest) -> None:
    grown = backtest.equity.assign(equity_usd=np.geomspace(1e6, 1e9, 400))
    pixels = _pixels(equity_png(replace(backtest, equity=grown)))
    down, across = np.nonzero(pixels[:, :, 2] - pixels[:, :, 0] > 40)  # the line is the only blue
    columns = np.linspace(across.min() + 5, across.max() - 5, 3)
    left, middle, right = (down[np.abs(across - column) < 4].mean() for column in columns)
    assert left > middle > right
    assert abs((left + right) / 2 - middle) < 15  # exponential growth is a straight line


def test_spark_is_short_enough_to_be_shown_without_a_click() -> None:
    # Every coordinate at its longest: many points that jump over the whole height.
    jumping = make_equity(5_000).assign(equity_usd=np.tile([1e6, 3e6], 2_500))
    for equity in (jumping, make_equity(5_000), make_equity(64)):
        assert len(markdown_spark(equity)) < 1_000


def _spark_points(equity: pd.DataFrame) -> list[tuple[float, ...]]:
    svg = base64.b64decode(markdown_spark(equity).split("base64,")[1].rstrip(")")).decode()
    return [
        tuple(float(number) for number in pair.split(",")) for pair in svg.split("points='")[1].split("'")[0].split()
    ]


def test_spark_runs_from_the_first_to_the_last_bar_and_up_is_up() -> None:
    points = _spark_points(make_equity(3).assign(equity_usd=[1.0, 3.0, 2.0]))
    assert points == [(0, 42), (140, 2), (280, 22)]


def test_flat_account_is_a_flat_spark() -> None:
    assert {y for _, y in _spark_points(make_equity(10).assign(equity_usd=1e6))} == {2}


def test_views_import_nothing_heavy_before_they_draw() -> None:
    code = "import sys, cws.views.show; print(sorted({'matplotlib', 'mlflow', 'quantstats', 'PIL'} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
