"""Titles through a service with a real model: similar titles have near vectors."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from e5_service import e5_service
from paths import REPOSITORY

from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.params import EmbeddingParams

SHARED = Path(
    os.environ.get("MMCTR_SHARED_DATA", REPOSITORY.parent / "shared" / "data")
)
TOPICS = {
    "trains": [
        "wooden train set with tracks",
        "steam locomotive for a toy railway",
        "railway station and rails for wooden trains",
    ],
    "cooking": [
        "how to cook spicy noodles at home",
        "a recipe for noodle soup with beef",
        "frying dumplings in a home kitchen",
    ],
    "cats": [
        "my cat sleeps in a box",
        "funny kittens play with wool",
        "a kitten meets an old cat",
    ],
}
BRANDS = ("Barbie", "LEGO", "Nerf", "Hot Wheels", "Play-Doh", "Thomas", "Melissa")

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """One server for the tests of this file."""
    with e5_service() as address:
        yield address


def neighbour_groups(
    url: str, groups: dict[str, list[str]], cache: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Group of every title, and the group of the title that is nearest to it."""
    titles = [title for members in groups.values() for title in members]
    own = np.repeat(list(groups), [len(members) for members in groups.values()])
    params = EmbeddingParams(
        provider="openai",
        cache=cache,
        openai={
            "base_url": url,
            "model": "e5-passage",
            "dimensions": 384,
            "request_size": 16,
            "usd_per_million_tokens": 0,
        },
    )
    vectors, report = embed_texts(titles, params)
    assert vectors.shape == (len(titles), 384)
    assert report.tokens > len(titles)
    again, repeated = embed_texts(titles, params)
    np.testing.assert_array_equal(again, vectors)
    assert repeated.sent == 0
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1)
    return own, own[likeness.argmax(axis=1)]


def test_titles_of_a_topic_lie_together(url, valid_key, tmp_path):
    """At least eight of nine have a nearest title of their own topic."""
    own, nearest = neighbour_groups(url, TOPICS, tmp_path / "cache.sqlite")
    assert (own == nearest).sum() >= 8


def test_real_titles_of_a_brand_lie_together(url, valid_key, tmp_path):
    """Real toys: a random neighbour would have the same brand in one of seven cases."""
    file = SHARED / "amazon_toys" / "items.parquet"
    if not file.exists():
        pytest.skip(f"{file} is not there")
    titles = dict.fromkeys(pq.read_table(file)["title"].to_pylist())
    groups = {
        brand: [
            title for title in titles if [b for b in BRANDS if b in title] == [brand]
        ][:15]
        for brand in BRANDS
    }
    assert min(map(len, groups.values())) >= 10
    own, nearest = neighbour_groups(url, groups, tmp_path / "cache.sqlite")
    assert (own == nearest).mean() >= 0.75
