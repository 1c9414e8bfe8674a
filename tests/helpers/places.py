"""Where things stand, and an environment without this process's own `CWS_*`."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STRATEGIES = ROOT / "strategies"


def pure_environment(**chosen: str) -> dict[str, str]:
    """The environment with no `CWS_*` but the chosen ones."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CWS_")} | chosen
