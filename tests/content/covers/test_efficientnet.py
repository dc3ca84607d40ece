"""EfficientNet-Lite0 from its package, with the network cut off."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_covers import encoded, picture, write_folder, write_zip
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import REPOSITORY
from PIL import Image, ImageEnhance

from mmctr.content.covers.cover_decoding import decode_cover
from mmctr.content.covers.efficientnet import SIZE, EfficientNetLite0
from mmctr.content.covers.embed_images import embed_images
from mmctr.content.covers.image_params import ImageParams
from mmctr.content.embedders.params import EmbeddingParams

SHARED = Path(
    os.environ.get("MMCTR_SHARED_DATA", REPOSITORY.parent / "shared" / "data")
)
REAL_COVERS = SHARED / "microlens_slice" / "covers"

pytestmark = pytest.mark.usefixtures("no_network")


@pytest.fixture(scope="module")
def embedder() -> EfficientNetLite0:
    """The model on the CPU."""
    return EfficientNetLite0(ImageParams(), device="cpu")


def embed(embedder: EfficientNetLite0, images: list[Image.Image]) -> np.ndarray:
    """Unit vectors of images."""
    vectors = embedder.embed([embedder.prepare(image) for image in images])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def changed(image: Image.Image, margin: float, brightness: float) -> Image.Image:
    """The same picture, slightly cropped and brighter or darker."""
    width, height = image.size
    left, top = int(margin * width), int(margin * height)
    cropped = image.crop((left, top, width - left, height - top))
    return ImageEnhance.Brightness(cropped).enhance(brightness)


OTHERS = [picture(seed) for seed in range(1000, 1006)]


@settings(deadline=None, max_examples=10)
@given(
    seed=st.integers(0, 999),
    margin=st.floats(0, 0.05),
    brightness=st.floats(0.85, 1.2),
)
def test_a_changed_copy_is_nearer_than_any_other_picture(
    embedder, seed, margin, brightness
):
    original = picture(seed)
    copy = changed(original, margin, brightness)
    vectors = embed(embedder, [original, copy, *OTHERS])
    mine, *rest = (vectors[1:] @ vectors[0]).tolist()
    assert mine > max(rest)


def test_shape_type_and_version(embedder):
    vectors = embedder.embed([embedder.prepare(picture(1))])
    assert (vectors.shape, vectors.dtype) == ((1, 1280), np.float32)
    assert embedder.version().startswith("efficientnet_lite0@0.1.0/width-1280/")


def test_a_vector_does_not_depend_on_its_batch(embedder):
    images = [picture(seed) for seed in range(5)]
    together = embed(embedder, images)
    alone = np.concatenate([embed(embedder, [image]) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("size", [(256, 256), (400, 256), (256, 301)])
def test_the_middle_of_the_shorter_side_is_looked_at(embedder, size):
    """A square of 224 in 256 is used as it is; pixels outside change nothing."""
    middle = picture(7, (SIZE, SIZE))
    image = picture(8, size)
    place = tuple((length - SIZE + 1) // 2 for length in size)
    image.paste(middle, place)
    np.testing.assert_array_equal(embedder.prepare(image), np.asarray(middle))


@pytest.mark.parametrize("size", [(1, 1), (1, 60_000), (60_000, 1), (3, 2)])
def test_absurd_sizes_stay_small(embedder, size):
    assert embedder.prepare(Image.new("RGB", size)).shape == (SIZE, SIZE, 3)


def test_folder_and_zip_give_identical_vectors(tmp_path):
    files = {f"{i}.jpg": encoded(picture(i), "JPEG") for i in range(5)}
    files["3.jpg"] = files["3.jpg"][:300]
    moved = {f"deep/{name}": data for name, data in reversed(files.items())}
    given_none = np.zeros((6, 0), np.float32)
    results = []
    for path in (
        write_folder(tmp_path / "covers", files),
        write_zip(tmp_path / "covers.zip", files),
        write_folder(tmp_path / "nested", moved),
        write_zip(tmp_path / "nested.zip", moved, deflate=False),
    ):
        params = EmbeddingParams(device="cpu", images={"path": path, "batch_size": 2})
        results.append(embed_images(range(6), given_none, params)[0])
    first = results[0]
    np.testing.assert_allclose(
        np.linalg.norm(first, axis=1), [1, 1, 1, 0, 1, 0], atol=1e-6
    )
    for other in results[1:]:
        np.testing.assert_array_equal(other, first)


@pytest.mark.skipif(
    not REAL_COVERS.is_dir(), reason=f"the real covers are not at {REAL_COVERS}"
)
def test_real_covers_find_their_copies(embedder):
    """Ten photographs and ten changed copies: each copy's nearest is its original."""
    images = [
        decode_cover(path.read_bytes(), max_pixels=10**7)
        for path in sorted(REAL_COVERS.glob("*.jpg"))
    ]
    assert len(images) == 10
    copies = [
        changed(image, 0.01 * (i % 5), 0.8 + 0.05 * i) for i, image in enumerate(images)
    ]
    similarity = embed(embedder, copies) @ embed(embedder, images).T
    np.testing.assert_array_equal(similarity.argmax(axis=1), np.arange(10))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_gpu_agrees_with_cpu(embedder):
    images = [picture(seed) for seed in range(4)]
    on_gpu = embed(EfficientNetLite0(ImageParams(), device="cuda"), images)
    np.testing.assert_allclose(on_gpu, embed(embedder, images), atol=1e-3)
