"""An embedder of one's own: one entry, and the rest is there."""

from pkgutil import resolve_name

import numpy as np
import pytest
from drawn_covers import encoded, write_folder
from own_embedders import OwnParams
from PIL import Image
from pydantic import ValidationError

from mmctr.content.covers.embed_images import embed_images
from mmctr.content.embedders.embed import embed_modalities, embed_texts
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.providers import COVER_PROVIDERS, TEXT_PROVIDERS
from mmctr.content.vectors import ModalityParams


def test_an_own_embedder_of_titles(monkeypatch):
    """Its settings are the field of its name."""
    monkeypatch.setitem(TEXT_PROVIDERS, "lengths", "own_embedders:LengthEmbedder")
    params = OwnParams(provider="lengths", lengths={"width": 3}, seed=5)
    vectors, report = embed_texts(["four", "", "sevenxx", "four"], params)
    rows = np.array([[4, 1, 1], [0, 0, 0], [7, 1, 1], [4, 1, 1]])
    norms = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
    np.testing.assert_allclose(vectors, rows / norms, atol=1e-6)
    assert report.version == "lengths/width-3/seed-5"
    assert (report.provider, report.unique_titles) == ("lengths", 2)
    assert report.cached is None


def test_an_own_embedder_of_covers(monkeypatch, tmp_path):
    """It gets the parameters of images and the device."""
    monkeypatch.setitem(COVER_PROVIDERS, "colours", "own_embedders:MeanColour")
    files = {"7.png": encoded(Image.new("RGB", (4, 4), (0, 30, 40)))}
    params = EmbeddingParams(
        device="cpu",
        images={
            "path": write_folder(tmp_path / "covers", files),
            "provider": "colours",
        },
    )
    vectors, report = embed_images(["7"], np.zeros((1, 0), np.float32), params)
    np.testing.assert_allclose(vectors, [[0, 0.6, 0.8]], atol=1e-6)
    assert (report.provider, report.version) == ("colours", "mean-colour/cpu")


def test_without_its_entry_it_is_unknown():
    """The message lists the known ones."""
    with pytest.raises(ValidationError, match=f"one of {', '.join(TEXT_PROVIDERS)}"):
        OwnParams(provider="lengths")
    with pytest.raises(ValidationError, match=f"one of {', '.join(COVER_PROVIDERS)}"):
        EmbeddingParams(images={"provider": "colours"})


def test_an_embedder_of_titles_from_elsewhere():
    """By its module, with options of its own, those of a modality first."""
    name = "own_embedders:LengthEmbedder"
    params = EmbeddingParams(provider=name, options={"width": 3}, seed=5)
    own = ModalityParams(column="tag", options={"width": 4})
    texts = ["four", "seven"]
    found = embed_modalities(
        {"title": (texts, ModalityParams(column="title")), "tag": (texts, own)}, params
    )
    assert {x: report.version for x, (_, report) in found.items()} == {
        "title": "lengths/width-3/seed-5",
        "tag": "lengths/width-4/seed-5",
    }
    with pytest.raises(ValueError, match=f"embedding.options of {name}: wide: Extra"):
        embed_texts(texts, EmbeddingParams(provider=name, options={"wide": 3}))


def test_an_embedder_of_covers_from_elsewhere(tmp_path):
    """By its module."""
    files = {"7.png": encoded(Image.new("RGB", (4, 4), (0, 30, 40)))}
    path, name = write_folder(tmp_path / "covers", files), "own_embedders:MeanColour"
    params = EmbeddingParams(device="cpu", images={"path": path, "provider": name})
    vectors, report = embed_images(["7"], np.zeros((1, 0), np.float32), params)
    np.testing.assert_allclose(vectors, [[0, 0.6, 0.8]], atol=1e-6)
    assert report.provider == name


@pytest.mark.parametrize("name", TEXT_PROVIDERS)
def test_every_entry_names_a_class_and_its_settings(name):
    """As the docstring of the table says."""
    kind = resolve_name(TEXT_PROVIDERS[name])
    assert kind.depends_on in {"text", "all_texts", "row"}
    assert name in EmbeddingParams.model_fields


@pytest.mark.parametrize("entry", COVER_PROVIDERS.values())
def test_every_cover_provider_is_a_class(entry):
    """With what the protocol asks for."""
    kind = resolve_name(entry)
    assert {"prepare", "embed", "version"} <= set(dir(kind))
