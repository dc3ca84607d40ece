"""The audit finds the leaks that were planted, and none where there is none."""

import numpy as np
import pytest

from mmctr.evaluation import AuditedRows, audit_splits

N_ITEMS = 50
OWN_LEVELS = np.arange(N_ITEMS) % 11


def rows(seed: int, *, users: range, **changes: object) -> AuditedRows:
    """400 rows whose labels are a coin's, with some fields replaced."""
    rng = np.random.default_rng(seed)
    items = rng.integers(1, N_ITEMS - 4, 400)
    lengths = rng.integers(1, 9, 400)
    fields = {
        "users": rng.choice(users, 400),
        "items": items,
        "history": rng.integers(1, N_ITEMS - 4, lengths.sum()),
        "history_lengths": lengths,
        "levels": {"likes_level": OWN_LEVELS[items - 1]},
        "labels": (rng.random(400) < 0.25).astype(int),
    }
    return AuditedRows(**{**fields, **changes})


def audit(**changes: object) -> dict:
    """The audit of a valid part with some fields replaced."""
    splits = {
        "train": rows(0, users=range(100)),
        "valid": rows(1, users=range(90, 200), **changes),
    }
    return audit_splits(splits, {"likes_level": OWN_LEVELS}, N_ITEMS)


def test_nothing_leaks_in_random_rows():
    report = audit()
    for split in report.values():
        assert split["rows"] == 400
        assert split["positive_rate"] == pytest.approx(0.25, abs=0.08)
        assert split["likes_level_equals_items"] == 1.0
        assert split["auc_likes_level_minus_items"] == 0.5
        for name in ("auc_item_only", "auc_history_length", "auc_likes_level"):
            assert split[name] == pytest.approx(0.5, abs=0.1)


def test_shared_users_and_cold_targets_are_counted():
    items = np.full(400, N_ITEMS)
    items[:100] = 1
    report = audit(items=items)
    shared = set(rows(0, users=range(100)).users) & set(
        rows(1, users=range(90, 200)).users
    )
    assert report["valid"]["users_shared_with"] == {"train": len(shared)}
    assert report["valid"]["cold_target_share"] == 0.75
    assert report["train"]["cold_target_share"] == 0.0


def test_a_label_in_the_row_level_is_found():
    valid = rows(1, users=range(90, 200))
    own = OWN_LEVELS[valid.items - 1]
    report = audit(levels={"likes_level": own + valid.labels})
    assert report["valid"]["auc_likes_level_minus_items"] == 1.0
    assert report["valid"]["likes_level_equals_items"] == pytest.approx(
        1 - valid.labels.mean()
    )


def test_a_label_in_the_history_length_is_found():
    labels = rows(1, users=range(90, 200)).labels
    lengths = labels + 3
    history = np.ones(lengths.sum(), int)
    found = audit(history_lengths=lengths, history=history)["valid"]
    assert found["auc_history_length"] == 1.0


def test_repeats_that_are_always_clicked_are_found():
    plain = rows(1, users=range(90, 200))
    other = plain.items % 40 + 1
    history = np.where(plain.labels == 1, plain.items, other)
    found = audit(history_lengths=np.ones(400, int), history=history)["valid"]
    assert found["auc_seen_before"] == 1.0
    assert found["auc_history_length"] == 0.5


def test_a_label_in_the_item_is_found_out_of_sample_in_train_too():
    def by_item(seed: int, users: range) -> AuditedRows:
        plain = rows(seed, users=users)
        return rows(seed, users=users, labels=plain.items % 2)

    splits = {"train": by_item(0, range(100)), "valid": by_item(1, range(100, 200))}
    report = audit_splits(splits, {"likes_level": OWN_LEVELS}, N_ITEMS)
    assert report["train"]["auc_item_only"] > 0.9
    assert report["valid"]["auc_item_only"] > 0.9


def test_train_rows_do_not_score_themselves():
    """Each item occurs once: its clicks say nothing about another row."""
    items = np.arange(1, N_ITEMS + 1)
    train = AuditedRows(
        users=np.arange(N_ITEMS),
        items=items,
        history=items,
        history_lengths=np.ones(N_ITEMS, int),
        levels={},
        labels=items % 2,
    )
    report = audit_splits({"train": train}, {}, N_ITEMS)
    assert report["train"]["auc_item_only"] == 0.5


def test_an_unlabelled_part_has_no_aucs():
    report = audit(labels=None)["valid"]
    assert report["positive_rate"] is None
    assert report["auc_item_only"] is None
    assert report["cold_target_share"] == 0.0


def test_an_item_that_train_lacks_has_the_click_rate_of_impressions():
    """Few are clicked: a higher one would put such items before all others."""
    labels = np.r_[1, np.zeros(39, int)]

    def impressions(items: np.ndarray, labels: np.ndarray) -> AuditedRows:
        return AuditedRows(
            users=np.arange(len(items)),
            items=items,
            history=np.zeros(0, int),
            history_lengths=np.zeros(len(items), int),
            levels={"likes_level": OWN_LEVELS[items - 1]},
            labels=labels,
        )

    splits = {
        "train": impressions(np.repeat([1, 2], 20), labels),
        "valid": impressions(np.array([1, 3]), np.array([1, 0])),
    }
    report = audit_splits(splits, {}, N_ITEMS, are_impressions=True)
    assert report["valid"]["auc_item_only"] == 1.0
