"""Covers to unit vectors: order, policy, report, errors; any embedder will do."""

import logging
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from drawn_covers import encoded, picture, write_folder, write_zip
from PIL import Image

from mmctr.content.covers.embed_images import embed_images
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.providers import COVER_PROVIDER

embed_images_module = sys.modules["mmctr.content.covers.embed_images"]

NONE = np.zeros((4, 0), np.float32)
IDS = ["a", "b", "c", "d"]
COLOURS = {"a": (255, 0, 0), "b": (0, 255, 0), "c": (0, 0, 255), "d": (255, 255, 0)}


class MeanColour:
    """A picture's vector is its mean colour; remembers the sizes of its batches."""

    width = 3

    def __init__(self) -> None:
        self.batches: list[int] = []

    def prepare(self, image):
        return np.asarray(image, dtype=np.float32).mean(axis=(0, 1))

    def embed(self, prepared):
        self.batches.append(len(prepared))
        return np.stack(prepared)

    def version(self):
        return "mean-colour/1"


@pytest.fixture(autouse=True)
def embedder(monkeypatch) -> MeanColour:
    """Stands in for the model."""
    embedder = MeanColour()
    monkeypatch.setattr(
        embed_images_module,
        "COVER_PROVIDER",
        SimpleNamespace(load=lambda name: lambda *_, **__: embedder),
    )
    return embedder


@pytest.fixture
def covers() -> dict[str, bytes]:
    """A cover of one colour for each item."""
    return {
        f"{name}.png": encoded(Image.new("RGB", (20, 10), colour))
        for name, colour in COLOURS.items()
    }


def params(path, **images) -> EmbeddingParams:
    return EmbeddingParams(images={"path": path, "batch_size": 2, **images})


def unit(*names: str) -> np.ndarray:
    colours = np.array([COLOURS[name] for name in names], dtype=np.float64)
    return colours / np.linalg.norm(colours, axis=1, keepdims=True)


def test_row_i_is_item_i_with_length_one(tmp_path, covers, embedder):
    path = write_folder(tmp_path / "covers", covers)
    vectors, report = embed_images(["c", "a", "d", "b"], NONE, params(path))
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, unit("c", "a", "d", "b"), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert embedder.batches == [2, 2]
    assert report.provider == "efficientnet_lite0"
    assert report.version == "mean-colour/1"
    assert (report.rows, report.width, report.zero_rows) == (4, 3, 0)
    assert (report.missing, report.broken, report.unsafe) == (0, 0, 0)
    assert report.seconds is not None


def test_ids_that_are_numbers(tmp_path):
    path = write_folder(
        tmp_path / "covers", {"12077.jpg": encoded(picture(1)), "012.jpg": b""}
    )
    vectors, report = embed_images(
        np.array([12, 12077]).tolist(), NONE[:2], params(path)
    )
    assert vectors[1].any()
    assert report.missing_examples == ["12"]


def test_missing_covers_are_zero_counted_and_named(tmp_path, covers, caplog):
    del covers["a.png"], covers["c.png"]
    path = write_folder(
        tmp_path / "covers", {**covers, "e.png": b"", "readme.txt": b""}
    )
    with caplog.at_level(logging.WARNING):
        vectors, report = embed_images(IDS, NONE, params(path))
    np.testing.assert_array_equal(vectors[[0, 2]], 0)
    np.testing.assert_allclose(vectors[[1, 3]], unit("b", "d"), atol=1e-6)
    assert (report.missing, report.missing_examples) == (2, ["a", "c"])
    assert (report.zero_rows, report.without_item, report.no_images) == (2, 1, 1)
    assert "2 of 4 items have no cover (first ids a, c)" in caplog.text


def test_broken_covers_are_zero_counted_and_named(tmp_path, covers, caplog):
    covers["b.png"] = covers["b.png"][:-30]
    covers["c.png"] = b"<html>not found</html>"
    path = write_zip(tmp_path / "covers.zip", covers)
    with caplog.at_level(logging.WARNING):
        vectors, report = embed_images(IDS, NONE, params(path, batch_size=3))
    np.testing.assert_array_equal(vectors[[1, 2]], 0)
    np.testing.assert_allclose(vectors[[0, 3]], unit("a", "d"), atol=1e-6)
    assert (report.broken, report.zero_rows, report.missing) == (2, 2, 0)
    assert [cover.file for cover in report.broken_examples] == ["b.png", "c.png"]
    assert "2 covers can't be used (b.png " in caplog.text
    assert "c.png is not one of JPEG" in caplog.text


