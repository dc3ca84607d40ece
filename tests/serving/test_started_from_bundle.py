"""A run that goes on from a bundle: what it keeps, what grows, what it refuses."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from later_runs import (
    LATER,
    LOG,
    NEW_ITEMS,
    later_params,
    run_later,
    write_later_log,
)
from project_runs import files_below, kedro_run, must_run, write_config
from safetensors.torch import load_file
from served_runs import bundle_of, requests_of_test, rich_params

from mmctr import Scorer
from mmctr.content.quantizers.item_codes import quantize_items
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.training.calibrated_weights import split_calibration
from mmctr.runtime.hashing import content_hash
from mmctr.serving.bundle import Bundle
from mmctr.serving.going_on import Start
from mmctr.serving.later_rows import rows_to_go_on_with


@pytest.fixture(scope="module")
def later(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose data set ``later`` went on without a step; only to be read."""
    copy = tmp_path_factory.mktemp("going_on") / "project"
    shutil.copytree(project, copy)
    write_later_log(copy / "raw", copy / "later")
    must_run(copy, *run_later(copy, later_params(copy, max_epochs=0, replay=0.0)))
    return copy


def as_requests(project: Path) -> pa.Table:
    """Rows of test in original ids, with the raw fields of users and log."""
    requests, _ = requests_of_test(project, "later")
    raw = {x: pq.read_table(project / "later" / f"{x}.parquet") for x in ("users", LOG)}
    country = dict(zip(*raw["users"].to_pydict().values(), strict=True))
    keys = ("user_id", "item_id", "timestamp")
    position = {tuple(row[x] for x in keys): row for row in raw[LOG].to_pylist()}
    rows = list(zip(*(requests[x].to_pylist() for x in keys), strict=True))
    columns = {
        "position": [position[row]["position"] for row in rows],
        "country": [country[row[0]] for row in rows],
    }
    for name, values in columns.items():
        requests = requests.append_column(name, pa.array(values))
    return requests


def test_without_a_step_rows_score_as_by_the_bundle(later):
    found = pq.read_table(
        later / "data" / "07_model_output" / "later" / "test_predictions.parquet"
    )
    parent = Scorer.load(bundle_of(later))
    parent.add_items(pq.read_table(later / "later" / "items.parquet")[:NEW_ITEMS])
    parent.observe(pq.read_table(later / "later" / f"{LOG}.parquet")[-LATER:])
    weights = load_file(bundle_of(later) / "weights.safetensors")
    calibration = split_calibration(weights, "platt")[1]
    scores = calibration.apply(found["raw_probability"].to_numpy())
    requests = as_requests(later)
    expected = parent.score_frame(requests)
    assert np.corrcoef(scores, expected)[0, 1] > 0.999
    assert np.abs(scores - expected).max() < 5e-4
    # Most of that is how rare words are: train has titles that it had not.
    state = parent._state
    items = Bundle.load(bundle_of(later, "later")).items
    known = items.filter(items["in_train"])["original_id"]
    in_train = pc.is_in(state.bundle.items["original_id"], known).to_numpy()
    source = replace(state.source, in_train=np.append(False, in_train))
    same_words = replace(state, source=source)
    expected = Scorer(same_words, "score").score_frame(requests)
    assert np.abs(scores - expected).max() < 1e-4


def test_what_was_fitted_is_kept_and_new_values_come_behind(later):
    before, after = (Bundle.load(bundle_of(later, x)) for x in ("rich", "later"))
    assert after.facts.parent == content_hash(bundle_of(later) / "manifest.json")
    assert before.facts.parent is None
    assert "Went on from the bundle" in after.card
    for name in before.vectors:
        assert np.array_equal(before.centers[name], after.centers[name])
        assert before.quantizer_settings[name] == after.quantizer_settings[name]
        for key, tensor in before.quantizer_weights[name].items():
            assert tensor.equal(after.quantizer_weights[name][key])
    old, new = ({x.name: x for x in each.fields.fields} for each in (before, after))
    assert list(old) == list(new)
    for name, field in old.items():
        assert new[name].values[: len(field.values)] == field.values
        assert (new[name].borders, new[name].mean) == (field.borders, field.mean)
    assert new["country"].values == [*old["country"].values, "fi"]
    report = later / "data" / "08_reporting" / "later" / "training.json"
    went_on = json.loads(report.read_text())["went_on_from"]
    assert went_on["replayed_rows"] == 0 < went_on["later_rows"]


