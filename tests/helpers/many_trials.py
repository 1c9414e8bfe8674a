"""Returns of many trials as tables, and what a module that judges them together says."""

import numpy as np
import pandas as pd

from modules.registry import load
from modules.runner import ModuleRun, run
from modules.sealed import Sealed
from modules.settings import bind
from modules.tables import PRIOR_TRIALS, TRIAL_RETURNS
from modules.unsealing import unseal
from modules.values import make_table


def keys_of(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(count)]


def long_form(returns: np.ndarray) -> pd.DataFrame:
    """TRIAL_RETURNS of a (T, N) matrix; the stamps are 1 to T."""
    bars, trials = returns.shape
    return pd.DataFrame(
        {
            "key": pd.Series(np.repeat(keys_of(trials), bars).tolist(), dtype="str"),
            "ts_event": np.tile(np.arange(1, bars + 1, dtype=np.int64), trials),
            "ret": returns.T.reshape(-1).astype(np.float64),
        }
    )


def prior(sharpes: np.ndarray | list[float], first: int = 0) -> pd.DataFrame:
    keys = pd.Series(keys_of(first + len(sharpes))[first:], dtype="str")
    return pd.DataFrame({"key": keys, "sharpe": np.asarray(sharpes, dtype=np.float64)})


def judge(name: str, returns: pd.DataFrame, known: pd.DataFrame, **settings: object) -> ModuleRun:
    taken = {
        "trial_returns": make_table(returns, TRIAL_RETURNS, "test"),
        "prior_trials": make_table(known, PRIOR_TRIALS, "test"),
    }
    return run(bind(load(name), settings), taken)


def tables(outcome: ModuleRun) -> dict[str, pd.DataFrame]:
    """The opened tables of a run that worked with every check passed."""
    assert (outcome.trace.error, outcome.trace.failed_checks) == ("", [])
    return {name: unseal(sealed).frame for name, sealed in outcome.outputs.items() if isinstance(sealed, Sealed)}


def said(name: str, returns: np.ndarray, known: pd.DataFrame | None = None, **settings: object) -> pd.DataFrame:
    """The statistics by name of a module over a (T, N) matrix, with value and why."""
    outcome = judge(name, long_form(returns), prior([]) if known is None else known, **settings)
    return next(iter(tables(outcome).values())).set_index("name")
