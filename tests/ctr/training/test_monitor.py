"""The check before training that the validation rows define the monitor."""

import numpy as np
import pytest

from mmctr.ctr.training.monitor import is_better, require_defined_monitor

MIXED = np.array([0.0, 1.0, 1.0, 0.0])
IN_GROUPS, BY_GROUP = np.array([1, 1, 2, 2]), np.array([1, 2, 2, 1])


@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("monitor", ["auc", "gauc", "logloss"])
def test_one_class_is_refused(label, monitor):
    with pytest.raises(ValueError, match=rf"holds \[{label}\] .* AUC is undefined"):
        require_defined_monitor(np.full(4, label), IN_GROUPS, monitor)


def test_groups_of_one_class_are_refused_for_gauc_only():
    with pytest.raises(ValueError, match="no group of 'group_id'"):
        require_defined_monitor(MIXED, BY_GROUP, "gauc")
    require_defined_monitor(MIXED, BY_GROUP, "auc")
    require_defined_monitor(MIXED, IN_GROUPS, "gauc")


@pytest.mark.parametrize(
    ("monitor", "value", "best", "expected"),
    [
        ("auc", 0.7, 0.6, True),
        ("gauc", 0.6, 0.6, False),
        ("logloss", 0.4, 0.5, True),
        ("logloss", 0.6, 0.5, False),
        ("logloss", 0.6, None, True),
        ("auc", float("nan"), None, False),
        ("logloss", float("nan"), 0.5, False),
    ],
)
def test_a_value_beats_the_best_one_in_the_monitors_direction(
    monitor, value, best, expected
):
    assert is_better(monitor, value, best) == expected
