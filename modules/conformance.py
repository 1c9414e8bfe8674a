"""The one conformance suite: every rule here holds for every module, so no module needs a test file of its own.

Each rule is a function of a module that returns the list of its violations (empty = conforms).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias, cast, get_args, get_origin

import numpy as np
import pandas as pd
from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pandera.pandas import DataFrameSchema
from pydantic.fields import FieldInfo

from modules.contract import JUDGES, Module, namespace
from modules.errors import CwsError
from modules.mutations import MAX_MUTANTS, adversarial, altered_future, holed, misshapen, mutants, without_future
from modules.runner import ModuleRun, Value, run
from modules.sealed import Sealed
from modules.settings import Bound, bind
from modules.unsealing import unseal
from modules.values import RawBytes, Table, make_table, raw_bytes

SEED = 20_220_103
LOOKING_STAGES = ("feature", "size")
Change: TypeAlias = Callable[[str, pd.DataFrame], pd.DataFrame]


def example_inputs(module: Module, seed: int = SEED) -> dict[str, Value]:
    """The module's example as validated tables."""
    made = module.example(np.random.default_rng(seed))
    return {name: _value(module, name, content) for name, content in made.items()}


def _value(module: Module, name: str, content: object) -> Value:
    if isinstance(content, bytes):
        return raw_bytes(content)
    schema = module.takes[name]
    assert not isinstance(schema, type)
    return make_table(cast(pd.DataFrame, content), schema, f"example of {module.name}")


def _frames(values: Mapping[str, Value]) -> dict[str, pd.DataFrame | bytes]:
    opened = {name: unseal(value) if isinstance(value, Sealed) else value for name, value in values.items()}
    return {name: value.data if isinstance(value, RawBytes) else value.frame for name, value in opened.items()}


def _falls_over(outcome: ModuleRun, what: str) -> list[str]:
    """A refusal has a code; any other exception is a violation."""
    expected = outcome.failure is None or isinstance(outcome.failure, CwsError)
    return [] if expected else [f"{what}: {outcome.trace.error}"]


def _try(bound: Bound, inputs: Mapping[str, Value], what: str) -> list[str]:
    """On good input a run works with all checks passed, or refuses with a code."""
    outcome = run(bound, inputs)
    failed = outcome.trace.failed_checks
    return [f"{what}: checks failed: {', '.join(failed)}"] if failed else _falls_over(outcome, what)


def _is_bounded(field: FieldInfo) -> bool:
    kinds = [get_origin(field.annotation), field.annotation]
    if bool in kinds or (get_origin(field.annotation) is not None and not get_args(field.annotation)):
        return False
    if get_args(field.annotation) and all(isinstance(arg, str) for arg in get_args(field.annotation)):
        return True
    low = any(isinstance(m, Ge | Gt) for m in field.metadata)
    high = any(isinstance(m, Le | Lt) for m in field.metadata)
    return (low and high) or any(isinstance(m, MaxLen) for m in field.metadata)


def declared(module: Module) -> list[str]:
    """Docstring, judge, bounded and described settings, known skills, at least one acceptance check with a sentence."""
    wrong = [] if module.manifest.judge in JUDGES else [f"judge {module.manifest.judge!r} is not one of {JUDGES}"]
    if len(module.why) < 20:
        wrong.append("the file's docstring must say what the module does")
    for name, field in module.settings_type.model_fields.items():
        if not _is_bounded(field):
            wrong.append(f"setting {name} has no bounds (and flags are not settings)")
        if not field.is_required() or not field.description:
            wrong.append(f"setting {name} needs a description and its value in the TOML, not a default in the class")
    wrong += [] if module.acceptance else ["no acceptance check: a module without one cannot be trusted"]
    wrong += [f"check {a.name} says no sentence" for a in module.acceptance if not a.why]
    bind(module)
    return wrong


def runs_on_its_example(module: Module) -> list[str]:
    """The example passes schemas and all acceptance checks and gives rows."""
    outcome = run(bind(module), example_inputs(module))
    if outcome.failure is not None:
        return [outcome.trace.error]
    wrong = [f"check failed on the example: {name}" for name in outcome.trace.failed_checks]
    return wrong if outcome.trace.rows_out else [*wrong, "the example gives no rows: it shows nothing"]


