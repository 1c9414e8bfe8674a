import shutil
import sys
from pathlib import Path

import pytest

from cws.house import House

# Helpers are imported by their folder: an installed package owns the name `tests`.
sys.path.append(str(Path(__file__).parent))


@pytest.fixture
def house(tmp_path: Path) -> House:
    from publishing import make_house

    return make_house(tmp_path / "home")


@pytest.fixture(scope="session")
def fresh_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database as it makes it itself: that takes seconds, so most tests start from a copy."""
    from mlflow.tracking import MlflowClient

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").get_experiment("0")
    return path


@pytest.fixture
def prepared(house: House, fresh_database: Path) -> House:
    house.home.folder.mkdir(parents=True)
    shutil.copy(fresh_database, house.home.mlflow_db)
    return house
