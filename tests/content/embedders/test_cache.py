"""The cache of vectors: what is stored comes back, or its damage is named."""

import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.content.embedders.cache import (
    EmbeddingCache,
    EmbeddingCacheError,
    PendingBatch,
    vector_key,
)

WIDTH = 8


def keys_of(texts, space="space") -> list[bytes]:
    """Keys of some texts."""
    return [vector_key(space, text) for text in texts]


def vectors_for(n: int, width: int = WIDTH) -> np.ndarray:
    """Some vectors."""
    return np.random.default_rng(n).normal(size=(n, width)).astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place without a file or its folder."""
    return tmp_path / "02_intermediate" / "cache.sqlite"


@pytest.fixture
def filled(path: Path) -> Path:
    """A cache of 3000 vectors."""
    with EmbeddingCache(path) as cache:
        cache.store(keys_of(map(str, range(3000))), vectors_for(3000))
    return path


def test_vectors_come_back_bit_by_bit_in_the_order_asked(filled):
    """After the file was closed; one may be asked for twice."""
    order = [2999, 0, 17, 17, *range(1000, 2500)]
    with EmbeddingCache(filled) as cache:
        loaded = cache.load(keys_of(map(str, order)))
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, vectors_for(3000)[order])


def test_known_returns_the_keys_that_have_a_vector(filled):
    """Of any number of keys."""
    with EmbeddingCache(filled) as cache:
        asked = keys_of(map(str, range(1500, 4500)))
        assert cache.known(asked) == set(asked[:1500])
        assert cache.known([]) == set()


@given(
    left=st.tuples(st.text(max_size=4), st.text(max_size=4)),
    right=st.tuples(st.text(max_size=4), st.text(max_size=4)),
)
def test_another_space_or_text_is_another_key(left, right):
    """Spaces hold no NUL: they are made of names and numbers."""
    pairs = [(space.replace("\0", ""), text) for space, text in (left, right)]
    assert (vector_key(*pairs[0]) == vector_key(*pairs[1])) == (pairs[0] == pairs[1])


def test_the_first_vector_stays(path):
    """A key names one vector for ever."""
    with EmbeddingCache(path) as cache:
        cache.store(keys_of("a"), np.ones((1, 2), np.float32))
        cache.store(keys_of("ab"), np.full((2, 2), 5, np.float32))
        np.testing.assert_array_equal(cache.load(keys_of("ab")), [[1, 1], [5, 5]])


def test_memory_needs_no_file():
    """Without a path everything works, and is gone afterwards."""
    with EmbeddingCache(None) as cache:
        cache.store(keys_of("a"), vectors_for(1))
        assert cache.known(keys_of("ab")) == set(keys_of("a"))
    with EmbeddingCache(None) as cache:
        assert cache.known(keys_of("a")) == set()


@pytest.mark.parametrize(
    "vectors",
    [
        np.array([[1.0, np.nan]]),
        np.array([[1.0, np.inf]]),
        np.array([[1e39, 1.0]]),  # infinite as float32
        np.ones((2, 3)),
        np.ones(3),
        np.ones((1, 0)),
    ],
)
def test_what_is_no_vector_is_not_stored(path, vectors):
    """Nor does a refused call leave a part behind."""
    with EmbeddingCache(path) as cache:
        with pytest.raises(ValueError, match="keys, but|not stored"):
            cache.store(keys_of("a"), vectors)
        assert cache.known(keys_of("a")) == set()


def test_a_missing_vector(filled):
    """Never a row of whatever was in memory."""
    with (
        EmbeddingCache(filled) as cache,
        pytest.raises(EmbeddingCacheError, match=r"missing in .*cache\.sqlite"),
    ):
        cache.load(keys_of(["1", "gone"]))


def test_two_widths_of_one_model(path):
    """Possible only where no width was requested."""
    with EmbeddingCache(path) as cache:
        cache.store(keys_of("a"), vectors_for(1, 4))
        cache.store(keys_of("b"), vectors_for(1, 6))
        with pytest.raises(EmbeddingCacheError, match="4 and 6 wide"):
            cache.load(keys_of("ab"))


# Damage.


def flip(path: Path, position: int) -> None:
    """Change one byte of a file."""
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)


def test_a_flipped_byte_of_a_vector_is_named_and_computed_again(filled):
    """The other vectors stay."""
    blob = vectors_for(3000)[1234].tobytes()
    flip(filled, filled.read_bytes().index(blob) + 5)
    keys = keys_of(map(str, range(3000)))
    with EmbeddingCache(filled) as cache:
        with pytest.raises(EmbeddingCacheError, match="1 vectors in .*run again"):
            cache.load(keys)
        assert set(keys) - cache.known(keys) == {keys[1234]}
        cache.store([keys[1234]], vectors_for(3000)[1234:1235])
        np.testing.assert_array_equal(cache.load(keys), vectors_for(3000))


def test_a_flipped_byte_anywhere_in_the_head(path):
    """Where SQLite's own complaint may quote bytes that are no text."""
    with EmbeddingCache(path) as cache:
        cache.store(keys_of(["a"]), vectors_for(1))
    whole, named = path.read_bytes(), 0
    for place in [*range(0, 100), *range(whole.index(b"CREATE"), 4096)]:
        flip(path, place)
        try:
            with EmbeddingCache(path) as cache:
                known = cache.known(keys_of(["a"]))
                np.testing.assert_array_equal(
                    cache.load(list(known)).reshape(-1),
                    vectors_for(1)[: len(known)].ravel(),
                )
        except EmbeddingCacheError as error:
            assert str(path) in str(error)
            named += 1
        path.write_bytes(whole)
    assert named > 100