def example_hashes(module: Module) -> dict[str, str]:
    """Output hashes on the example: equal in every process."""
    return dict(run(bind(module), example_inputs(module)).trace.outputs)


def deterministic(module: Module) -> list[str]:
    first, second = example_hashes(module), example_hashes(module)
    return [] if first == second and first else [f"two runs differ: {first} {second}"]


def input_untouched(module: Module) -> list[str]:
    """A run leaves the very frames it was given as they were."""
    inputs = example_inputs(module)
    run(bind(module), inputs)
    changed = []
    for name, value in inputs.items():
        if isinstance(value, Table) and make_table(value.frame, module.takes[name], name).hash != value.hash:  # type: ignore[arg-type]
            changed.append(f"input {name} was changed in place")
    return changed


def _bound_values(field: FieldInfo) -> list[object]:
    if get_args(field.annotation) and all(isinstance(arg, str) for arg in get_args(field.annotation)):
        return list(get_args(field.annotation))
    return [
        limit for m in field.metadata for limit in (getattr(m, "ge", None), getattr(m, "le", None)) if limit is not None
    ]


def settings_at_both_bounds(module: Module) -> list[str]:
    """Each setting at each bound works or refuses with a code."""
    wrong = []
    inputs = example_inputs(module)
    for name, field in module.settings_type.model_fields.items():
        for value in _bound_values(field):
            wrong += _try(bind(module, {name: value}), inputs, f"{name}={value!r}")
    return wrong


def _shortened(module: Module, inputs: Mapping[str, Value], rows: int) -> dict[str, Value]:
    def cut(name: str, value: Value) -> Value:
        return (
            raw_bytes(b"") if isinstance(value, RawBytes) else _value(module, name, cast(Table, value).frame.head(rows))
        )

    return {name: cut(name, value) for name, value in inputs.items()}


def empty_and_one_row(module: Module) -> list[str]:
    bound, inputs = bind(module), example_inputs(module)
    wrong = [v for rows in (0, 1) for v in _try(bound, _shortened(module, inputs, rows), f"{rows} rows")]
    for name in inputs if len(inputs) > 1 else ():
        alone = {**inputs, name: _shortened(module, inputs, 0)[name]}
        wrong += _try(bound, alone, f"{name} empty")
    return wrong


def survives_adversarial_frames(module: Module) -> list[str]:
    """Holes, zeros, negatives, giants, infinities work, stop at a check, or are refused with a code; no crash."""
    wrong, inputs, rng = [], example_inputs(module), np.random.default_rng(SEED)
    for name, value in inputs.items():
        for what, frame in adversarial(value.frame, rng) if isinstance(value, Table) else ():
            try:
                changed = _value(module, name, frame)
            except CwsError:
                continue
            wrong += _falls_over(run(bind(module), {**inputs, name: changed}), f"{name}: {what}")
    return wrong


def refuses_misshapen_frames(module: Module) -> list[str]:
    wrong, inputs = [], example_inputs(module)
    for name, value in inputs.items():
        for what, frame in misshapen(value.frame) if isinstance(value, Table) else ():
            outcome = run(bind(module), {**inputs, name: Table(frame, "b3:misshapen", "unknown")})
            if not (isinstance(outcome.failure, CwsError) and outcome.failure.code == "CWS-TABLE-001"):
                wrong.append(f"{name}: {what} was not refused: {outcome.trace.error or 'it ran'}")
    return wrong


def _notices(outcome: ModuleRun, bound: Bound, inputs: Mapping[str, Value], index: int) -> bool:
    """Whether one acceptance check fails on some mutant of some output."""
    acceptance = bound.module.acceptance[index]
    before, after = namespace(_frames(inputs)), _frames(outcome.outputs)
    tried = 0
    for name, frame in after.items():
        for mutant in mutants(cast(pd.DataFrame, frame)):
            tried += 1
            if tried > MAX_MUTANTS:
                return False
            if not _passes(acceptance, before, namespace({**after, name: mutant}), bound):
                return True
    return False


