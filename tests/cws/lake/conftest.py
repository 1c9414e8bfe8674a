import sys
from pathlib import Path

import pytest

from cws.lake.lake import Lake

# The helpers also run as scripts, so they are imported by their folder: an installed package owns the name `tests`.
sys.path.append(str(Path(__file__).parent))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    from lakes import open_lake

    return open_lake(tmp_path)
