"""What a field alone says of the label."""

import numpy as np
import pytest

from mmctr.evaluation.field_audit import AuditedField, audit_field

MISSING = 1
ROWS = 600


def field(codes: np.ndarray, lengths: np.ndarray | None = None, values=None):
    lengths = np.ones(len(codes), np.int64) if lengths is None else lengths
    return AuditedField("item", "tags", codes, lengths, {"missing": MISSING}, values)


def coin(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, ROWS)


def test_values_are_scored_by_their_click_rate_in_train():
    codes = np.random.default_rng(0).integers(4, 10, ROWS)
    labels = (codes % 2).astype(np.int64)
    found = audit_field(field(codes), 1 - labels, field(codes), labels, None)
    assert found["auc"] == 0.0
    assert found["values"] == 6
    assert found["auc_value"] is None
    found = audit_field(field(codes), None, field(codes), labels, None)
    assert (found["auc"], found["values"]) == (None, 6)


def test_train_rows_do_not_score_themselves():
    codes, labels = np.arange(4, 4 + ROWS), coin(1)
    fold = np.arange(ROWS) % 2 == 0
    found = audit_field(field(codes), labels, field(codes), labels, fold)
    assert abs(found["auc"] - 0.5) < 0.05
    assert audit_field(field(codes), labels, field(codes), labels, None)["auc"] == 1.0


def test_a_row_has_the_mean_of_its_tags_and_one_without_tags_the_prior():
    lengths = np.resize([2, 1, 0], ROWS)
    codes = np.resize([4, 5, 4], lengths.sum())
    labels = np.resize([1, 1, 0], ROWS)
    found = audit_field(
        field(codes, lengths), labels, field(codes, lengths), labels, None
    )
    assert found["auc"] == 1.0


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_shares_of_what_has_no_value_are_counted_by_row(share):
    codes = np.full(ROWS, 4)
    codes[: int(ROWS * share)] = MISSING
    numbers = np.where(codes == MISSING, np.nan, coin(2)).astype(np.float32)
    rows = field(codes, values=numbers)
    found = audit_field(rows, coin(2), rows, coin(2), None)
    assert found["shares"] == {"missing": share}
    assert found["auc_value"] == 1.0
