"""Whether an exported model gives the probabilities of its bundle."""

import numpy as np
import pyarrow as pa

from mmctr.serving.errors import ExportError
from mmctr.serving.export.facts import Parity
from mmctr.serving.export.formats import Run
from mmctr.serving.export.model import Arrays
from mmctr.serving.requests import Requests, of_frame
from mmctr.serving.state import ScoringState

ROWS = 1_000
"""Rows that are compared."""

LIMIT = 1e-5
"""Largest difference of probabilities."""

AT_A_STEP = 0.01
"""Largest share of rows beyond it, in models with steps."""

_AT_ONCE = 128


def rows_to_compare(state: ScoringState, count: int = ROWS) -> Requests:
    """The bundle's own requests, then more of its items with the rest of these.

    Among them are empty histories, histories longer than the model reads, and unknown
    targets.
    """
    sample, _ = of_frame(state, state.bundle.sample)
    known = len(sample.items)
    more = count - known
    rng = np.random.default_rng(0)
    longest = state.bundle.facts.ctr.training.max_history
    lengths = rng.integers(1, longest + 1, more)
    lengths[::10], lengths[1::10] = 0, longest + 3
    targets = rng.integers(1, state.bundle.n_items + 1, more)
    targets[2::50] = 0
    past = rng.integers(1, state.bundle.n_items + 1, int(lengths.sum()))
    places = np.append(np.arange(known), rng.integers(0, known, more))
    chosen = pa.array(places)
    return Requests(
        items=np.append(sample.items, targets),
        history=np.append(sample.history, past),
        offsets=np.append(sample.offsets, sample.offsets[-1] + np.cumsum(lengths)),
        users=sample.users.take(chosen),
        as_of=None if sample.as_of is None else sample.as_of[places],
        columns={
            name: column.combine_chunks().take(chosen)
            for name, column in sample.columns.items()
        },
    )


def compare(
    run: Run, rows: Arrays, expected: np.ndarray, file: str, *, has_steps: bool
) -> Parity:
    """Compare an exported model with its bundle, in batches of several sizes.

    Args:
        run: The model.
        rows: Its inputs.
        expected: ``[R]`` float64, of the bundle.
        file: Its name, for the message.
        has_steps: Whether rounding can move a row from one side of a step to another.

    Raises:
        ExportError: If it differs.
    """
    count = len(expected)
    ends = [0, 1, *range(_AT_ONCE, count, _AT_ONCE), count]
    found = np.concatenate(
        [
            run({name: array[start:end] for name, array in rows.items()})
            for start, end in zip(ends[:-1], ends[1:], strict=True)
        ]
    )
    differences = np.abs(found - expected)
    beyond = ~(differences <= LIMIT)
    allowed = int(AT_A_STEP * count) if has_steps else 0
    if beyond.sum() > allowed:
        raise ExportError(
            f"{file} is not written: {int(beyond.sum())} of {count} probabilities "
            f"differ from the bundle's by more than {LIMIT:g}, by up to "
            f"{differences.max():.2g}; install the versions that pyproject.toml names "
            "for the extra export"
        )
    return Parity(
        rows=count,
        max_difference=float(differences[~beyond].max(initial=0)),
        limit=LIMIT,
        rows_at_a_step=int(beyond.sum()),
    )
