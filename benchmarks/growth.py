"""How time and memory of DIN's training grow with rows, histories and items.

Each size trains in a process of its own that is forked from one with everything
imported, so neither imports nor the peak of another size are in its numbers. Building
the item table and the model is in the memory and not in the time.
"""

import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from statistics import median

import numpy as np

from benchmarks.child import measure
from benchmarks.world import Shape, item_table, reference_params, row_levels
from mmctr.ctr.inputs.click_log import ClickLog

SEED = 20242025
BATCH = 384
WARM_UP = 2
Size = dict[str, int]
"""``steps`` of 384 rows, items a ``history`` and ``items`` of the table."""

SMALLEST = {"steps": 6, "history": 8, "items": 10_000}
AXES = {
    "rows": ("steps", (6, 12, 24)),
    "history": ("history", (8, 32, 100)),
    "items": ("items", (10_000, 90_000, 1_000_000)),
}
"""What grows, and its sizes; the rest is :data:`SMALLEST`."""

# 1M items with 512 + 512 codes of 1024 would need 12 GB for tables alone.
CODES = {"positions": 16, "codes": 256}


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Fit ``values = a * sizes ** exponent`` by least squares of the logarithms.

    Args:
        sizes: Two different ones at least, over 0.
        values: One a size, over 0.

    Raises:
        ValueError: If there are too few sizes, or a number is not over 0.
    """
    if len(set(sizes)) < 2 or len(sizes) != len(values):
        raise ValueError(
            f"growth: {len(set(sizes))} different sizes and {len(values)} values "
            "give no exponent"
        )
    if min(*sizes, *values) <= 0:
        raise ValueError("growth: sizes and values must be over 0")
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def exponents(
    axis: str, sizes: Sequence[float], measured: Sequence[Mapping[str, float]]
) -> dict[str, float]:
    """Name both exponents of an axis with its range.

    Args:
        axis: What grows.
        sizes: Ascending.
        measured: ``seconds`` and ``gb`` at each size.

    Returns:
        That of time and that of memory, such as ``rows 100 to 400, memory``.
    """
    place = f"{axis} {sizes[0]:,} to {sizes[-1]:,}"
    return {
        f"{place}, {name}": exponent(sizes, [one[key] for one in measured])
        for name, key in (("time", "seconds"), ("memory", "gb"))
    }


def plan(
    axes: Mapping[str, tuple[str, Sequence[int]]], smallest: Size
) -> dict[str, list[Size]]:
    """Sizes to measure by axis, smallest first."""
    return {
        axis: [{**smallest, changed: value} for value in values]
        for axis, (changed, values) in axes.items()
    }


def time_sizes(*, sizes: Sequence[Size]) -> dict[str, list[float]]:
    """Train at every size, each in a fresh process.

    Returns:
        ``seconds`` of the counted steps and ``gb``, the peak over what was there before
        the data, by size.

    Raises:
        RuntimeError: If such a process fails.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.steps"])
    # The server starts with the first process, and imports once for them all.
    taken = [_in_own_process(context, size) for size in sizes]
    return {name: [x[name] for x in taken] for name in ("seconds", "gb")}


def train(size: Size) -> dict[str, float]:
    """Train once over the rows of a size with the product's own trainer."""
    from benchmarks.child import peak_gb
    from benchmarks.steps import train_product

    before = peak_gb()
    shape = Shape(items=size["items"], **CODES)
    rows = BATCH * (WARM_UP + size["steps"])
    log = even_log(shape, rows, size["history"], SEED)
    params = reference_params(SEED)
    seconds = train_product(
        item_table(shape, SEED), log, params, BATCH, warm_up=WARM_UP
    )
    return {"seconds": seconds * size["steps"], "gb": peak_gb() - before}


def even_log(shape: Shape, rows: int, history: int, seed: int) -> ClickLog:
    """Draw a log whose histories are all of one length, uncut."""
    rng = np.random.default_rng([seed, 2])
    label = rng.integers(0, 2, rows)
    return ClickLog(
        target=rng.integers(1, shape.items + 1, rows),
        history=rng.integers(1, shape.items + 1, rows * history, dtype=np.int32),
        offsets=np.arange(rows + 1) * history,
        statistics=np.empty((rows, 0), np.float32),
        statistic_names=(),
        label=label.astype(np.float32),
        fields=row_levels(rng, rows),
    )


def _in_own_process(context: BaseContext, size: Size) -> dict[str, float]:
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(theirs, size))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError as error:
        process.join()
        raise RuntimeError(
            f"training at {size} ended with {process.exitcode}; its own words are above"
        ) from error
    finally:
        process.join()


def _send(connection: Connection, size: Size) -> None:
    connection.send(train(size))


def run(
    rounds: int,
    measure: Callable[..., Mapping[str, object]] = measure,
    *,
    axes: Mapping[str, tuple[str, Sequence[int]]] = AXES,
    smallest: Size = SMALLEST,
) -> dict[str, object]:
    """Measure every size once a round, and fit the medians.

    Args:
        rounds: Rounds; medians are taken over them.
        measure: Runs a measurement by name.
        axes: What grows.
        smallest: The size at which the rest stays.

    Returns:
        Exponents of time and of memory by :func:`exponents`, and under ``measured``
        what they were fitted to.

    Raises:
        RuntimeError: If a child fails.
    """
    planned = plan(axes, smallest)
    sizes = [size for line in planned.values() for size in line]
    distinct = [size for i, size in enumerate(sizes) if size not in sizes[:i]]
    taken = []
    for place in range(rounds):
        sys.stderr.write(f"growth: round {place + 1} of {rounds}\n")
        taken.append(measure("growth_round", {"sizes": distinct}))
    middle = {
        name: [median(x[name][i] for x in taken) for i in range(len(distinct))]
        for name in ("seconds", "gb")
    }
    results: dict[str, object] = {}
    measured: dict[str, object] = {}
    for axis, (changed, values) in axes.items():
        places = [distinct.index(size) for size in planned[axis]]
        seconds, gb = ([middle[name][i] for i in places] for name in ("seconds", "gb"))
        scale = BATCH if changed == "steps" else 1
        by_size = [{"seconds": s, "gb": g} for s, g in zip(seconds, gb, strict=True)]
        counts = [value * scale for value in values]
        results |= exponents(axis, counts, by_size)
        measured[axis] = dict(zip(map(str, counts), by_size, strict=True))
    return {**results, "measured": measured}
