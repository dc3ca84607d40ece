"""Results are named by all that they depend on, their code's versions included."""

import numpy as np
import pyarrow as pa
import pytest

from mmctr.content.quantizers import QuantizationParams
from mmctr.experiments import common

PARAMS = QuantizationParams(method="pq", seed=1)


@pytest.mark.parametrize(
    ("package", "names_codes"),
    [("QUANTIZERS_VERSION", True), ("CTR_VERSION", False), ("RESULT_VERSION", False)],
)
def test_a_raised_version_gives_new_names(monkeypatch, package, names_codes):
    """Of a package's own results, and of no others."""
    codes = common.codes_name(PARAMS, "items")
    training = common.training_hash(codes, {"lr": 1})
    monkeypatch.setattr(common, package, getattr(common, package) + 1)
    assert (common.codes_name(PARAMS, "items") != codes) == names_codes
    assert (common.training_hash(codes, {"lr": 1}) != training) != names_codes


def test_drawn_rows_are_those_of_the_version():
    """If this fails on purpose, raise mmctr.experiments.RESULT_VERSION."""
    table = pa.table({"group_id": np.repeat(np.arange(20), 3), "row": np.arange(60)})
    drawn = common.draw_rows(table, "group_id", 14, 7)
    assert drawn["row"].to_numpy().reshape(4, 3)[:, 0].tolist() == [9, 24, 36, 39]
