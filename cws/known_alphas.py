"""Published formulas in our language: `strategies/alpha101/formulas.toml`."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from kernels.alpha.language import MAX_CHARS


class KnownAlpha(BaseModel):
    """A formula and, where it differs from what was published, how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formula: str = Field(min_length=1, max_length=MAX_CHARS)
    note: str = Field("", max_length=300)


def known_alphas(strategies: Path) -> dict[str, KnownAlpha]:
    """By name (alpha_001 ...), in the order of the file."""
    text = (strategies / "alpha101" / "formulas.toml").read_text(encoding="utf-8")
    return {name: KnownAlpha.model_validate(content) for name, content in tomllib.loads(text).items()}
