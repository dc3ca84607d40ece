"""The typed parameters of the embedding pipeline."""

import pytest
from pydantic import BaseModel, ValidationError

from mmctr.content.embedders.params import EmbeddingParams, OpenAIParams
from mmctr.content.vectors import ModalityParams


def all_models(model: type[BaseModel]) -> list[type[BaseModel]]:
    """A model and those nested in it."""
    nested = [field.annotation for field in model.model_fields.values()]
    below = [m for m in nested if isinstance(m, type) and issubclass(m, BaseModel)]
    return [model, *(deep for m in below for deep in all_models(m))]


def test_every_field_is_described_and_none_unknown():
    """The description is the manual."""
    models = [*all_models(EmbeddingParams), ModalityParams]
    assert len(models) == 8
    for model in models:
        assert model.model_config["extra"] == "forbid"
        assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"provder": "lsa"}, "provder"),
        ({"provider": "word2vec"}, "sentence_transformers"),
        ({"openai": {"api_key": "sk-123"}}, "api_key"),
        ({"openai": {"request_size": 2049}}, "2048"),
        ({"openai": {"texts_per_request": 4}}, "texts_per_request"),
        ({"openai": {"tokens_per_minute": 8191}}, "8192"),
        ({"openai": {"max_cost_usd": -1}}, "max_cost_usd"),
        ({"openai": {"base_url": "localhost:8011"}}, "http://HOST/v1"),
        ({"openai": {"base_url": "http:///v1"}}, "http://HOST/v1"),
        ({"provider": "precomputed"}, "embedding.precomputed.path is not set"),
        ({"modalities": {"tag": {}}}, "name a column of the items, or the path"),
        ({"modalities": {"a.b": {"column": "x"}}}, "should match pattern"),
        ({"modalities": {"field_a": {"column": "x"}}}, "columns of fields begin so"),
        (
            {"modalities": {"tag": {"path": "x.npy", "provider": "lsa"}}},
            "path is for precomputed vectors, not lsa",
        ),
        ({"empty_title": "placeholder", "placeholder": " "}, "placeholder is blank"),
    ],
)
def test_wrong_parameters(values, complaint):
    """Each message names what to change."""
    with pytest.raises(ValidationError, match=complaint):
        EmbeddingParams.model_validate(values)


@pytest.mark.parametrize(
    "url", ["http://me:hunter2@host/v1", "https://host/v1?key=hunter2"]
)
def test_secrets_in_the_address_are_refused_and_not_repeated(url):
    """Parameters are logged and committed."""
    with pytest.raises(ValidationError, match="OPENAI_API_KEY") as caught:
        OpenAIParams(base_url=url)
    assert "hunter2" not in str(caught.value)


def test_models_do_not_share_defaults():
    """A nested default is made for each."""
    assert EmbeddingParams().openai is not EmbeddingParams().openai
