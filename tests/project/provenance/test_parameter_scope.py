"""A node depends on the parameters that it reads, and on no other."""

import copy
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader
from paths import CONF

from mmctr.pipeline_registry import register_pipelines
from mmctr.project.params import check_parameters
from mmctr.project.paths import FILES_READ
from mmctr.project.provenance import parameter_scope
from mmctr.project.provenance.parameter_scope import (
    CODE_READ,
    named_files,
    relevant_parameters,
)

NODES = {
    node.name: node for pipe in register_pipelines().values() for node in pipe.nodes
}


@pytest.fixture(scope="module")
def tree() -> dict[str, Any]:
    """The parameters of base, as a run has them."""
    loader = OmegaConfigLoader(
        conf_source=str(CONF), base_env="base", default_run_env="base"
    )
    return check_parameters(dict(loader["parameters"])).model_dump(mode="json")


def read_by(node: str, tree: dict[str, Any], **changes: object) -> dict[str, Any]:
    """What a node depends on; ``a__b=1`` changes ``a.b``."""
    tree = copy.deepcopy(tree)
    for path, value in changes.items():
        *sections, name = path.split("__")
        section = tree
        for part in sections:
            section = section[part]
        section[name] = value
    return relevant_parameters(node, NODES[node].inputs, tree)


@pytest.mark.parametrize(
    ("node", "change", "counts"),
    [
        ("train_model", {"ctr_modeling__training__learning_rate": 0.5}, True),
        ("train_model", {"ctr_modeling__model__dnn_units": [8]}, True),
        ("train_model", {"ctr_modeling__training__warmup_steps": 9}, True),
        ("train_model", {"ctr_modeling__training__lr_patience": 9}, True),
        ("train_model", {"ctr_modeling__training__loss": "bce+pairwise"}, True),
        ("train_model", {"ctr_modeling__training__loss_weight": 0.4}, False),
        ("train_model", {"ctr_modeling__training__pairs": "group"}, False),
        ("train_model", {"ctr_modeling__seed": 1}, True),
        ("train_model", {"ctr_modeling__evaluation__resamples": 7}, False),
        ("train_model", {"ctr_modeling__calibration__method": "off"}, False),
        ("predict_test", {"ctr_modeling__calibration__method": "off"}, True),
        ("plan_ablation", {"ctr_modeling__calibration__method": "off"}, False),
        ("train_model", {"ctr_modeling__device": "cuda"}, False),
        ("train_model", {"ctr_modeling__checkpoint__every_steps": 7}, False),
        ("train_model", {"ctr_modeling__checkpoint__folder": "x"}, False),
        ("train_model", {"ctr_modeling__progress": True}, False),
        ("train_model", {"ctr_modeling__training__keep_memory": False}, False),
        ("train_model", {"ctr_modeling__model__similarity__buckets": 3}, False),
        ("train_model", {"ctr_modeling__model__mhta__heads": 2}, False),
        ("train_model", {"ctr_modeling__model__quadratic__terms": 2}, False),
        ("train_model", {"quantization__method": "pq"}, False),
        ("evaluate_predictions", {"ctr_modeling__evaluation__resamples": 7}, True),
        ("evaluate_predictions", {"ctr_modeling__training__patience": 7}, False),
        ("score_by_trees", {"baselines__boosted_trees__num_leaves": 7}, True),
        ("score_by_trees", {"baselines__threads": 2}, False),
        ("build_submission", {"ctr_modeling__submission__column": "x"}, True),
        ("predict_test", {"ctr_modeling__training__max_history": 3}, True),
        ("quantize_items", {"quantization__method": "pq"}, True),
        ("quantize_items", {"quantization__rq_kmeans__levels": 2}, True),
        ("quantize_items", {"quantization__pq__positions": 2}, False),
        ("plan_ablation", {"quantization__pq__positions": 2}, True),
        ("embed_items", {"embedding__openai__model": "other"}, False),
        ("embed_items", {"embedding__images__path": "covers"}, True),
        ("embed_items", {"embedding__images__batch_size": 1}, False),
        ("embed_items", {"embedding__images__modality": "x"}, True),
        ("embed_items", {"embedding__provider": "lsa"}, True),
        ("embed_items", {"embedding__precomputed__dimensions": 3}, False),
        ("embed_items", {"embedding__modalities__image__center": True}, True),
        ("quantize_items", {"quantization__modalities": {"tag": {}}}, True),
    ],
)
def test_a_parameter_counts_where_it_is_read(tree, node, change, counts):
    assert (read_by(node, tree, **change) != read_by(node, tree)) is counts


@pytest.mark.parametrize(
    ("provider", "counts"), [("lsa", True), ("openai", False), ("own:Embedder", True)]
)
def test_the_seed_counts_where_an_embedder_may_draw(tree, provider, counts):
    chosen = {"embedding__provider": provider}
    one = read_by("embed_items", tree, **chosen)
    assert (one != read_by("embed_items", tree, **chosen, embedding__seed=7)) is counts


