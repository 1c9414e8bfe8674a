"""All oracles by name: what a module's TOML may name in `oracles`, and the modules that each looks at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cws.oracles import cleaning
from cws.oracles.scene import MOST_BREAKS, Program, Scene
from cws.oracles.worlds import PROGRAMS
from modules.contract import Module


@dataclass(frozen=True)
class Oracle:
    """Counts breaks in a scene that went through all of `looks_at`."""

    count: Callable[[Scene], int]
    looks_at: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.count.__name__

    def breaks(self, scene: Scene) -> int:
        if scene.failure:
            return MOST_BREAKS
        return min(self.count(scene), MOST_BREAKS)


ORACLES: Mapping[str, Oracle] = {
    oracle.name: oracle
    for oracle in (
        Oracle(cleaning.planted_flaws_refused, ("to_utc_ns",)),
        Oracle(cleaning.clean_bars_are_the_worlds, ("to_utc_ns",)),
        Oracle(cleaning.missing_bars_are_filled_for_a_week, ("forward_fill",)),
    )
}


def oracles_of(module: Module) -> list[Oracle]:
    """The oracles that the module's TOML names."""
    return [ORACLES[name] for name in module.manifest.oracles]


def programs_of(module: str, oracle: Oracle) -> list[Program]:
    """The programs that run the module and all that the oracle looks at."""
    wanted = {module, *oracle.looks_at}
    return [program for program in PROGRAMS if wanted <= {step.module for step in program.steps}]
