"""All proposers on one finding: mutations and a model's ideas are scored behind the walls, every look is counted."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from places import STRATEGIES
from planted import MOMENTUM, planted_ground
from scripted_model import Script, patches, scripted
from way import CountingSink

from cws.ablation.ablate import Bench
from cws.ablation.ground import Ground
from cws.home import Settings
from cws.house import open_house
from cws.proposers.child import FITS
from cws.proposers.language_model import Endpoint
from cws.proposers.proposal import Ask
from cws.sandbox.confine import missing
from cws.strategies import Catalogue, catalogue
from cws.supervisor import propose as proposing
from cws.supervisor.findings import Finding
from cws.supervisor.propose import PROPOSERS, asks_of, propose, without_figures

IDEA = 'module = "alpha_formula"\nwhy = "what rose goes on rising"\n[settings]\nformula = "cs_rank(delta(close, 20))"'
LIMIT = 'module = "position_limits"\n[settings]\nmax_weight = 1.0'


@dataclass(frozen=True)
class Made:
    name: str = "planted_formula"

    def open(self) -> Ground:
        return planted_ground(MOMENTUM, seed=1)


def finding(module: str, number: int) -> Finding:
    row = (number, "failures", "exception", module, "feature", "signature", f"{module} is worst on Mondays")
    return Finding(*map(str, row), ("x",), ("t-1",), 1, 1.0, "seconds", 1.0, 0, 0, True)


def test_only_modules_that_some_proposer_fits_are_asked_and_in_the_findings_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [
        finding(name, at) for at, name in enumerate(["alpha_formula", "cost_bps", "reversal_5d", "reversal_5d", "-"])
    ]
    asks = asks_of(found, budget=40, seed=3)
    assert [(ask.module, ask.sentence, ask.budget) for ask in asks] == [
        ("alpha_formula", "alpha_formula is worst on Mondays", 10),
        ("reversal_5d", "reversal_5d is worst on Mondays", 10),
    ]
    monkeypatch.setitem(FITS, "formula_mutation", lambda module: False)
    monkeypatch.setitem(FITS, "language_model", lambda module: False)
    monkeypatch.setitem(FITS, "settings_search", lambda module: module.name != "alpha_formula")
    assert [ask.module for ask in asks_of(found, budget=40, seed=3)] == ["reversal_5d"]


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("close of clean_1 moved: median 1.31 to -2e-05, 3.4 sigma", "close of clean_1 moved: median # to #, # sigma"),
        ("S3: 100% of its 60 bad rows, but 10.0% of the bars", "S3: #% of its # bad rows, but #% of the bars"),
        ("reversal_5d (feature of xs) refuses 1,204 rows, 512 MB", "reversal_5d (feature of xs) refuses # rows, # MB"),
    ],
)  # fmt: skip
def test_no_figure_of_a_whole_run_is_told(sentence: str, told: str) -> None:
    assert without_figures(sentence) == told
    (ask,) = asks_of([replace(finding("reversal_5d", 0), sentence=sentence)], budget=8, seed=1)
    assert ask.sentence == told


def test_published_formulas_go_only_to_modules_with_a_formula() -> None:
    chosen = catalogue(STRATEGIES)
    assert len(proposing._published(chosen, "alpha_formula")) > 50
    assert proposing._published(chosen, "winsorize") == ()


@pytest.mark.skipif(bool(missing()), reason=f"no walls on this machine: {missing()}")
def test_a_models_idea_ends_as_a_patch_that_was_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposing, "ROUNDS", 1)
    bench = Bench(open_house(Settings(home=tmp_path)), [Made()], CountingSink())
    ask = Ask("f-1", "alpha_formula", (), 6, 0, sentence="the output is null in every slice")
    with scripted(Script(lambda _: patches(LIMIT, IDEA))) as script:
        endpoint = Endpoint("openai/scripted", script.url, "", 500, 20.0)
        said = propose(bench, Catalogue(strategies={}, datasets={}, folder=tmp_path), [ask], PROPOSERS, endpoint)
    assert "the output is null in every slice" in script.prompts[0]
    assert "cs_rank(delta(close, 20))" in {str(patch.settings["formula"]) for patch in said.patches}
    assert {entry.body["proposer"] for entry in bench.house.ledger.entries("patch")} >= {"language_model"}
    (refusal,) = said.refused
    assert refusal.startswith("CWS-PATCH-004")
    assert isinstance(bench.sink, CountingSink) and sum(bench.sink.looks.values()) == said.looks == 4 + 2