def test_a_provider_counts_once_it_is_chosen(tree):
    chosen = {"embedding__provider": "openai"}
    one = read_by("embed_items", tree, **chosen)
    for name, counts in (("model", True), ("request_size", False), ("mode", False)):
        other = read_by(
            "embed_items", tree, **chosen, **{f"embedding__openai__{name}": "x"}
        )
        assert (one != other) is counts, name


def test_a_modality_with_a_file_reads_what_is_said_of_files(tree):
    tree = copy.deepcopy(tree)
    tree["embedding"]["modalities"]["words"] = {"column": "w", "path": "words.npy"}
    other = read_by("embed_items", tree, embedding__precomputed__dimensions=3)
    assert other != read_by("embed_items", tree)


def test_a_method_counts_once_a_modality_has_it(tree):
    chosen = {"quantization__modalities": {"tag": {"method": "pq"}}}
    one = read_by("quantize_items", tree, **chosen)
    other = read_by("quantize_items", tree, **chosen, quantization__pq__positions=2)
    assert one != other


@pytest.mark.parametrize(
    ("model", "head", "section", "counts"),
    [
        ("mhta", "own", "mhta__heads", True),
        ("mhta", "own", "stca__heads", False),
        ("qin", "own", "quadratic__terms", True),
        ("qin", "mlp", "quadratic__terms", False),
        ("din", "dcn_v2", "dcn_v2__layers", True),
        ("my.models:Own", "own", "stca__heads", True),
    ],
)
def test_settings_of_a_model_count_where_it_reads_them(
    tree, model, head, section, counts
):
    chosen = {
        "ctr_modeling__model__name": model,
        "ctr_modeling__model__head": head,
    }
    one = read_by("train_model", tree, **chosen)
    change = {f"ctr_modeling__model__{section}": 5}
    assert (one != read_by("train_model", tree, **chosen, **change)) is counts


def test_settings_of_a_loss_count_once_it_is_chosen(tree):
    listwise = {"ctr_modeling__training__loss": "bce+listwise"}
    one = read_by("train_model", tree, **listwise)
    for name, value, counts in (("loss_weight", 0.4, True), ("pairs", "group", False)):
        change = {f"ctr_modeling__training__{name}": value}
        assert (one != read_by("train_model", tree, **listwise, **change)) is counts


def test_settings_of_priors_count_once_they_are_computed(tree):
    node, change = "compute_row_statistics", {"row_statistics__prior_codes": 2}
    assert read_by(node, tree, **change) == read_by(node, tree)
    chosen = {"row_statistics__kinds": ["priors"]}
    one = read_by(node, tree, **chosen)
    assert one != read_by(node, tree, **chosen, **change)


def test_settings_of_the_other_schedule_do_not_count(tree):
    chosen = {"ctr_modeling__training__schedule": "cosine"}
    one = read_by("train_model", tree, **chosen)
    for name, counts in (("lr_factor", False), ("warmup_steps", True)):
        changed = {f"ctr_modeling__training__{name}": 7}
        assert (one != read_by("train_model", tree, **chosen, **changed)) is counts


def test_every_name_in_the_tables_is_there(tree):
    leaves = {
        name
        for name, _ in parameter_scope._leaves(tree, "")  # with a dot in front
    }
    tables = [parameter_scope.WITHOUT_EFFECT, *parameter_scope.READ.values()]
    tables += [*parameter_scope.UNREAD.values(), FILES_READ, CODE_READ]
    for pattern in {x for table in tables for x in table}:
        assert any(parameter_scope._matches(x[1:], (pattern,)) for x in leaves), pattern
    assert set(parameter_scope.READ) | set(parameter_scope.UNREAD) <= set(NODES)


def test_files_that_parameters_name_are_inputs(tmp_path):
    file = tmp_path / "vectors.npy"
    relevant = {"embedding.precomputed.path": file.name, "embedding.provider": "x"}
    assert named_files(relevant, tmp_path) == {}
    file.touch()
    assert named_files(relevant, tmp_path) == {"embedding.precomputed.path": file}


def test_modules_of_own_code_are_files_that_are_named(tmp_path, monkeypatch):
    """Each by its parameter; names of the project's own are none."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "named_things.py").write_text("")
    path = tmp_path / "named_things.py"
    relevant = {
        "quantization.method": "rq_kmeans",
        "quantization.modalities.image.method": "named_things:A",
        "embedding.provider": "nowhere:B",
        "embedding.modalities.title.provider": None,
        "ctr_modeling.evaluation.metrics": ["named_things:c", "named_things:d"],
    }
    assert named_files(relevant, tmp_path) == {
        "quantization.modalities.image.method=named_things:A": path,
        "ctr_modeling.evaluation.metrics=named_things:c": path,
        "ctr_modeling.evaluation.metrics=named_things:d": path,
    }
