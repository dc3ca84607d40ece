"""A model has the features that its content names."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import (
    N_ITEMS,
    click_log,
    ctr_params,
    random_table,
    whole_batch,
    with_vectors,
)

from mmctr.ctr.models.din.model import Din

SEEN = np.arange(N_ITEMS + 1) > 0


@pytest.mark.parametrize(
    ("content", "features", "name"),
    [
        ("none", [], "none"),
        ("codes", ["title_codes", "image_codes"], "codes (concat)"),
        ("continuous", ["title_vector", "image_vector"], "continuous"),
        ("similarity", [], "similarity"),
        (
            "codes+similarity",
            ["title_codes", "image_codes"],
            "codes (concat) + similarity",
        ),
        ("matches", [], "matches"),
    ],
)
def test_the_features_are_those_of_the_content(content, features, name):
    rng = np.random.default_rng(0)
    table = with_vectors(rng, random_table(rng))
    params = ctr_params(features={"content": content}, model={"code_entry": "concat"})
    model = Din(table, SEEN, params)
    others = ["item_id", "tags", "likes", "views"]
    assert model.items.names == others + features
    form = content.split("+")[-1]
    there = ["title", "image"] if form in {"similarity", "matches"} else []
    assert list(model.comparisons) == [f"{x}_{form}" for x in there]
    assert model.content == name


@pytest.mark.parametrize("content", ["continuous", "similarity"])
def test_a_modality_can_be_switched_off_and_an_absent_one_is_left_out(content):
    rng = np.random.default_rng(0)
    table = with_vectors(rng, random_table(rng))
    features = {"content": content, "modalities": ["image"]}
    model = Din(table, SEEN, ctr_params(features=features))
    names = [*model.items.features, *model.comparisons]
    assert {"image_vector", "image_similarity"}.intersection(names)
    assert not {"title_vector", "title_similarity"}.intersection(names)
    for without in (table, random_table(rng)):
        less = replace(
            without,
            vectors=without.vectors | {"image": np.zeros((N_ITEMS + 1, 0), np.float32)},
        )
        with pytest.raises(ValueError, match=f"content={content} needs item vectors"):
            Din(less, SEEN, ctr_params(features=features))


@pytest.mark.parametrize("content", ["none", "codes"])
def test_vectors_are_not_read_where_they_are_not_used(content):
    class Unread(np.ndarray):
        def __getitem__(self, key):
            raise AssertionError("read")

    rng = np.random.default_rng(0)
    unread = np.zeros((N_ITEMS + 1, 4), np.float32).view(Unread)
    table = replace(random_table(rng), vectors={"title": unread, "image": unread})
    model = Din(table, SEEN, ctr_params(features={"content": content}))
    model(whole_batch(click_log(rng, 4)))


@pytest.mark.parametrize("content", ["continuous+similarity", "similarity"])
def test_items_without_any_vector_have_no_content(content):
    table = random_table(np.random.default_rng(0))
    model = Din(table, SEEN, ctr_params(features={"content": content}))
    assert model.content == "none"
    assert model.items.names == ["item_id", "tags", "likes", "views"]
