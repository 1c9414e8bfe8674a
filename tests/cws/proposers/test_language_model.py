"""A language model behind a scripted endpoint: what it is told, what it may answer, and what it cannot do."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest
from scripted_model import Script, patches, scripted

from cws.home import Settings
from cws.patches import Patch
from cws.proposers import language_model as proposer
from cws.proposers.language_model import Endpoint, endpoint_of, language_model, texts
from cws.proposers.model_call import MAX_ANSWER_CHARS, asked, libraries, said
from cws.proposers.prompt import MAX_SENTENCE, Prompt, prompt_of
from cws.proposers.proposal import Ask, read_ask, written
from modules.errors import CwsError
from modules.registry import load

KEY = "sk-a-secret-that-nobody-may-see"
GOOD = 'module = "winsorize"\n[settings]\nz_max = 4.0\n'


def endpoint(script: Script, timeout_s: float = 5.0) -> Endpoint:
    return Endpoint("openai/scripted", script.url, KEY, 500, timeout_s)


def prompt(sentence: str = "winsorize clips nothing") -> Prompt:
    return prompt_of(sentence, load("winsorize"), [('{"z_max": 9.0}', -0.4), ('{"z_max": 3.0}', None)])


@pytest.fixture(scope="module")
def dspy() -> Any:
    return libraries()


def request(script: Script, **changes: Any) -> Mapping[str, Any]:
    own = {"retries": 0, "most": 4, "prompt": asdict(prompt())}
    return {**asdict(endpoint(script)), **own, **changes}


def code_of(refused: pytest.ExceptionInfo[CwsError]) -> str:
    assert KEY not in str(refused.value)
    return refused.value.code


def test_a_question_goes_out_in_words_and_patches_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(Script(lambda _: patches(GOOD, "two", "three", "four", "five"))) as script:
        monkeypatch.setenv("HTTPS_PROXY", script.url)
        assert texts(endpoint(script), prompt()) == [GOOD, "two", "three", "four"]
    (told,) = script.prompts
    for words in ("winsorize clips nothing", "z_max = 6.0 (float; >= 0.5, <= 100.0)", "known: mad_scale, std_scale"):
        assert words in told
    assert '{"z_max": 9.0}: -0.40' in told and '{"z_max": 3.0}: cannot run' in told
    assert script.asked[0]["max_tokens"] == 500 and script.keys == [f"Bearer {KEY}"]
    assert script.elsewhere == [], "no list of prices, no telemetry"


def test_the_key_is_in_no_prompt_and_no_representation(dspy: Any) -> None:
    with scripted(Script(lambda _: patches(GOOD))) as script:
        assert asked(dspy, request(script)) == [GOOD]
    assert KEY not in json.dumps(script.asked)
    assert KEY not in repr(endpoint(script)) and KEY not in str(endpoint(script))


@pytest.mark.parametrize(
    "answer",
    ["rm -rf /", "", "[1, 2", '{"patches": {"a": 1}}', '{"other": []}', "null", "\x00\x1b[2J", "[[[" * 3_000],
    ids=range(8),
)
def test_an_answer_that_is_none_is_an_error_by_name(dspy: Any, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(Script(lambda _: answer)) as script, pytest.raises(Exception) as failure:
        asked(dspy, request(script))
    monkeypatch.setattr(proposer, "_called", lambda *_: {"error": type(failure.value).__name__})
    with pytest.raises(CwsError) as refused:
        texts(endpoint(script), prompt())
    assert code_of(refused) == "CWS-LLM-003"
    assert len(script.asked) <= 2


def test_an_endpoint_that_fails_or_hangs_is_asked_at_most_twice(dspy: Any) -> None:
    with scripted(Script(lambda _: f"your key {KEY} is wrong", status=500)) as script:
        assert said(request(script, retries=1)) == {"error": "LMServerError"}
        assert len(script.asked) == 2
    with scripted(Script(lambda _: patches(GOOD), wait_s=20.0)) as script:
        assert said(request(script, timeout_s=0.3)) == {"error": "LMTimeoutError"}
        assert len(script.asked) == 1


def test_an_endpoint_that_drips_is_left() -> None:
    """A byte now and then never trips the timeout of one read."""
    with scripted(Script(lambda _: patches(GOOD), drip_s=0.4)) as script, pytest.raises(CwsError) as refused:
        texts(endpoint(script, timeout_s=1.0), prompt())
    assert code_of(refused) == "CWS-LLM-002"


def test_what_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposer, "START_S", -9.8)
    with scripted(Script(lambda _: patches(GOOD))) as script, pytest.raises(CwsError) as refused:
        texts(endpoint(script), prompt())
    assert code_of(refused) == "CWS-LLM-002"


def test_a_huge_answer_and_one_with_the_key_are_refused(dspy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(Script(lambda _: patches("x" * 3 * MAX_ANSWER_CHARS))) as script:
        assert said(request(script)) == {"error": "AnswerTooLong"}
    monkeypatch.setattr(proposer, "_called", lambda *_: {"patches": [f'module = "x"\nwhy = "{KEY}"']})
    with pytest.raises(CwsError) as refused:
        texts(endpoint(script), prompt())
    assert code_of(refused) == "CWS-LLM-004"


def test_it_is_off_until_it_is_configured() -> None:
    here, there = "http://127.0.0.1:9/v1", {"SOME_API_KEY": KEY}
    assert endpoint_of(Settings(), there) is None
    assert endpoint_of(Settings(llm_model="openai/x"), there) is None
    assert endpoint_of(Settings(llm_base_url=here, llm_key_env="SOME_API_KEY"), there) is None
    local = endpoint_of(Settings(llm_model="openai/x", llm_base_url=here), {})
    assert local is not None and (local.base_url, local.key) == (here, "")
    far = endpoint_of(Settings(llm_model="openai/x", llm_key_env="SOME_API_KEY"), there)
    assert far is not None and far.key == KEY
    with pytest.raises(CwsError, match="SOME_API_KEY") as refused:
        endpoint_of(Settings(llm_model="openai/x", llm_key_env="SOME_API_KEY"), {})
    assert code_of(refused) == "CWS-LLM-001"


def test_words_of_others_come_on_one_line_and_cut() -> None:
    told = prompt("a\n\x1b[31m" + "b" * 9_000)
    assert told.finding.startswith("a  [31mb") and len(told.finding) == MAX_SENTENCE


def test_suggestions_are_scored_and_only_the_best_worth_a_look_is_proposed() -> None:
    tries = tuple(Patch("winsorize", {"z_max": value}) for value in (1.5, 2.0, 3.0, 4.0))
    other = Patch("reversal_5d", {"window_bars": 9})
    ask = Ask("f-1", "winsorize", (), 3, 0, suggestions=(other, *tries))
    scores = {1.5: 0.9, 2.0: 1.4, 3.0: 2.5, 4.0: 9.0}
    assert language_model(ask, lambda patch: scores[float(patch.settings["z_max"])]) == [tries[2]]
    assert language_model(ask, lambda patch: None) == []


def test_an_ask_comes_back_from_its_own_json() -> None:
    thought = Patch("winsorize", {"z_max": 4.5}, {"scale": "std_scale"}, "f-1", "language_model", "why")
    ask = Ask("f-1", "winsorize", ("z_max",), 8, 3, "it clips", ("close",), (thought,))
    assert read_ask(json.loads(json.dumps(written(ask)))) == ask