def test_truncated(filled):
    """By half; the message says what to do."""
    content = filled.read_bytes()
    filled.write_bytes(content[: len(content) // 2])
    with (
        pytest.raises(EmbeddingCacheError, match="damaged.*Move it away") as caught,
        EmbeddingCache(filled) as cache,
    ):
        cache.load(keys_of(map(str, range(3000))))
    assert str(filled) in str(caught.value)


def test_no_database(path):
    """Any other file is left as it is."""
    path.parent.mkdir()
    path.write_bytes(b"title,vector\n" * 1000)
    with pytest.raises(EmbeddingCacheError, match="no SQLite file.*Move it away"):
        EmbeddingCache(path)
    assert path.read_bytes() == b"title,vector\n" * 1000


def test_another_database(path):
    """SQLite, but of another program."""
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE vectors (key, vector)")
    other.close()
    with pytest.raises(EmbeddingCacheError, match="no embedding cache of this"):
        EmbeddingCache(path)


@pytest.mark.parametrize("place", ["folder", "below a file"])
def test_a_path_that_can_hold_no_file(tmp_path, place):
    """The parameter to change is named."""
    (tmp_path / "file").touch()
    path = tmp_path if place == "folder" else tmp_path / "file" / "cache.sqlite"
    with pytest.raises(EmbeddingCacheError, match=re.escape("embedding.cache")):
        EmbeddingCache(path)


# Batch jobs.


def test_batches_are_kept_by_space(path):
    """Until they are removed; a second put is news of the same job."""
    first = PendingBatch("b-1", "space", "validating", 10.5, tuple(keys_of("ab")))
    other = PendingBatch("b-2", "other", "validating", 11.0, tuple(keys_of("c")))
    second = PendingBatch("b-0", "space", "in_progress", 12.0, ())
    with EmbeddingCache(path) as cache:
        for batch in (second, first, other):
            cache.put_batch(batch)
        news = PendingBatch("b-1", "space", "completed", 10.5, first.keys)
        cache.put_batch(news)
    with EmbeddingCache(path) as cache:
        assert cache.batches("space") == [news, second]
        cache.remove_batch("b-1")
        cache.remove_batch("b-1")
        assert cache.batches("space") == [second]
        assert cache.batches("other") == [other]
