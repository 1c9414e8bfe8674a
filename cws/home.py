"""Where state lives, and who may write it: settings from `CWS_*`, and one writer at a time on a home."""

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Generator
from functools import cache
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from cws.execution.binaries import BUILT
from modules.errors import CwsError
from modules.settings import nearest

POLL_S = 0.05
KEEP_RUNS = 64


class Settings(BaseSettings):
    """Every setting is an environment variable `CWS_<NAME>`; `cws config show` prints them with their sources."""

    model_config = SettingsConfigDict(env_prefix="CWS_", frozen=True)

    home: Path = Field(Path(".cws"), description="folder of all state: lake, ledger, raw bytes, Dagster, MLflow")
    strategies: Path = Field(
        Path(__file__).resolve().parent.parent / "strategies",
        description="folder of strategy TOMLs (datasets/ below it)",
    )
    lock_wait_s: float = Field(
        0.0, ge=0.0, le=600.0, description="how long to wait for another writer on the same home"
    )
    ui_port: int = Field(3000, ge=1024, le=65535, description="Dagster UI, on 127.0.0.1")
    mlflow_port: int = Field(5000, ge=1024, le=65535, description="MLflow UI, on 127.0.0.1")
    execution: str = Field(
        "auto", pattern="^(auto|paper)$", description="auto: over the wire where the gateway is built; paper: never"
    )
    gateway_bin: Path = Field(BUILT, description="folder of the native binaries")
    gateway_runs: int = Field(
        KEEP_RUNS,
        ge=1,
        le=100_000,
        description="newest run folders that stay; older go once the ledger has their journal",
    )
    views: str = Field("on", pattern="^(on|off)$", description="off: no MLflow runs, charts or tearsheets")
    llm_model: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_./:-]{0,128}$",
        description="language model that may propose patches, as litellm names it; empty: none",
    )
    llm_base_url: str = Field(
        "",
        pattern=r"^(https://[A-Za-z0-9.-]+(:\d+)?(/[\w./-]*)?|http://(127\.0\.0\.1|localhost)(:\d+)?(/[\w./-]*)?)?$",
        description="its OpenAI-compatible address where it is not the provider's own",
    )
    llm_key_env: str = Field(
        "",
        max_length=64,
        pattern=r"^([A-Z][A-Z0-9]*(_[A-Z0-9]+)+)?$",
        description="NAME of the environment variable that holds its key, never the key",
    )
    llm_max_tokens: int = Field(1_000, ge=100, le=32_000, description="of one answer")
    llm_timeout_s: float = Field(60.0, ge=1.0, le=600.0, description="for one answer; asked at most twice")


# Where people paste a key by mistake: a value that is none of what belongs there is not repeated.
GUARDED = ("CWS_LLM_KEY_ENV", "CWS_LLM_BASE_URL", "CWS_LLM_MODEL")
HIDDEN = "(hidden: not what belongs here)"


def shown(variable: str, value: str) -> str:
    """A setting's value as it may be printed."""
    if variable not in GUARDED:
        return value
    (pattern,) = (rule.pattern for rule in _field(variable).metadata if hasattr(rule, "pattern"))
    return value if re.fullmatch(pattern, value) else HIDDEN


def _field(variable: str) -> FieldInfo:
    return Settings.model_fields[variable.removeprefix("CWS_").lower()]


def settings() -> Settings:
    """Read the environment.

    Raises CWS-CONFIG-001 for an unknown `CWS_` variable, naming the nearest, and CWS-CONFIG-002 for a bad value.
    """
    known = {f"CWS_{name.upper()}" for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.startswith("CWS_") and name not in known:
            raise CwsError(
                "CWS-CONFIG-001", what=f"unknown setting {name}", where="environment", fix=nearest(name, known)
            )
    try:
        return Settings()  # pyright: ignore[reportCallIssue]
    except ValidationError as refusal:
        first = refusal.errors()[0]
        name = "CWS_" + str(first["loc"][0]).upper()
        raise CwsError(
            "CWS-CONFIG-002",
            what=f"{name}: {first['msg']}, got {shown(name, first['input'])!r}",
            where="environment",
            fix="cws config show lists the bounds",
        ) from None


class Home:
    """The folders of one CWS_HOME and its writer lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.gateway = self.folder / "gateway"
        self.lake, self.ledger, self.raw = self.folder / "lake", self.folder / "ledger", self.folder / "raw"
        self.dagster, self.mlflow_db, self.views = (
            self.folder / "dagster",
            self.folder / "mlflow.db",
            self.folder / "views",
        )
        self._depth = 0
        self._handle = -1

    @contextlib.contextmanager
    def writing(self, who: str, wait_s: float = 0.0) -> Generator[None, None, None]:
        """Hold the home's writer lock; re-entrant in this process, released by the kernel when the process dies.

        Raises CWS-HOME-001 when another process holds it for longer than `wait_s` seconds.
        """
        if self._depth == 0:
            self._acquire(who, wait_s)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                os.close(self._handle)

    def _acquire(self, who: str, wait_s: float) -> None:
        path = self.folder / "writer.lock"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as failure:
            raise CwsError(
                "CWS-HOME-002",
                what=f"cannot use the home: {failure}",
                where=str(self.folder),
                fix="set CWS_HOME to a writable folder",
            ) from None
        # `cws status` looks at the lock for an instant; that must not refuse a run.
        deadline = time.monotonic() + max(wait_s, 2 * POLL_S)
        while True:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    holder = os.pread(self._handle, 200, 0).decode(errors="replace").strip()
                    os.close(self._handle)
                    raise CwsError(
                        "CWS-HOME-001",
                        what=f"the home is in use by {holder or 'another process'}",
                        where=str(self.folder),
                        fix="wait for it, set CWS_LOCK_WAIT_S, or give this run a CWS_HOME of its own",
                    ) from None
                time.sleep(POLL_S)
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{who} (pid {os.getpid()})".encode(), 0)


def home_at(folder: Path) -> Home:
    """One Home object a folder and process, however its path is spelt, so that the lock is re-entrant."""
    return _home(folder.resolve())


@cache
def _home(folder: Path) -> Home:
    return Home(folder)
