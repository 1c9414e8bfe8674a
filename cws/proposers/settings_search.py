"""Search a module's settings inside their bounds, suspects first (optuna's tree-structured Parzen estimator)."""

from typing import Any

from cws.patches import Patch
from cws.proposers.proposal import Ask, Score
from cws.proposers.space import Choice, Range, space
from modules.registry import load
from modules.settings import bind

# Below this a better score on search folds is what chance gives to the best of a few.
WORTH_A_LOOK = 1.0


def settings_search(ask: Ask, score: Score) -> list[Patch]:
    """The best settings found within the budget, or none. Deterministic for a seed."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    module = load(ask.module)
    whole = space(module)
    choices = {name: whole[name] for name in ask.suspects if name in whole} or whole
    if not choices or ask.budget < 1:
        return []
    now = bind(module).settings.model_dump()
    seen: dict[str, tuple[float, Patch]] = {}

    def objective(trial: Any) -> float:
        settings = {name: _suggested(trial, name, choice) for name, choice in choices.items()}
        patch = Patch(
            ask.module, {k: v for k, v in settings.items() if v != now[k]}, {}, ask.finding, "settings_search"
        )  # fmt: skip
        if not patch.settings:
            return 0.0
        if patch.id not in seen:
            found = score(patch)
            seen[patch.id] = (float("-inf") if found is None else found, patch)
        value = seen[patch.id][0]
        if value == float("-inf"):
            raise optuna.TrialPruned
        return value

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=ask.seed))
    study.optimize(objective, n_trials=ask.budget)
    best = sorted(seen.values(), key=lambda one: (-one[0], one[1].id))
    return [patch for value, patch in best[:1] if value > WORTH_A_LOOK]


def _suggested(trial: Any, name: str, choice: Choice) -> float | int | str:
    if not isinstance(choice, Range):
        return str(trial.suggest_categorical(name, list(choice)))
    if choice.whole:
        low, high = int(choice.low), int(choice.high)
        return int(trial.suggest_int(name, low, high, log=choice.geometric and low > 0))
    # Three digits: a setting is written by people, and finer steps are noise.
    return _rounded(float(trial.suggest_float(name, choice.low, choice.high, log=choice.geometric)), choice)


def _rounded(value: float, choice: Range) -> float:
    near = float(f"{value:.3g}")
    return near if choice.low <= near <= choice.high else value
