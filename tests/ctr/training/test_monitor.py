"""The check before training that the validation rows define the monitor."""

import numpy as np
import pytest

from mmctr.ctr.training.monitor import require_defined_monitor

MIXED = np.array([0.0, 1.0, 1.0, 0.0])
IN_GROUPS, BY_GROUP = np.array([1, 1, 2, 2]), np.array([1, 2, 2, 1])


@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("monitor", ["auc", "gauc"])
def test_one_class_is_refused(label, monitor):
    with pytest.raises(ValueError, match=rf"holds \[{label}\] .* AUC is undefined"):
        require_defined_monitor(np.full(4, label), IN_GROUPS, monitor)


def test_groups_of_one_class_are_refused_for_gauc_only():
    with pytest.raises(ValueError, match="no group of 'group_id'"):
        require_defined_monitor(MIXED, BY_GROUP, "gauc")
    require_defined_monitor(MIXED, BY_GROUP, "auc")
    require_defined_monitor(MIXED, IN_GROUPS, "gauc")
