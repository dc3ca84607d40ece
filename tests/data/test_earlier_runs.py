"""The latest runs beside the one whose metrics there are."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from past_runs import past_run

from mmctr.data.earlier_runs import compare_with_earlier_runs
from mmctr.data.judged_rows import JudgedRows
from mmctr.data.run_history import RunHistory
from mmctr.evaluation import EvaluationParams
from mmctr.evaluation.metrics import auc

USERS = 12
LABELS = np.tile([1, 0], USERS).astype(np.int8)
PARAMS = EvaluationParams(resamples=20, seed=1)
MANIFEST = {
    "seed": 1,
    "made": {
        "metrics": {
            "at": "now",
            "parameters": {"ctr_modeling.training.loss": "bce+pairwise"},
            "inputs": {"source": {"items.parquet": "0f"}},
        }
    },
}


def rows_of(labels: np.ndarray = LABELS) -> JudgedRows:
    users = np.repeat(np.arange(USERS), 2)
    rows = pa.table({"group_id": users, "label": labels})
    return JudgedRows.of(rows, pa.table({"user_id": users, "item_id": users}))


def scores(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.1, 0.9, 2 * USERS)


@pytest.fixture
def history(tmp_path: Path) -> RunHistory:
    """Seven runs; the first of the latest five was judged by other rows."""
    history = RunHistory(tmp_path / "history")
    for seed in range(7):
        rows = rows_of(LABELS[::-1]) if seed == 2 else rows_of()

        def describe(number: int, key: str = rows.key):
            return past_run(number, rows_key=key)

        history.add(describe, rows, scores(seed), 9)
    return history


def test_the_latest_five_are_compared_where_rows_are_the_same(history):
    history.keep_report(history.runs()[-1], "page")
    found = compare_with_earlier_runs(
        history, MANIFEST, "test", rows_of(), scores(9), PARAMS
    )
    runs = found["runs"]
    assert [run["number"] for run in runs] == [7, 6, 5, 4, 3]
    assert [run["minus"] is None for run in runs] == [*[False] * 4, True]
    assert [run["report"] for run in runs] == ["history/0007.html", *[None] * 4]
    own = auc(LABELS, scores(9))
    assert found["measures"]["auc"] == pytest.approx(own)
    expected = own - auc(LABELS, scores(6))
    assert runs[0]["minus"]["auc"]["delta"] == pytest.approx(expected)
    loss = {"ctr_modeling.training.loss": ("bce+pairwise", "bce")}
    assert runs[0]["differs"] == loss
    assert runs[0]["inputs"] == []


def test_the_run_itself_is_not_among_them(history):
    at = history.runs()[-1].at
    metrics = MANIFEST["made"]["metrics"] | {"at": at}
    found = compare_with_earlier_runs(
        history,
        MANIFEST | {"made": {"metrics": metrics}},
        "test",
        rows_of(),
        scores(6),
        PARAMS,
    )
    assert [run["number"] for run in found["runs"]] == [6, 5, 4, 3, 2]


def test_without_an_earlier_run_there_are_its_own_measures(tmp_path):
    found = compare_with_earlier_runs(
        RunHistory(tmp_path), MANIFEST, "test", rows_of(), scores(1), PARAMS
    )
    assert found["runs"] == []
    assert found["measures"]["auc"] is not None
