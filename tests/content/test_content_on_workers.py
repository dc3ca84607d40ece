"""Titles, covers and codes that workers make have the bytes of one process."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from drawn_covers import encoded, picture, write_folder
from local_clusters import local_nodes
from quantizer_worlds import quantization_params, topic_vectors
from scattered_calls import scatter
from tiny_text_model import WORDS, write_text_model

from mmctr.content.covers.embed_images import embed_images
from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.quantizers.encoding import encode_items
from mmctr.content.quantizers.factory import make_quantizer
from mmctr.content.same_model import check_same_model
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.params import ONE_MACHINE, ScaleParams

ALWAYS = {"backend": "ray", "content_items": 0}


@pytest.fixture(scope="module")
def text_model(tmp_path_factory) -> Path:
    return write_text_model(tmp_path_factory.mktemp("text_model"))


@pytest.fixture(scope="module")
def titles() -> list[str]:
    rng = np.random.default_rng(3)
    words = [rng.choice(WORDS, rng.integers(1, 25)) for _ in range(700)]
    return [f"{' '.join(each)} {number}" for number, each in enumerate(words)]


@pytest.fixture(scope="module")
def covers(tmp_path_factory) -> Path:
    """Twelve covers, the last of them broken, and one of them twice."""
    files = {f"{x}.png": encoded(picture(x % 10)) for x in range(11)}
    return write_folder(tmp_path_factory.mktemp("covers"), {**files, "11.png": b"no"})


@pytest.fixture(scope="module")
def nodes() -> Iterator[ScaleParams]:
    with local_nodes(2) as (_, params), connected_cluster(params):
        yield params.model_copy(update=ALWAYS)


def title_vectors(titles, model, scale, precision="fp32", cache=None):
    params = EmbeddingParams(
        device="cpu",
        cache=cache,
        sentence_transformers={
            "model": str(model),
            "precision": precision,
            "batch_tokens": 512,
        },
    )
    return embed_texts(titles, params, scale)


def cover_vectors(folder, scale, **images):
    params = EmbeddingParams(
        device="cpu", images={"path": folder, "batch_size": 4, **images}
    )
    return embed_images(range(12), np.zeros((12, 0), np.float32), params, scale)


def codes_of_many(method, scale):
    """Codes of more vectors than are encoded at once."""
    short = {"max_epochs": 2} if method == "fsq" else {}
    params = quantization_params(method, **short)
    quantizer = make_quantizer(params, 12)
    quantizer.fit(topic_vectors(300))
    return encode_items(quantizer, topic_vectors(40_000, seed=1), params, scale)


def require_same(left, right):
    """Vectors in every bit, and reports but for times."""
    np.testing.assert_array_equal(left[0], right[0])
    without_times = {"exclude": {"seconds"}}
    assert left[1].model_dump(**without_times) == right[1].model_dump(**without_times)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_titles_in_another_order(monkeypatch, titles, text_model, precision):
    alone = title_vectors(titles, text_model, ONE_MACHINE, precision)
    made = scatter(monkeypatch)
    scale = ScaleParams(**ALWAYS)
    require_same(title_vectors(titles, text_model, scale, precision), alone)
    assert len(made) > 2
    assert made[2] == "titles, batch 0"


def test_titles_that_are_cached_are_not_sent(monkeypatch, tmp_path, titles, text_model):
    made = scatter(monkeypatch)
    scale = ScaleParams(backend="ray", content_items=299)
    cache = tmp_path / "cache.sqlite"
    title_vectors(titles[:299], text_model, scale, cache=cache)
    assert not made
    vectors, report = title_vectors(titles, text_model, scale, cache=cache)
    assert (report.cached, len(made)) == (299, 2)
    again, report = title_vectors(titles, text_model, scale, cache=cache)
    assert (report.cached, len(made)) == (700, 2)
    np.testing.assert_array_equal(again, vectors)


def test_covers_in_another_order(monkeypatch, covers):
    own = {"provider": "own_embedders:MeanColour"}
    alone = cover_vectors(covers, ONE_MACHINE, **own)
    made = scatter(monkeypatch)
    require_same(cover_vectors(covers, ScaleParams(**ALWAYS), **own), alone)
    assert made == [f"covers, batch {x}" for x in (2, 1, 0)]
    assert alone[1].broken_examples[0].file == "11.png"


@pytest.mark.parametrize("method", ["rq_kmeans", "pq", "rq_fsq", "fsq"])
def test_codes_in_another_order(monkeypatch, method):
    alone = codes_of_many(method, ONE_MACHINE)
    made = scatter(monkeypatch)
    np.testing.assert_array_equal(codes_of_many(method, ScaleParams(**ALWAYS)), alone)
    assert made == [f"{method}, encode, piece {x}" for x in (2, 1, 0)]


def test_a_worker_with_another_model_is_refused():
    check_same_model("minilm@1", "minilm@1")
    with pytest.raises(ValueError, match=r"embeds by minilm@2, the run by minilm@1"):
        check_same_model("minilm@2", "minilm@1")


@pytest.mark.system
def test_two_nodes_give_the_bytes_of_one_process(nodes, titles, text_model, covers):
    for precision in ("fp32", "bf16"):
        alone = title_vectors(titles, text_model, ONE_MACHINE, precision)
        require_same(title_vectors(titles, text_model, nodes, precision), alone)
    require_same(cover_vectors(covers, nodes), cover_vectors(covers, ONE_MACHINE))
    for method in ("rq_kmeans", "fsq"):
        codes = codes_of_many(method, nodes)
        np.testing.assert_array_equal(codes, codes_of_many(method, ONE_MACHINE))
