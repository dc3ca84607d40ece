"""Exported models give the probabilities of their bundle."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import REPOSITORY
from tiny_bundles import ITEMS, random_requests, tiny_scorer

from mmctr import Scorer
from mmctr.ctr.models import MODELS
from mmctr.runtime.sealed_folder import check_sealed
from mmctr.serving.errors import ExportError
from mmctr.serving.export.facts import ExportFacts
from mmctr.serving.export.fields import number_fields
from mmctr.serving.export.formats import FORMATS, Run
from mmctr.serving.export.model import Arrays, padded_rows
from mmctr.serving.export.parity import compare
from mmctr.serving.requests import of_frame

RICH = {
    "features": {
        "content": "codes+continuous+similarity+matches",
        "crosses": ["position*device", "position*clicked_position"],
    },
    "calibration": {"weights": [0.8, 1.2, -0.3], "logits": [], "calibrated": []},
}


PROGRAM_STARTS = """
import sys
sys.modules["mmctr"] = sys.modules["torch"] = None
exec(open("program.py").read())
"""
PROGRAM_ENDS = """
with open("requests.json") as file:
    requests = json.load(file)
scores = [score(x["history"], [x["item_id"]], x) for x in requests]
print(json.dumps([float(x[0]) for x in scores]))
"""


@pytest.fixture(scope="module")
def rich() -> Scorer:
    """A model that reads everything but row statistics."""
    return tiny_scorer(**RICH)


@pytest.fixture(scope="module")
def exported(rich: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its export, in another place than it was written to."""
    written = tmp_path_factory.mktemp("exports") / "written"
    rich.export(written, "onnx", "torch")
    return Path(shutil.move(written, written.with_name("moved")))


@pytest.fixture(scope="module")
def models(exported: Path) -> list[Run]:
    """The models of the folder."""
    return [own.load(exported / own.file) for own in FORMATS.values()]


def inputs_of(folder: Path, scorer: Scorer, requests: pa.Table) -> Arrays:
    """Requests as exported models take them."""
    facts = ExportFacts.model_validate_json((folder / "export.json").read_text())
    rows, _ = of_frame(scorer._state, requests)
    log = scorer._state.log(rows)
    numbers = number_fields(log.fields.specs, scorer._state.bundle.fields)
    return padded_rows(rows, log, facts.inputs, numbers)


@given(seed=st.integers(0, 2**31), count=st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_a_moved_export_scores_any_rows_as_the_bundle(
    rich, exported, models, seed, count
):
    requests = random_requests(np.random.default_rng(seed), count)
    expected = rich.score_frame(requests)
    inputs = inputs_of(exported, rich, requests)
    for run in models:
        assert run(inputs) == pytest.approx(expected, abs=1e-5)


def test_the_folder_says_what_it_takes_and_how_far_it_is_off(exported):
    check_sealed(exported)
    facts = json.loads((exported / "export.json").read_text())
    assert [each["name"] for each in facts["inputs"]] == [
        "target",
        "history",
        "field_codes",
        "field_values",
    ]
    assert set(facts["parity"]) == {"model.onnx", "model.pt2"}
    for each in facts["parity"].values():
        assert each["rows"] == 1000
        assert each["max_difference"] <= each["limit"] == 1e-5
    assert facts["codes"]["unknown"] == 2
    assert facts["encodings"]["device"]["codes"] == {"fax": 3, "tv": 4}
    assert facts["numbers"] == ["age"]
    cross, of_clicks = facts["fields"][-2:]
    assert (cross["of"], cross["columns"]) == (["position", "device"], [10])
    assert of_clicks["columns"] == [11, 12, 13, 14]
    assert facts["encodings"]["clicked_position"]["repeats"]


def test_the_documented_program_scores_without_this_project(rich, exported, tmp_path):
    page = (REPOSITORY / "docs" / "export.md").read_text("utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    assert len([line for line in code.splitlines() if line]) <= 30
    shutil.copytree(exported, tmp_path / "data" / "06_models" / "sample" / "export")
    requests = random_requests(np.random.default_rng(5), 60)
    (tmp_path / "program.py").write_text(code + PROGRAM_ENDS)
    (tmp_path / "requests.json").write_text(json.dumps(requests.to_pylist()))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM_STARTS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown, found = done.stdout.splitlines()
    alone = rich.score(ITEMS[:3], ITEMS[3:6])
    assert np.array(shown.strip("[]").split(), float) == pytest.approx(alone, abs=1e-5)
    assert json.loads(found) == pytest.approx(rich.score_frame(requests), abs=1e-5)


def test_a_model_that_differs_is_an_error_and_nothing_is_written(tmp_path, monkeypatch):
    scorer = tiny_scorer(features={"content": "none"}, fields=False)
    monkeypatch.setattr(
        "mmctr.ctr.models.padded.PaddedModel._pooled",
        lambda self, query, history, counted: query,
    )
    with pytest.raises(ExportError, match="model.pt2 is not written: .* differ"):
        scorer.export(tmp_path / "export", "torch")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("has_steps", "beyond"), [(False, 0), (True, 10)])
def test_rows_at_a_step_may_differ_and_few_of_them(has_steps, beyond):
    expected = np.linspace(0.1, 0.9, 1000)

    def run(rows):
        number = rows["number"]
        return expected[number] + np.where(number < beyond, 0.1, 1e-7)

    rows = {"number": np.arange(1000)}
    found = compare(run, rows, expected, "model.onnx", has_steps=has_steps)
    assert found.rows_at_a_step == beyond
    assert found.max_difference == pytest.approx(1e-7)
    beyond += 1
    with pytest.raises(ExportError, match=f"{beyond} of 1000 probabilities differ"):
        compare(run, rows, expected, "model.onnx", has_steps=has_steps)


def test_what_can_not_be_exported_is_one_sentence(rich, tmp_path, monkeypatch):
    with pytest.raises(ExportError, match="expected onnx or torch, got 'tensorrt'"):
        rich.export(tmp_path / "other", "tensorrt")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExportError, match=r"onnxruntime.*pip install 'mmctr\[export\]"):
        rich.export(tmp_path / "other")
    assert not list(tmp_path.iterdir())