def _passes(acceptance: Callable[..., object], before: object, after: object, bound: Bound) -> bool:
    try:
        return bool(getattr(acceptance(before, after, bound.settings), "passed"))  # noqa: B009
    except Exception:  # noqa: BLE001  a check that falls over a wrong output has not shown that it can say no
        return True


def every_check_can_fail(module: Module) -> list[str]:
    """For each acceptance check some mutated output makes it fail; a check that nothing breaks proves nothing."""
    bound, inputs = bind(module), example_inputs(module)
    outcome = run(bound, inputs)
    if outcome.failure is not None:
        return [outcome.trace.error]
    taken = {name: inputs[name] for name in module.takes}
    return [
        f"check {acceptance.name} cannot fail: no mutated output breaks it"
        for index, acceptance in enumerate(module.acceptance)
        if not _notices(outcome, bound, taken, index)
    ]


def _each_table(module: Module, inputs: Mapping[str, Value], change: Change) -> dict[str, Value]:
    return {name: _value(module, name, change(name, cast(Table, value).frame)) for name, value in inputs.items()}


def _pasts(module: Module, cut_ns: int) -> Iterator[tuple[str, dict[str, Value]]]:
    """The example as it is, and with holes, which the module may refuse."""
    inputs, rng = example_inputs(module), np.random.default_rng(SEED)
    yield "whole", inputs

    def punched(name: str, frame: pd.DataFrame) -> pd.DataFrame:
        columns = cast(DataFrameSchema, module.takes[name]).columns
        reals = [c for c in frame.columns if columns[c].nullable and frame[c].dtype.kind == "f"]
        return holed(frame, reals, cut_ns, rng)

    with_holes = _each_table(module, inputs, punched)
    if run(bind(module), with_holes).failure is None:
        yield "holed", with_holes


def _futures(module: Module, inputs: Mapping[str, Value], cut_ns: int) -> Iterator[tuple[str, dict[str, Value]]]:
    rng = np.random.default_rng(SEED)
    yield "altered", _each_table(module, inputs, lambda _, frame: altered_future(frame, cut_ns, rng))
    yield "not there", _each_table(module, inputs, lambda _, frame: without_future(frame, cut_ns))


def ignores_the_future(module: Module) -> list[str]:
    """Inputs altered or cut off after t leave every output row at or before t equal (feature and size modules)."""
    if module.stage not in LOOKING_STAGES:
        return []
    frames = [v.frame for v in example_inputs(module).values() if isinstance(v, Table) and "ts_event" in v.frame]
    stamps = np.unique(np.concatenate([frame["ts_event"] for frame in frames]))
    wrong = []
    for cut_ns in (int(stamps[len(stamps) // 3]), int(stamps[-2])):
        for kind, inputs in _pasts(module, cut_ns):
            now = _past(run(bind(module), inputs), cut_ns)
            for future, later in _futures(module, inputs, cut_ns):
                then = _past(run(bind(module), later), cut_ns)
                changed = [name for name in now if not now[name].equals(then[name])]
                wrong += [f"{kind} example, future {future}: output {n} at or before t changed" for n in changed]
    return wrong


def _past(outcome: ModuleRun, cut_ns: int) -> dict[str, pd.DataFrame]:
    assert outcome.failure is None, outcome.trace.error
    frames = {name: cast(pd.DataFrame, frame) for name, frame in _frames(outcome.outputs).items()}
    return {name: without_future(frame, cut_ns) for name, frame in frames.items() if "ts_event" in frame}


RULES: tuple[Callable[[Module], list[str]], ...] = (
    declared,
    runs_on_its_example,
    deterministic,
    input_untouched,
    settings_at_both_bounds,
    empty_and_one_row,
    survives_adversarial_frames,
    refuses_misshapen_frames,
    every_check_can_fail,
    ignores_the_future,
)


def violations(module: Module) -> list[str]:
    """All violations of all rules, each as `rule: what`."""
    found = []
    for rule in RULES:
        try:
            found += [f"{rule.__name__}: {what}" for what in rule(module)]
        except Exception as error:  # noqa: BLE001  a rule that falls over the module is a violation of the module
            found.append(f"{rule.__name__}: {type(error).__name__}: {error}")
    return found