def test_a_wrong_ending_does_not_matter(tmp_path, covers):
    files = {name.replace(".png", ".jpg"): data for name, data in covers.items()}
    path = write_folder(tmp_path / "covers", files)
    vectors, _ = embed_images(IDS, NONE, params(path))
    np.testing.assert_allclose(vectors, unit(*IDS), atol=1e-6)


def test_links_are_warned_of(tmp_path, covers, caplog):
    covers.pop("a.png")
    path = write_folder(tmp_path / "covers", covers)
    (path / "a.png").symlink_to(path / "b.png")
    with caplog.at_level(logging.WARNING):
        vectors, report = embed_images(IDS, NONE, params(path))
    assert not vectors[0].any()
    assert (report.unsafe, report.unsafe_examples) == (1, ["a.png"])
    assert "not followed (a.png)" in caplog.text


def test_a_black_cover_is_a_zero_vector_and_no_nan(tmp_path, covers):
    covers["a.png"] = encoded(Image.new("RGB", (4, 4)))
    path = write_folder(tmp_path / "covers", covers)
    vectors, report = embed_images(IDS, NONE, params(path))
    np.testing.assert_array_equal(vectors[0], 0)
    assert (report.zero_rows, report.missing, report.broken) == (1, 0, 0)


@pytest.mark.parametrize(
    ("share", "passes"), [(0.0, False), (0.2, False), (0.25, True)]
)
def test_too_many_missing_covers_fail_with_advice(tmp_path, covers, share, passes):
    covers["other.png"] = covers.pop("b.png")
    path = write_folder(tmp_path / "covers", covers)
    chosen = params(path, max_missing_share=share)
    if passes:
        assert embed_images(IDS, NONE, chosen)[1].missing == 1
        return
    with pytest.raises(ValueError, match="1 of 4 items have no cover") as caught:
        embed_images(IDS, NONE, chosen)
    for words in ("first ids b", "first other.png", "max_missing_share", "12077.jpg"):
        assert words in str(caught.value)


def test_no_cover_at_all_fails_whatever_the_share(tmp_path):
    path = write_folder(tmp_path / "covers", {"item_images.rar": b"Rar!"})
    with pytest.raises(ValueError, match="4 of 4 items .* other files: 1"):
        embed_images(IDS, NONE, params(path, max_missing_share=1))


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_too_many_broken_covers_fail_with_advice(tmp_path, covers, share):
    """Of half of the items, or of all."""
    broken = IDS[:2] if share < 1 else IDS
    covers.update({f"{name}.png": b"" for name in broken})
    path = write_folder(tmp_path / "covers", covers)
    with pytest.raises(ValueError, match="covers in .* can't be used .a.png is empty"):
        embed_images(IDS, NONE, params(path, max_missing_share=share))


def test_given_vectors_go_through_as_they_are():
    given = np.array([[0.0, 0], [3, 4]], np.float32)
    vectors, report = embed_images(["a", "b"], given, EmbeddingParams())
    assert vectors is given
    assert (report.provider, report.width, report.zero_rows) == ("given", 2, 1)
    assert report.seconds is None


def test_neither_vectors_nor_covers():
    vectors, report = embed_images(IDS, NONE, EmbeddingParams())
    assert vectors.shape == (4, 0)
    assert (report.provider, report.width) == ("none", 0)


def test_vectors_and_covers_need_a_decision(tmp_path, covers):
    path = write_folder(tmp_path / "covers", covers)
    given = np.ones((4, 7), np.float32)
    with pytest.raises(ValueError, match="7 wide.*replace_given=true"):
        embed_images(IDS, given, params(path))
    vectors, _ = embed_images(IDS, given, params(path, replace_given=True))
    np.testing.assert_allclose(vectors, unit(*IDS), atol=1e-6)


