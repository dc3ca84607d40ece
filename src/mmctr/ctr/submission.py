"""Predictions as the challenge takes them."""

import numpy as np
import pandas as pd
import pyarrow as pa

from mmctr.ctr.params import CtrParams

_SUBMIT_AGAIN = "rebuild it with kedro run --nodes build_submission,check_submission"


def build_submission(test_predictions: pa.Table, params: CtrParams) -> pd.DataFrame:
    """Write the probabilities in the challenge's format.

    Args:
        test_predictions: Probabilities in the order of the rows.
        params: Header of the column.

    Returns:
        ``ID`` (row number from 0) and the probabilities, float64, in order.
    """
    return pd.DataFrame(
        {
            "ID": np.arange(test_predictions.num_rows),
            params.submission.column: test_predictions["probability"].to_numpy(),
        }
    )


def check_submission(
    submission: pd.DataFrame, test_predictions: pa.Table, params: CtrParams
) -> dict[str, object]:
    """Check the submission that was read back from its file.

    Args:
        submission: The file's content.
        test_predictions: What it was made from.
        params: Header of the column.

    Returns:
        ``rows``, ``columns`` and the ``lowest`` and ``highest`` probability.

    Raises:
        ValueError: If header, rows, ids or probabilities are wrong, or differ from
            the predictions.
    """
    column = params.submission.column
    expected = ["ID", column]
    if list(submission.columns) != expected:
        raise ValueError(
            f"submission: expected header {expected}, got {list(submission.columns)}; "
            f"{_SUBMIT_AGAIN}"
        )
    rows, ids = test_predictions.num_rows, submission["ID"]
    if not (ids.dtype.kind == "i" and np.array_equal(ids, np.arange(rows))):
        raise ValueError(
            f"submission: expected ID 0 to {rows - 1} in order, got {len(ids)} rows; "
            f"{_SUBMIT_AGAIN}"
        )
    given = submission[column]
    # True and False would count as 1 and 0.
    given = given.astype(str) if given.dtype == bool else given
    values = pd.to_numeric(given, errors="coerce")
    wrong = np.flatnonzero(~((values >= 0) & (values <= 1)))
    if wrong.size:
        raise ValueError(
            f"submission: column '{column}' must hold probabilities within 0 and 1; "
            f"rows {wrong[:5].tolist()} do not; {_SUBMIT_AGAIN}"
        )
    wrong = np.flatnonzero(values != test_predictions["probability"].to_numpy())
    if wrong.size:
        raise ValueError(
            f"submission: column '{column}' differs from test_predictions in rows "
            f"{wrong[:5].tolist()}; {_SUBMIT_AGAIN}"
        )
    return {
        "rows": rows,
        "columns": expected,
        "lowest": float(values.min()),
        "highest": float(values.max()),
    }
