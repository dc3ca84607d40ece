"""The real log, where it lies beside the project."""

import os
from pathlib import Path

import pytest
from paths import REPOSITORY
from small_logs import make_params

from mmctr.data.datasets import InteractionLog
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.tables import PrimaryTables
from mmctr.data.reading.source import LogSource


@pytest.fixture(scope="session")
def toys() -> LogSource:
    """Amazon Toys, read from $MMCTR_SHARED_DATA or ../shared/data."""
    shared = os.environ.get("MMCTR_SHARED_DATA", str(REPOSITORY.parent / "shared/data"))
    folder = Path(shared) / "amazon_toys"
    if not folder.is_dir():
        pytest.skip(f"{folder} does not exist; set MMCTR_SHARED_DATA to the real logs")
    return InteractionLog(path=str(folder)).load()


@pytest.fixture(scope="session")
def toys_tables(toys: LogSource) -> PrimaryTables:
    """Amazon Toys as primary tables, default parameters."""
    return prepare_interactions(toys, make_params())
