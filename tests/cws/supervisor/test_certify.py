"""A sample of the fault suite: drawn faults are found and repaired, healthy houses are left alone.

The whole suite is `cws supervise --certify --seed S`.
"""

import json
from pathlib import Path

import numpy as np

from cws.patches import check
from cws.supervisor.certify import _stages, certify, controls, draw_cases, figures, keep, passed
from cws.supervisor.faults import SHARES, TABLE, Deck, fault_of
from modules.contract import STAGES
from modules.registry import load

SEED, FAULTS, CONTROLS = 5, 4, 1


def test_a_sample_is_found_and_repaired_and_a_healthy_house_left_alone(tmp_path: Path) -> None:
    """Half of each: above that is expected of the whole suite, below it is not what so few may miss by chance."""
    cases = [*draw_cases(SEED, FAULTS), *controls(SEED, CONTROLS)]
    found = certify(cases, 1, lambda done, total, one: None)
    faulty = [one for one in found if one.case.fault is not None]
    healthy = [one for one in found if one.case.fault is None]
    assert (len(faulty), len(healthy)) == (FAULTS, CONTROLS)
    assert sum(one.localised for one in faulty) >= 2, [(one.case, one.first) for one in faulty]
    assert sum(one.repaired for one in faulty) >= 2, [(one.case, one.verdicts) for one in faulty]
    assert not any(one.shipped for one in healthy)
    result = figures(SEED, found)
    assert int(str(result["lowering"])) >= 1
    kept = json.loads(keep(tmp_path / "certify", result, 0.0).read_text())
    assert {"faults", "localised_top1", "repaired", "false_repairs"} <= set(kept)
    assert len(kept["cases"]) == FAULTS + CONTROLS


def test_a_bound_that_is_missed_is_said() -> None:
    good = {"localised_top1": 0.70, "repaired": 0.50, "false_repairs": 1}
    assert passed(good)
    assert not passed({**good, "localised_top1": 0.69})
    assert not passed({**good, "repaired": 0.49})
    assert not passed({**good, "false_repairs": 2})


def test_faults_are_patches_of_all_stages_and_deal_once() -> None:
    assert {load(entry.module).stage for entry in TABLE} == set(STAGES) == set(SHARES)
    for place, entry in enumerate(TABLE):
        fault = fault_of(entry, np.random.default_rng(place))
        check(fault.patch, entry.kind)
        assert fault.judge in ("value", "correctness", "runtime")
    deck = Deck(np.random.default_rng(1))
    dealt = [fault.patch.id for _ in range(20) if (fault := deck.deal("clean")) is not None]
    assert len(set(dealt)) == len(dealt) == 20


def test_forty_are_drawn_of_every_stage() -> None:
    listed = _stages(40)
    assert len(listed) == 40
    assert {stage: listed.count(stage) for stage in STAGES} == dict(SHARES)
