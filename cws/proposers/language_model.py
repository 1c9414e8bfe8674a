"""A language model as a proposer: off without an endpoint; it is told words and answers with patches as text.

It cannot run behind the walls, for they have no network. So the house asks it, with a prompt that holds no data, and
what it answers is scored on search folds behind the walls like anybody's idea.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cws.environment import ROOT
from cws.home import Settings
from cws.patches import Patch
from cws.proposers.prompt import Prompt
from cws.proposers.proposal import Ask, Score
from cws.proposers.settings_search import WORTH_A_LOOK
from modules.errors import CwsError

# Texts in one answer, questions about one finding, and what importing two large libraries may take.
SUGGESTIONS, ROUNDS, START_S = 4, 2, 90.0
RETRIES = 1
PASSED_ON = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible endpoint. The key is in no representation, hash or log."""

    model: str
    base_url: str
    key: str = field(repr=False, compare=False)
    max_tokens: int = 1_000
    timeout_s: float = 60.0


def endpoint_of(chosen: Settings, environ: Mapping[str, str]) -> Endpoint | None:
    """The configured endpoint; None, which means off, without a model, or with neither a key nor an address.

    Raises CWS-LLM-001 when the variable that shall hold the key is not set.
    """
    if not chosen.llm_model or not (chosen.llm_key_env or chosen.llm_base_url):
        return None
    key = environ.get(chosen.llm_key_env, "") if chosen.llm_key_env else ""
    if chosen.llm_key_env and not key:
        raise CwsError(
            "CWS-LLM-001",
            what=f"the variable {chosen.llm_key_env} is to hold the language model's key and is empty",
            where="environment, CWS_LLM_KEY_ENV",
            fix="set that variable, or unset CWS_LLM_KEY_ENV to do without a language model",
        )
    return Endpoint(chosen.llm_model, chosen.llm_base_url, key, chosen.llm_max_tokens, chosen.llm_timeout_s)


def texts(endpoint: Endpoint, prompt: Prompt, most: int = SUGGESTIONS) -> list[str]:
    """At most `most` texts that want to be patches, unread.

    Raises CWS-LLM-002 without an answer in time, -003 for an answer that is none, -004 for one that holds the key.
    """
    fields = {**asdict(endpoint), "retries": RETRIES, "most": most, "prompt": asdict(prompt)}
    answer = _called(json.dumps(fields), START_S + endpoint.timeout_s * (1 + RETRIES))
    if endpoint.key and endpoint.key in json.dumps(answer):
        raise CwsError(
            "CWS-LLM-004", what="the answer repeats the key", where=_place(endpoint), fix="do not use this endpoint"
        )
    error = answer.get("error")
    if error is not None:
        raise CwsError(
            "CWS-LLM-003", what=f"no usable answer: {error}", where=_place(endpoint), fix="try the endpoint by itself"
        )
    return [str(text) for text in answer["patches"]][:most]


def _place(endpoint: Endpoint) -> str:
    return f"{endpoint.model} at {endpoint.base_url or 'its own address'}"


def _called(request: str, wall_s: float) -> dict[str, Any]:
    """The last line that a process of its own prints, with an environment and a home of its own."""
    command = [sys.executable, "-m", "cws.proposers.model_call"]
    with tempfile.TemporaryDirectory(prefix="cws-model-") as folder:
        own = {"HOME": folder, "DSPY_CACHEDIR": folder, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        environment = {name: os.environ[name] for name in ("PATH", *PASSED_ON) if name in os.environ} | own
        try:
            done = subprocess.run(
                command, input=request, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=wall_s,
                env=environment, cwd=folder,
            )  # fmt: skip
            code, said = done.returncode, done.stdout
        except subprocess.TimeoutExpired:
            code, said = -1, ""
    if code != 0:
        raise CwsError(
            "CWS-LLM-002",
            what="the language model gave no answer in time" if code < 0 else f"the question ended with {code}",
            where="cws.proposers.model_call",
            fix="raise CWS_LLM_TIMEOUT_S, or unset CWS_LLM_MODEL to do without it",
        )
    return json.loads(said.strip().split("\n")[-1])


def language_model(ask: Ask, score: Score) -> list[Patch]:
    """Behind the walls: the best of the patches that the model suggested, where it is worth a look."""
    tries = [patch for patch in ask.suggestions if patch.module == ask.module][: ask.budget]
    scored = [(value, patch) for patch in tries if (value := score(patch)) is not None and value > WORTH_A_LOOK]
    return [patch for _, patch in sorted(scored, key=lambda one: (-one[0], one[1].id))[:1]]
