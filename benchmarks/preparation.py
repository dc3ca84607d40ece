"""How the time of preparing a log grows with its events, a tenth of them a bot's."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from benchmarks.child import Measurement, measure, medians, peak_gb
from benchmarks.growth import exponent
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.reading.source import LogSource

SEED = 20242025
SIZES = (50_000, 100_000, 200_000, 400_000)
# Fewer fit into a processor's cache, and would seem to grow faster.
SHOWN_SIZES = (1_000_000, 2_000_000, 4_000_000, 8_000_000)
CLICK_RATE, SCREEN = 0.1, 5
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


def shown_to_a_bot(events: int, seed: int) -> LogSource:
    """Draw impressions, screens of five rows; a tenth of the screens are user 0's."""
    rng = np.random.default_rng(seed)
    screens = events // SCREEN
    users = rng.integers(1, events // CLICKS + 2, screens)
    users[: screens // 10] = 0
    times = rng.integers(0, HOURS * 3_600, screens)
    clicks = log_with_bot(events, seed)
    log = {
        "user_id": np.repeat(users, SCREEN),
        "item_id": clicks.log["item_id"].slice(0, screens * SCREEN),
        "timestamp": np.repeat(times, SCREEN),
        "label": (rng.random(screens * SCREEN) < CLICK_RATE).astype(np.int8),
        "impression_id": np.repeat(rng.permutation(screens), SCREEN),
    }
    return replace(clicks, log=pa.table(log))


def time_events(*, events: int, shown: bool = False) -> Measurement:
    """Prepare one log; drawing it is not counted, nor is waiting for other programs.

    Returns:
        ``seconds`` of processors, and ``gb``, the peak over what was there before.
    """
    source = (shown_to_a_bot if shown else log_with_bot)(events, SEED)
    before, start = peak_gb(), time.process_time()
    prepare_interactions(source, PreparationParams(seed=SEED))
    return {"seconds": time.process_time() - start, "gb": peak_gb() - before}


def run(
    rounds: int,
    measure: Callable[..., Measurement] = measure,
    *,
    sizes: Sequence[int] = SIZES,
    shown_sizes: Sequence[int] = SHOWN_SIZES,
) -> Mapping[str, object]:
    """Prepare every size in a fresh process a round, and fit the medians.

    Returns:
        ``events`` and ``impressions``, the exponents (1 is linear) of a log of clicks
        and of impressions; ``measured``, what they were fitted to.
    """
    found: dict[str, object] = {}
    measured = {}
    for name, shown, each in (
        ("events", False, sizes),
        ("impressions", True, shown_sizes),
    ):
        taken = [_measured(measure, rounds, events, shown) for events in each]
        found[name] = exponent(each, [one["seconds"] for one in taken])
        measured[name] = dict(zip(map(str, each), taken, strict=True))
    return found | {"measured": measured}


def _measured(
    measure: Callable[..., Measurement], rounds: int, events: int, shown: bool
) -> dict[str, float]:
    """Medians of all rounds."""
    kind = "impressions" if shown else "clicks"
    sys.stderr.write(f"preparation: {events:,} {kind}\n")
    taken = [
        measure("preparation_run", {"events": events, "shown": shown})
        for _ in range(rounds)
    ]
    return medians(taken)
