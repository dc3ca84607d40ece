"""What every test needs: few threads, no telemetry, no hub, ears for Ctrl-C."""

import gc
import os
import signal
from pathlib import Path

import pytest

# Before torch is imported: two threads each of many libraries only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("DO_NOT_TRACK", "true")
# A tenth of the time went into looking through a million objects of libraries.
gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session", autouse=True)
def heeded_interrupts() -> None:
    """Tests that run in the background ignore Ctrl-C, and so would what they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs first: begun last, they would keep one core busy at the end.

    The first file of them makes what all others wait for; another process of tests
    fits quantisers meanwhile.
    """
    tests = Path(__file__).parent
    order = ("end_to_end/test_ablation.py", "content/quantizers", "end_to_end")

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(tests).as_posix()
        begun = [place for place, name in enumerate(order) if path.startswith(name)]
        return min(begun, default=len(order))

    items.sort(key=rank)
