"""Results are named by all that they depend on, their code's versions included."""

import numpy as np
import pyarrow as pa
import pytest
from ablation_worlds import ctr_params, quantization_params

from mmctr.evaluation.calibration_params import CalibrationParams
from mmctr.experiments import common, varied_params
from mmctr.experiments.varied_params import VariedParams

INPUTS = {"items": "of the items", "train": "of train", "modalities": ["title"]}
MODEL = VariedParams(quantization=quantization_params(), ctr_modeling=ctr_params())


@pytest.mark.parametrize(
    ("module", "package", "names_codes"),
    [
        (varied_params, "QUANTIZERS_VERSION", True),
        (common, "CTR_VERSION", False),
        (common, "RESULT_VERSION", False),
    ],
)
def test_a_raised_version_gives_new_names(monkeypatch, module, package, names_codes):
    """Of a package's own results, and of no others."""
    codes = MODEL.codes_name(INPUTS)
    training = common.training_hash(codes, {"lr": 1})
    monkeypatch.setattr(module, package, getattr(module, package) + 1)
    assert (MODEL.codes_name(INPUTS) != codes) == names_codes
    assert (common.training_hash(codes, {"lr": 1}) != training) != names_codes


@pytest.mark.parametrize("name", ["items", "train", "modalities"])
def test_other_inputs_give_codes_another_name(name):
    assert MODEL.codes_name({**INPUTS, name: "another"}) != MODEL.codes_name(INPUTS)


def test_another_health_check_gives_codes_another_name():
    params = quantization_params()
    health = params.health.model_copy(update={"min_perplexity_share": 0.125})
    params = params.model_copy(update={"health": health})
    other = VariedParams(quantization=params, ctr_modeling=ctr_params())
    assert other.codes_name(INPUTS) != MODEL.codes_name(INPUTS)


def test_edited_code_of_ones_own_has_another_name(tmp_path, monkeypatch):
    """A quantiser and a model may be values of arms and trials, like others."""
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "own_varied.py"
    module.write_text(
        "from mmctr.content.quantizers.rq_kmeans import RQKMeans\n"
        "from mmctr.content.quantizers.method_params import RQKMeansParams\n"
        "class Own(RQKMeans):\n    Settings = RQKMeansParams\n"
    )
    own = {"method": "own_varied:Own", "options": {"levels": 3}}
    model = {"model": {"name": "own_varied:Own"}}
    varied = MODEL.override({"quantization": own, "ctr_modeling": model})
    assert varied.quantization.own.levels == 3
    before = varied.codes_name(INPUTS), varied.result_settings
    assert before == (varied.codes_name(INPUTS), varied.result_settings)
    module.write_text(module.read_text() + "# edited\n")
    assert varied.codes_name(INPUTS) != before[0]
    for now, then in zip(varied.result_settings, before[1], strict=True):
        assert now != then


def test_calibration_changes_no_result_of_an_experiment():
    calibration = CalibrationParams(method="off")
    other = ctr_params().model_copy(update={"calibration": calibration})
    assert other != ctr_params()
    model = VariedParams(quantization=quantization_params(), ctr_modeling=other)
    assert model.result_settings == MODEL.result_settings


def test_drawn_rows_are_those_of_the_version():
    """If this fails on purpose, raise mmctr.experiments.RESULT_VERSION."""
    table = pa.table({"group_id": np.repeat(np.arange(20), 3), "row": np.arange(60)})
    drawn = common.draw_rows(table, "group_id", 14, 7)
    assert drawn["row"].to_numpy().reshape(4, 3)[:, 0].tolist() == [9, 24, 36, 39]