STEPS = {"weights": [1, 1, 0], "logits": [-1.0, 0.1, 2], "calibrated": [-2.0, 0, 1]}
FORMS = {
    **{
        f"codes {entry}": {
            "features": {"content": "codes"},
            "model": {"code_entry": entry},
        }
        for entry in ("bag", "positional", "concat", "prefix")
    },
    "continuous": {"features": {"content": "continuous", "modalities": ["image"]}},
    "decoded": {"features": {"content": "continuous", "vectors": "decoded"}},
    "similarity": {
        "features": {"content": "similarity"},
        "model": {"similarity": {"counts": "share"}},
    },
    "matches": {"features": {"content": "matches", "item_id": False}},
    "no content": {
        "features": {"content": "none", "without": ["views"]},
        "fields": False,
    },
    "steps": {"features": {"content": "none"}, "calibration": STEPS, "seeds": 3},
    "no batch norm": {
        "features": {"content": "codes", "fields": ["interests"]},
        "model": {"batch_norm": False},
    },
}


@pytest.mark.system
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_exported(form, tmp_path, note_parity):
    scorer = tiny_scorer(**FORMS[form])
    scorer.export(tmp_path / "export", "onnx", "torch")
    note_parity(form, tmp_path / "export")
    requests = random_requests(np.random.default_rng(1), 50)
    expected = scorer.score_frame(requests)
    assert np.ptp(expected) > 1e-3
    inputs = inputs_of(tmp_path / "export", scorer, requests)
    for name, own in FORMATS.items():
        found = own.load(tmp_path / "export" / own.file)(inputs)
        assert found == pytest.approx(expected, abs=1e-5), name


@pytest.mark.system
def test_a_run_with_row_statistics_is_exported(shared, tmp_path, note_parity):
    shared.export(tmp_path / "export", "onnx", "torch")
    note_parity("row statistics", tmp_path / "export")
    facts = json.loads((tmp_path / "export" / "export.json").read_text())
    assert len(facts["statistics"]) > 50
    assert facts["inputs"][2]["shape"] == ["batch", len(facts["statistics"])]
    assert all(each["rows"] == 1000 for each in facts["parity"].values())


@pytest.mark.system
@pytest.mark.parametrize(
    ("name", "head"),
    [*((name, "own") for name in MODELS), ("din", "dcn_v2"), ("din", "quadratic")],
)
def test_every_model_and_head_is_exported(tmp_path, note_parity, name, head):
    """An export that scores otherwise than the bundle would be an error."""
    model = {"name": name, "head": head}
    scorer = tiny_scorer(features=RICH["features"], model=model)
    scorer.export(tmp_path / "export", "torch", "onnx")
    note_parity(f"{name}, head {head}", tmp_path / "export")
    found = scorer.explain(ITEMS[:3], ITEMS[4])
    assert found.attention.shape == (3,)
    assert found.attention.any() == (name != "target_only")
