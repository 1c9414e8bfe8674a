"""What miners may see: traces, what is published, and the modules' declared bounds. No lake, no sealed outcome."""

import json
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from cws.traces import REPRODUCED

# What identifies one step of one unit's chain over runs.
STEP = ["strategy", "unit_stage", "module"]
# Columns that hold a JSON object.
TOLD = ("inputs", "outputs", "settings", "skills", "profile")


@dataclass(frozen=True)
class Bounds:
    """A numeric setting's least and largest value; None where it has none."""

    least: float | None
    largest: float | None


@dataclass(frozen=True)
class Declared:
    """What a module declares: its judge, its primary table, its settings' bounds."""

    judge: str
    primary: str
    bounds: Mapping[str, Bounds]


def no_rows() -> pd.DataFrame:
    text = {name: pd.Series([], dtype="str") for name in ("unit", "module", "symbol", "weekday", "regime", "what")}
    return pd.DataFrame({**text, "day": pd.Series([], dtype="int64")})


def no_bars() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype="str") for name in ("unit", "symbol", "weekday", "regime")})


@dataclass(frozen=True)
class Seen:
    """`traces` as in the lake's `module_traces`, oldest first.

    `bad_rows` are the refused rows and the breaks in force (unit, module, symbol, weekday, regime, what, day since
    1970; empty text and day -1 where it is not known), `bars` the bars in force that they are weighed against (unit,
    symbol, weekday, regime).
    """

    traces: pd.DataFrame
    modules: Mapping[str, Declared] = field(default_factory=dict[str, Declared])
    bad_rows: pd.DataFrame = field(default_factory=no_rows)
    bars: pd.DataFrame = field(default_factory=no_bars)

    @cached_property
    def newest(self) -> frozenset[str]:
        """Ids of the traces of each step's newest run."""
        last = self.traces.groupby(STEP)["run_id"].transform("last")
        return frozenset(self.traces.loc[self.traces["run_id"] == last, "trace_id"])

    @cached_property
    def worked(self) -> pd.DataFrame:
        """The traces without an error."""
        return self.traces[self.traces["error"] == ""]

    @cached_property
    def natural(self) -> pd.DataFrame:
        """The traces that worked, without runs that repeat another on purpose."""
        repeated = self.worked["run_id"].str.startswith(REPRODUCED)
        return self.worked[~repeated]

    @cached_property
    def told(self) -> Mapping[str, Mapping[Hashable, dict[str, Any]]]:
        """Column -> place in `traces` -> the JSON object that stands there; equal texts are read once and shared."""
        read = {text: json.loads(text) for name in TOLD for text in self.traces[name].drop_duplicates()}
        return {
            name: {place: read[text] for place, text in zip(self.traces.index, self.traces[name], strict=True)}
            for name in TOLD
        }

    def choices(self, place: Hashable) -> dict[str, Any]:
        """Settings and skills of a trace, by name."""
        return self.told["settings"][place] | self.told["skills"][place]

    def numbers_of(self, module: str) -> list[str]:
        """The settings of a module that are numbers with bounds."""
        declared = self.modules.get(module)
        return sorted(declared.bounds) if declared else []


def busy_s(traces: pd.DataFrame) -> pd.Series:
    """Seconds that each module worked: the lesser of wall and CPU time.

    On a machine under load a module waits for its turn, and several threads take more CPU than anybody waits for.
    """
    return traces[["wall_ns", "cpu_ns"]].min(axis=1) / 1e9


def groups(frame: pd.DataFrame, by: list[str]) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """(values of `by`, the rows with these values in their order), sorted by the values."""
    for key, group in frame.groupby(by, sort=True):
        yield tuple(str(value) for value in key), group
