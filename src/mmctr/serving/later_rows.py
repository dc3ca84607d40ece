"""The rows that a training goes on with: later ones, and some of those it had."""

import logging
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from mmctr.ctr.params import CtrParams

if TYPE_CHECKING:
    from mmctr.serving.going_on import Start

logger = logging.getLogger(__name__)


def rows_to_go_on_with(
    train: pa.Table, start: "Start", params: CtrParams
) -> tuple[pa.Table, dict[str, Any]]:
    """Choose the rows of train that the bundle was not trained on, and replayed ones.

    Args:
        train: Labelled rows.
        start: The bundle.
        params: Share of the earlier rows, seed.

    Returns:
        The rows, and ``went_on_from`` for the history of the training.

    Raises:
        ValueError: If no row is later.
    """
    from mmctr.ctr.training.going_on import replayed_rows

    times = train["timestamp"]
    is_later = pc.fill_null(pc.greater_equal(times, start.valid_from), False)
    later = is_later.to_numpy()
    if not later.any():
        raise ValueError(
            "ctr_modeling.start_from: no row of train is later than those that the "
            f"bundle was trained on; expected a time from {start.valid_from} on, got "
            f"{pc.max(times).as_py()} at the latest. Give the log with its later rows, "
            "or lower preparation.valid_fraction and test_fraction"
        )
    groups, replay = train["group_id"].to_numpy(), params.going_on.replay
    chosen = replayed_rows(later, groups, replay, params.seed)
    counts = {
        "bundle": start.hash,
        "later_rows": int(later.sum()),
        "earlier_rows": int((~later).sum()),
        "replayed_rows": int(len(chosen) - later.sum()),
    }
    logger.info(
        "training goes on from bundle %s: %s later rows, and %s of %s earlier ones",
        start.hash[:12],
        *(f"{counts[x]:,}" for x in ("later_rows", "replayed_rows", "earlier_rows")),
    )
    return train.take(pa.array(chosen)), {"went_on_from": counts}