def test_what_the_bundle_does_not_fit_is_refused_in_one_sentence(later):
    start = Start.load(bundle_of(later))
    facts = start.bundle.facts
    ids = start.bundle.items["original_id"]
    vectors = start.bundle.vectors["title"]
    log = {"kind": facts.dataset_kind, "clock": True}
    start.require_kind(log)
    start.require_vectors("title", ids, vectors)
    start.require_modalities(facts.modalities)
    with pytest.raises(ValueError, match="log of impressions with times, and this"):
        start.require_kind(log | {"kind": "clicks"})
    with pytest.raises(ValueError, match="lsa knows no new texts"):
        start.require_vectors("title", ids, vectors[::-1])
    with pytest.raises(ValueError, match="have 6 numbers, and those of this run 5"):
        start.center("image", 5)
    earlier = pa.table({"timestamp": [start.valid_from - 1], "group_id": [0]})
    with pytest.raises(ValueError, match="no row of train is later than those"):
        rows_to_go_on_with(earlier, start, facts.ctr)
    with pytest.raises(ValueError, match="has the modalities title, image"):
        start.require_modalities({"title": 1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"ctr_modeling": {"start_from": "nowhere"}},
            "nowhere is no folder; expected that of a bundle",
        ),
        (
            {"preparation": {"negative_keep": 0.5}},
            "with preparation.negative_keep=1.0, and this run has 0.5; give the same",
        ),
        (
            {"preparation": {"reading": {"label": {"threshold": 1.0}}}},
            "with preparation.reading.label.threshold=None, and this run has 1.0",
        ),
        ({"fields": {"bins": 7}}, "made with fields.bins=20, and"),
        (
            {"row_statistics": {"pair_reach": 5}},
            "made with row_statistics.pair_reach=50, and this run has 5",
        ),
        (
            {"ctr_modeling": {"features": {"crosses": []}}},
            "with ctr_modeling.features.crosses=['position*country'], and this run",
        ),
        (
            {"ctr_modeling": {"model": {"name": "qin"}}},
            "made with ctr_modeling.model.name=din, and this run has qin",
        ),
        (
            {"ctr_modeling": {"model": {"embedding_dim": 8}}},
            "made with ctr_modeling.model.embedding_dim=4, and this run has 8",
        ),
        (
            {"ctr_modeling": {"training": {"seeds": 2}}},
            "has 1 trainings, and ctr_modeling.training.seeds=2; give the same",
        ),
    ],
)
def test_other_parameters_end_a_run_before_any_work(later, change, message):
    # Files that are gone would be an error of the first node.
    change = {"raw_dir": str(later / "gone"), **change}
    output = refused_run(later, change)
    assert message in output
    assert "gone" not in output


def test_vectors_of_another_embedder_end_a_run_in_a_sentence(later):
    change = {"embedding": {"provider": "lsa", "lsa": {"dimensions": 8}}}
    output = refused_run(later, change, "--nodes", "embed_items")
    assert "have 384 numbers, and those of this run 7" in output


def refused_run(project: Path, change: dict, *arguments: str) -> str:
    """Output, in one line, of a run that goes on with other parameters."""
    before = files_below(project / "data" / "03_primary")
    params = merged(later_params(project, max_epochs=0, replay=0.0), change)
    options = {"env": "interactions", "params": params}
    config = write_config(project / "no.yml", **options)
    done = kedro_run(project, "--config", config, *arguments)
    assert done.exit_code == 1, done.output
    assert "Traceback" not in done.output
    assert files_below(project / "data" / "03_primary") == before
    return " ".join(done.output.split())


def merged(values: dict, change: dict) -> dict:
    """Values with others in their place, section by section."""
    both = {x for x in change if isinstance(values.get(x), dict)}
    return values | change | {x: merged(values[x], change[x]) for x in both}


def test_the_parts_and_unread_statistics_may_be_others(later):
    start = Start.load(bundle_of(later))
    facts = start.bundle.facts
    parts = facts.preparation.model_copy(update={"test_fraction": 0.05, "seed": 9})
    more = [*facts.row_statistics.kinds, "own"]
    statistics = facts.row_statistics.model_copy(update={"kinds": more})
    start.require_settings(parts, facts.fields, statistics, facts.ctr)


def test_what_is_said_of_quantisers_that_are_kept_is_named(later, caplog):
    start = Start.load(bundle_of(later))
    params = rich_params()["quantization"] | {"method": "pq", "seed": 1}
    cold = np.zeros(start.bundle.n_items, bool)
    quantize_items(
        dict(start.bundle.vectors),
        cold,
        QuantizationParams.model_validate(params),
        start.quantizers,
    )
    said = "encoded by the rq_kmeans quantiser of the bundle; of quantization this is"
    assert f"title vectors are {said} not used: method=pq, positions" in caplog.text
