"""Impact is priced by volume and volatility of the bars before the fill, never of its own bar."""

import numpy as np

from modules.backtest.panel_terms import liquidity
from modules.examples import bars_example


def test_volume_and_volatility_are_of_the_bars_before() -> None:
    bars = bars_example(np.random.default_rng(3))
    own = bars[bars["symbol"] == bars["symbol"].iloc[0]].reset_index(drop=True)
    found, ret = liquidity(own, 5), own["close"].pct_change()
    assert found.iloc[:5].isna().all(axis=None)
    for at in (6, 20, 100):
        np.testing.assert_allclose(found["volume"][at], own["volume"][at - 5 : at].mean(), rtol=1e-12)
        np.testing.assert_allclose(found["vol"][at], ret[at - 5 : at].std(), rtol=1e-9)
