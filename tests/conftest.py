"""What every test needs: few threads, no telemetry, no hub, ears for Ctrl-C."""

import os
import signal
from pathlib import Path

import pytest

# Before torch is imported: two threads each of many libraries only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("DO_NOT_TRACK", "true")


@pytest.fixture(scope="session", autouse=True)
def heeded_interrupts() -> None:
    """Tests that run in the background ignore Ctrl-C, and so would what they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs first: begun last, they would keep one core busy at the end."""
    whole_runs = Path(__file__).parent / "end_to_end"
    items.sort(key=lambda item: whole_runs not in item.path.parents)
