"""Settings of one modality, small catalogs, and figures of any number of them."""

import pytest
from vector_worlds import cold, params, quantized, vectors_of

from mmctr.content.quantizers.item_codes import quantize_items
from mmctr.reporting.codebook_figures import (
    draw_codebook_recall,
    draw_codebook_usage,
)


def test_a_modality_may_have_a_method_of_its_own():
    own = {"image": {"method": "pq", "pq": {"positions": 5, "codebook_size": 4}}}
    codes, _, settings_, _ = quantize_items(
        vectors_of(60), cold(60), params(modalities=own)
    )
    assert {name: found["method"] for name, found in settings_.items()} == {
        "title": "rq_kmeans",
        "image": "pq",
    }
    assert codes["image"].shape == (60, 5)
    assert codes["image"].max() <= 4
    # What it leaves open is that of all.
    assert params(modalities=own).for_modality("image").pq.iterations == 4


def test_settings_of_a_modality_are_checked():
    with pytest.raises(ValueError, match="modalities.image: pq.size: Extra inputs"):
        params(modalities={"image": {"pq": {"size": 3}}})
    unknown = params(modalities={"sound": {"method": "pq"}})
    with pytest.raises(ValueError, match="names 'sound', and the items have title, im"):
        quantize_items(vectors_of(20), cold(20), unknown)


@pytest.mark.parametrize(
    ("method", "sizes", "words"),
    [
        ("rq_kmeans", {"codebook_size": 64}, "7 codewords are used"),
        ("rq_fsq", {"codebook_size": 64, "rest_levels": (8,)}, "little but ids"),
        ("fsq", {"levels": (8, 8)}, "little but ids"),
    ],
)
def test_a_codebook_of_as_many_codewords_as_items_is_told(caplog, method, sizes, words):
    few = {"title": vectors_of(30)["title"]}
    quantize_items(few, cold(30), params(method, **{method: sizes}))
    assert "codewords and there are 30 items" in caplog.text
    assert words in caplog.text


def codebook_of(method: str, count: int = 60, image_width: int = 5):
    both = vectors_of(count, image_width=image_width)
    title = quantized("title", both, cold(count), params(method))[3]
    image = quantized("image", both, cold(count), params(method))[3]
    return {"title": title, "image": image}


def heights(axes) -> list[float]:
    return [bar.get_height() for bars in axes.containers for bar in bars]


def test_figures_show_the_numbers_of_the_report():
    codebook = codebook_of("rq_kmeans", image_width=0)
    title = codebook["title"]
    usage, absent = draw_codebook_usage(codebook).axes
    levels = title["levels"]
    shown = [level["usage"] for level in levels]
    shown += [level["perplexity"] / 8 for level in levels]
    assert heights(usage) == pytest.approx(shown)
    assert [text.get_text() for text in absent.texts] == ["absent"]
    recall = draw_codebook_recall(codebook).axes[0]
    parts = (title, title["warm"], title["cold"])
    assert heights(recall) == pytest.approx(
        [part[f"recall_at_{k}"] for k in (10, 50) for part in parts]
    )


def test_a_figure_of_many_positions_is_drawn_with_lines():
    codebook = codebook_of("rq_kmeans")
    for health in codebook.values():
        health["levels"] *= 20
    axes = draw_codebook_usage(codebook).axes[0]
    assert [len(line.get_xdata()) for line in axes.lines] == [60, 60]