def test_a_vector_that_is_not_finite_is_an_error(tmp_path, covers, embedder):
    path = write_folder(tmp_path / "covers", covers)
    embedder.embed = lambda prepared: np.full((len(prepared), 3), np.nan)
    with pytest.raises(ValueError, match="mean-colour/1 .*NaN"):
        embed_images(IDS, NONE, params(path))


def test_clip_needs_a_model():
    with pytest.raises(ValueError, match="embedding.images.model is not set"):
        EmbeddingParams(images={"provider": "sentence_transformers"})


def test_without_the_extra_covers_are_refused_with_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(embed_images_module, "COVER_PROVIDER", COVER_PROVIDER)
    monkeypatch.delitem(sys.modules, "mmctr.content.covers.efficientnet", raising=False)
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(ValueError, match="pip install 'mmctr.images.'") as caught:
        embed_images(IDS, NONE, params(tmp_path))
    assert "(efficientnet_lite_pytorch)" in str(caught.value)


def test_without_covers_nothing_of_the_extra_is_needed():
    code = (
        "import sys\n"
        "for name in ('PIL', 'efficientnet_lite_pytorch', 'torch'):\n"
        "    sys.modules[name] = None\n"
        "import numpy as np\n"
        "from mmctr.content.embedders.params import EmbeddingParams\n"
        "from mmctr.content.covers.embed_images import embed_images\n"
        "embed_images(['a'], np.ones((1, 2), np.float32), EmbeddingParams())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_killed_run_goes_on_with_the_batches_that_it_lacks(
    tmp_path, covers, embedder
):
    """The vectors are those of a run that nothing stopped."""
    path = write_folder(tmp_path / "covers", covers)
    chosen = params(path, batch_size=1).model_copy(
        update={"cache": tmp_path / "cache.sqlite"}
    )
    whole, _ = embed_images(IDS, NONE, chosen.model_copy(update={"cache": None}))
    embedder.batches.clear()
    embed = embedder.embed

    def killed_at_the_third(prepared):
        if len(embedder.batches) == 2:
            raise KeyboardInterrupt
        return embed(prepared)

    embedder.embed = killed_at_the_third
    with pytest.raises(KeyboardInterrupt):
        embed_images(IDS, NONE, chosen)
    embedder.embed = embed
    embedder.batches.clear()
    resumed, _ = embed_images(IDS, NONE, chosen)
    np.testing.assert_array_equal(resumed, whole)
    assert embedder.batches == [1, 1]
    embed_images(IDS, NONE, chosen)
    assert embedder.batches == [1, 1]


def test_another_content_or_model_finds_no_old_vector(tmp_path, covers, embedder):
    path = write_folder(tmp_path / "covers", covers)
    chosen = params(path).model_copy(update={"cache": tmp_path / "cache.sqlite"})
    embed_images(IDS, NONE, chosen)
    assert embedder.batches == [2, 2]
    # A content that is known already, from another item.
    (path / "a.png").write_bytes(covers["b.png"])
    changed, _ = embed_images(IDS, NONE, chosen)
    assert embedder.batches == [2, 2]
    np.testing.assert_allclose(changed, unit("b", "b", "c", "d"), atol=1e-6)
    # A new one: its batch is computed as a whole.
    (path / "a.png").write_bytes(encoded(Image.new("RGB", (5, 5), "yellow")))
    changed, _ = embed_images(IDS, NONE, chosen)
    assert embedder.batches == [2, 2, 2]
    np.testing.assert_allclose(changed, unit("d", "b", "c", "d"), atol=1e-6)
    embedder.version = lambda: "mean-colour/2"
    embed_images(IDS, NONE, chosen)
    assert embedder.batches == [2, 2, 2, 2, 2]


def test_broken_covers_are_named_though_the_others_are_kept(tmp_path, covers):
    covers["b.png"] = b""
    path = write_folder(tmp_path / "covers", covers)
    chosen = params(path).model_copy(update={"cache": tmp_path / "cache.sqlite"})
    first, _ = embed_images(IDS, NONE, chosen)
    second, report = embed_images(IDS, NONE, chosen)
    np.testing.assert_array_equal(second, first)
    assert (report.broken, report.broken_examples[0].file) == (1, "b.png")
