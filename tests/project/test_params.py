"""One check for every parameter there is."""

import copy
from typing import Any

import pytest
from configured_params import changed, configured_params

from mmctr.project.params import ProjectParams, check_parameters


@pytest.fixture
def configured() -> dict[str, Any]:
    return configured_params()


def message_for(tree: dict[str, Any]) -> str:
    """The error that a tree is refused with."""
    with pytest.raises(ValueError, match="Parameters:") as caught:
        check_parameters(tree)
    return str(caught.value)


def test_base_is_typed(configured):
    params = check_parameters(configured)
    assert isinstance(params, ProjectParams)
    assert params.dataset == "sample"
    assert params.preparation.max_history == 100


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("sed", "'seed'"),
        ("traning", "'ctr_modeling.training'"),
        ("traning.lr", "'ctr_modeling.training'"),
        ("quantization.methd", "'quantization.method'"),
        ("quantization.pq.position", "'quantization.pq.positions'"),
        ("sample.n_item", "'sample.n_items'"),
        ("embedding.modalitys", "'embedding.modalities'"),
        (
            "embedding.modalities.image.centre",
            "'embedding.modalities.image.center'",
        ),
        ("embedding.openai.dimension", "'embedding.openai.dimensions'"),
        ("ctr_modeling.training.learning_rte", "'ctr_modeling.training.learning_rate'"),
        ("ctr_modeling.evaluation.resample", "'ctr_modeling.evaluation.resamples'"),
        ("min_history", "'preparation.min_history'"),
    ],
)
def test_an_unknown_key_comes_with_the_nearest_name(configured, path, nearest):
    message = message_for(changed(configured, path, 1))
    assert "is not a parameter" in message
    assert f"did you mean {nearest}?" in message
    assert message.count("\n") == 1


def test_a_name_known_in_two_places_is_given_with_both(configured):
    message = message_for(changed(configured, "learning_rate", 1))
    assert "'ctr_modeling.training.learning_rate'" in message
    assert "'quantization.vqvae.learning_rate'" in message


def test_a_key_like_none_is_answered_with_those_that_are_there(configured):
    message = message_for(changed(configured, "embedding.modalities.image.zzzzzz", 1))
    assert "known here: center, column, l2_normalize" in message


def test_every_problem_has_its_line(configured):
    tree = changed(changed(configured, "sed", 1), "preparation.max_history", 0)
    message = message_for(tree)
    assert "'sed'" in message
    assert "'preparation.max_history' = 0: " in message
    assert message.count("\n") == 2


def test_a_missing_key_says_where_to_set_it(configured):
    tree = copy.deepcopy(configured)
    del tree["seed"]
    assert "'seed' is missing; set it in conf/" in message_for(tree)


def test_a_section_that_is_no_section_is_named(configured):
    message = message_for(changed(configured, "preparation", 3))
    assert "'preparation' = 3: " in message


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("seed", "x"),
        ("seed", -1),
        ("device", "tpu"),
        ("quantization.method", "kmeans"),
        ("quantization.pq.positions", 0),
        ("ctr_modeling.model.attention_units", "64"),
        ("ctr_modeling.features.without", "tags"),
        ("ctr_modeling.features.content", "code"),
        ("ctr_modeling.features.content", "none+codes"),
        ("ctr_modeling.features.content", "codes+codes"),
        ("ctr_modeling.model.code_entry", "prefixes"),
        ("ctr_modeling.model.similarity.counts", "logs"),
        ("ctr_modeling.model.continuous.normalize", "row"),
    ],
)
def test_a_wrong_value_is_named_and_repeated(configured, path, value):
    message = message_for(changed(configured, path, value))
    assert f"'{path}' = {value!r}: " in message


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("ctr_modeling.features.content", "codes, continuous, similarity"),
        ("ctr_modeling.model.code_entry", "bag, positional, concat, prefix"),
    ],
)
def test_a_misspelt_choice_is_answered_with_all_names(configured, path, names):
    assert names in message_for(changed(configured, path, "codess"))


def test_content_has_one_order(configured):
    path = "ctr_modeling.features.content"
    params = check_parameters(changed(configured, path, "similarity + codes"))
    assert params.ctr_modeling.features.content == "codes+similarity"
    assert params.ctr_modeling.features.forms == ("codes", "similarity")
    params = check_parameters(changed(configured, path, "none"))
    assert params.ctr_modeling.features.forms == ()


def test_prefixes_need_residual_codes(configured):
    tree = changed(configured, "ctr_modeling.model.code_entry", "prefix")
    check_parameters(tree)
    tree = changed(tree, "quantization.method", "pq")
    message = message_for(tree)
    assert "'ctr_modeling.model.code_entry' = 'prefix'" in message
    assert "quantization.method=pq" in message
    check_parameters(changed(tree, "ctr_modeling.features.content", "similarity"))


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a b"])
def test_a_data_set_name_is_a_folder_name(configured, name):
    message = message_for(changed(configured, "dataset", name))
    assert f"'dataset' = {name!r}: use letters" in message


def test_a_data_set_name_that_yaml_reads_as_a_number_wants_quotes(configured):
    message = message_for(changed(configured, "dataset", 1000.0))
    assert "'dataset' = 1000.0: " in message
    assert "quotes" in message


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("embedding.openai.base_url", "http://user:hush@host/v1"),
        ("embedding.openai.base_url", "hush"),
        ("embedding.openai", "http://user:hush@host/v1"),
        ("embedding.openai.base_ulr", "http://user:hush@host/v1"),
        ("embedding.openai.base_url", ["hush"]),
        ("base_url", "http://user:hush@host/v1"),
    ],
)
def test_an_address_is_never_repeated(configured, path, value):
    message = message_for(changed(configured, path, value))
    assert "hush" not in message
    assert f"'{path}'" in message


def test_a_check_across_fields_repeats_no_whole_section(configured):
    message = message_for(changed(configured, "preparation.valid_fraction", 0.95))
    assert "valid_fraction + test_fraction" in message
    assert "{" not in message
    assert "Value error" not in message


def test_a_data_set_name_of_digits_needs_no_quotes(configured):
    assert check_parameters(changed(configured, "dataset", 2014)).dataset == "2014"


def test_weighted_measures_need_the_column_of_weights(configured):
    tree = changed(configured, "ctr_modeling.evaluation.weighted", True)
    assert "name their column by preparation.weight_column" in message_for(tree)
    check_parameters(changed(tree, "preparation.weight_column", "propensity"))
