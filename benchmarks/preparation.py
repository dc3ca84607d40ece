"""How the time of preparing a log grows with its events, one in ten of them a bot's."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

import numpy as np
import pyarrow as pa

from benchmarks.child import Measurement, measure
from benchmarks.growth import exponent
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.reading.source import LogSource

SEED = 20242025
SIZES = (50_000, 100_000, 200_000, 400_000)
ITEMS, CLICKS, HOURS = 3_000, 20, 60 * 24
LEFT_BY_THE_BOT = 40


def log_with_bot(events: int, seed: int) -> LogSource:
    """Draw a log whose user 0 has a tenth of the events and nearly every item.

    Times are whole hours, so that events are tied; other users have about 20 events.
    """
    rng = np.random.default_rng(seed)
    n_bot = events // 10
    rest = events - n_bot
    weights = 1 / np.arange(1, ITEMS + 1)
    items = rng.choice(ITEMS, rest, p=weights / weights.sum())
    bot = np.resize(rng.permutation(ITEMS - LEFT_BY_THE_BOT), n_bot)
    users = rng.integers(1, rest // CLICKS + 2, rest)
    log = pa.table(
        {
            "user_id": np.concatenate([np.zeros(n_bot, np.int64), users]),
            "item_id": np.concatenate([bot, items]),
            "timestamp": rng.integers(0, HOURS, events) * 3_600,
        }
    )
    table = pa.table(
        {"item_id": np.arange(ITEMS), "title": [f"item {i}" for i in range(ITEMS)]}
    )
    return LogSource(log, table, np.zeros((ITEMS, 0), np.float32))


def time_events(*, events: int) -> Measurement:
    """Prepare one log; drawing it is not counted."""
    source = log_with_bot(events, SEED)
    start = time.perf_counter()
    prepare_interactions(source, PreparationParams(seed=SEED))
    return {"seconds": time.perf_counter() - start}


def run(
    rounds: int,
    measure: Callable[..., Measurement] = measure,
    *,
    sizes: Sequence[int] = SIZES,
) -> Mapping[str, object]:
    """Prepare every size in a fresh process a round, and fit the medians.

    Returns:
        ``events``, the exponent (1 is linear), and ``measured``, what it was fitted to.
    """
    seconds = []
    for events in sizes:
        sys.stderr.write(f"preparation: {events:,} events\n")
        taken = [
            measure("preparation_run", {"events": events})["seconds"]
            for _ in range(rounds)
        ]
        seconds.append(median(taken))
    measured = {
        str(events): {"seconds": found}
        for events, found in zip(sizes, seconds, strict=True)
    }
    return {"events": exponent(sizes, seconds), "measured": measured}
