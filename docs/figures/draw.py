"""Draws the figures of the documentation.

``python docs/figures/draw.py [--rate]`` writes SVG files beside itself; with ``--rate``
the one that needs the sample's vectors too (after ``make run``).
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from mmctr.content.quantizers.factory import make_quantizer
from mmctr.content.quantizers.health import rate_distortion
from mmctr.content.quantizers.method_params import RQKMeansParams
from mmctr.content.quantizers.params import QuantizationParams

FOLDER = Path(__file__).parent
REPOSITORY = FOLDER.parents[1]
BLUE, ORANGE, GREEN, GRAY = "#3b5bdb", "#e8590c", "#2b8a3e", "#adb5bd"
PALE = {BLUE: "#dbe4ff", ORANGE: "#ffe8cc", GREEN: "#d3f9d8", GRAY: "#f1f3f5"}

# Of a row its history, oldest first, then its target: four rows of five items.
HISTORIES = (("a", "b"), ("b",), ("c", "a", "d"), ("b", "d"))
TARGETS = ("c", "d", "e", "a")
LENGTH = 5


def draw_levels() -> None:
    """One, two and three levels of residual k-means on points in the plane."""
    rng = np.random.default_rng(3)
    centres = rng.normal(0, 2.2, (6, 2))
    points = (centres.repeat(25, 0) + rng.normal(0, 0.6, (150, 2))).astype(np.float32)
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
    for levels, axis in enumerate(axes, start=1):
        params = QuantizationParams(
            method="rq_kmeans",
            rq_kmeans=RQKMeansParams(levels=levels, codebook_size=4, iterations=25),
            seed=1,
            device="cpu",
        )
        quantizer = make_quantizer(params, 2)
        quantizer.fit(points)
        decoded = quantizer.decode(quantizer.encode(points))
        _, r2 = rate_distortion(quantizer, points)
        pairs = np.stack([points, decoded], axis=1)
        axis.add_collection(LineCollection(list(pairs), colors=GRAY, linewidths=0.5))
        axis.plot(*points.T, ".", color=BLUE, markersize=3, label="vectors")
        axis.plot(
            *np.unique(decoded, axis=0).T,
            "o",
            color=ORANGE,
            markersize=4,
            label="decodings",
        )
        axis.set_title(f"{levels} level{'s' * (levels > 1)} of 4: R2 {r2:.3f}")
        axis.set(xticks=[], yticks=[], aspect="equal")
    axes[0].legend(loc="lower left", fontsize=8)
    save("levels")


def draw_batch() -> None:
    """A padded batch, and the same as distinct items and flat positions."""
    figure, axis = canvas(9.6, 3.4)
    axis.text(0, 6.2, "padded: 20 history cells, 4 targets", weight="bold")
    axis.text(0, 5.35, "history", color="#495057")
    axis.text(5.6, 5.35, "target", color="#495057")
    for row, (history, target) in enumerate(zip(HISTORIES, TARGETS, strict=True)):
        padded = ("",) * (LENGTH - len(history)) + history
        for column, item in enumerate(padded):
            cell(axis, column, 4 - row, item, BLUE if item else GRAY)
        cell(axis, 5.6, 4 - row, target, ORANGE)

    left = 9.0
    flat = [item for history in HISTORIES for item in history]
    items = sorted({*flat, *TARGETS})
    axis.text(left, 6.2, "here: 5 items, 8 positions", weight="bold")
    axis.text(left, 5.35, "items, each embedded once", color="#495057")
    for column, item in enumerate(items):
        cell(axis, left + column, 4, item, GREEN)
    axis.text(left, 3.35, "history, flat: place among the items", color="#495057")
    axis.text(left, 0.35, "row of the batch", color="#495057")
    rows = np.repeat(np.arange(len(HISTORIES)), [len(h) for h in HISTORIES])
    for column, (item, row) in enumerate(zip(flat, rows, strict=True)):
        cell(axis, left + column, 2, str(items.index(item)), BLUE)
        cell(axis, left + column, 1, str(row), GRAY)
    axis.text(left + 8.8, 3.35, "target", color="#495057")
    for column, item in enumerate(TARGETS):
        cell(axis, left + 8.8 + column, 2, str(items.index(item)), ORANGE)
    axis.set(xlim=(-0.2, 22.2), ylim=(0, 7))
    save("batch")


def draw_histogram() -> None:
    """The mean of gathered rows beside a product."""
    codes = (2, 5, 2, 3)
    rng = np.random.default_rng(0)
    table = rng.integers(1, 10, (6, 3))
    table[0] = 0
    counts = np.bincount(codes, minlength=6)
    figure, axis = canvas(9.6, 3.6)
    axis.text(0, 6.7, f"codes of an item: {codes}", weight="bold")
    axis.text(0, 5.85, "gather, then average", color="#495057")
    for row, code in enumerate(codes):
        cell(axis, 0, 4.4 - row, str(code), BLUE)
        axis.annotate("", (2.2, 4.9 - row), (1.2, 4.9 - row), arrowprops=ARROW)
        for column, value in enumerate(table[code]):
            cell(axis, 2.4 + column, 4.4 - row, str(value), GREEN)
    left = 9.0
    axis.text(left, 5.85, "histogram", color="#495057")
    for code, count in enumerate(counts):
        colour = BLUE if count else GRAY
        cell(axis, left + code, 4.4, f"{count}/4" if count else "0", colour)
        axis.text(left + code + 0.5, 4.0, f"code {code}" if code else "pad", **SMALL)
    axis.text(left + 6.5, 4.75, "@", fontsize=15)
    axis.text(left + 7.6, 6.65, "table", color="#495057")
    for code, row in enumerate(table):
        axis.text(left + 10.8, 5.9 - code, f"code {code}" if code else "pad", **SIDE)
        for column, value in enumerate(row):
            cell(axis, left + 7.6 + column, 5.4 - code, str(value), GREEN)
    mean = table[list(codes)].mean(0)
    axis.text(0, 0.4, f"both: [{', '.join(f'{value:.2f}' for value in mean)}]")
    axis.text(left, 1.6, "counted once per item,", color="#495057")
    axis.text(left, 0.9, "when the table is loaded", color="#495057")
    assert np.allclose(counts / 4 @ table, mean)
    axis.set(xlim=(-0.2, 21.6), ylim=(-0.2, 7.4))
    save("histogram")


def draw_split() -> None:
    """The weights of the attention's first layer, and what each part is for."""
    figure, axis = canvas(9.6, 2.9)
    inputs = ("q", "k", "q - k", "q * k")
    weights = ("Wq", "Wk", "Wd", "Wp")
    colours = (ORANGE, GREEN, GRAY, BLUE)
    axis.text(0, 5.2, "one product a position, four widths", weight="bold")
    parts = zip(inputs, weights, colours, strict=True)
    for column, (name, weight, colour) in enumerate(parts):
        cell(axis, 2.1 * column, 3.6, name, colour, width=2)
        cell(axis, 2.1 * column, 1.8, weight, colour, width=2)
    axis.text(4.15, 3.4, "times", **SMALL)
    left = 11.0
    axis.text(left, 5.2, "three products, one width each", weight="bold")
    terms = (
        ("q (Wq + Wd)", ORANGE, "once per row"),
        ("k (Wk - Wd)", GREEN, "once per item"),
        ("(q * k) Wp", BLUE, "once per position"),
    )
    for column, (term, colour, often) in enumerate(terms):
        cell(axis, left + 4.2 * column, 2.9, term, colour, width=3.4)
        axis.text(left + 4.2 * column + 1.7, 2.3, often, **SMALL)
        if column:
            axis.text(left + 4.2 * column - 0.4, 3.4, "+", ha="center", va="center")
    axis.text(0, 0.7, "q: target, k: item of the history", color="#495057")
    axis.set(xlim=(-0.2, 23.6), ylim=(0.4, 6))
    save("split")


def draw_rate() -> None:
    """R2 of the sample's title vectors against bits per item."""
    vectors = np.load(REPOSITORY / "data/04_feature/sample/vectors/title.npy")[1:]
    figure, axis = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for size, colour in ((8, ORANGE), (32, BLUE), (128, GREEN)):
        points = []
        for levels in range(1, 9):
            params = QuantizationParams(
                method="rq_kmeans",
                rq_kmeans=RQKMeansParams(levels=levels, codebook_size=size),
                seed=20242025,
                device="cpu",
            )
            quantizer = make_quantizer(params, vectors.shape[1])
            quantizer.fit(vectors)
            points.append(rate_distortion(quantizer, vectors))
        axis.plot(*zip(*points, strict=True), "o-", color=colour, label=str(size))
    axis.set(xlabel="bits per item", ylabel="R2 of the decodings", ylim=(0, 1))
    axis.legend(title="codewords a level")
    axis.grid(alpha=0.3)
    save("rate")


ARROW = {"arrowstyle": "->", "color": "#868e96"}
SMALL = {"ha": "center", "va": "top", "fontsize": 7, "color": "#495057"}
SIDE = {"ha": "left", "va": "center", "fontsize": 7, "color": "#495057"}


def canvas(width: float, height: float) -> tuple[plt.Figure, Axes]:
    """An axis without a frame."""
    figure, axis = plt.subplots(figsize=(width, height), layout="constrained")
    axis.set_axis_off()
    return figure, axis


def cell(
    axis: Axes, x: float, y: float, text: str, colour: str, *, width: float = 1
) -> None:
    """A box with a word in it."""
    box = plt.Rectangle(
        (x, y), width, 1, facecolor=PALE[colour], edgecolor=colour, linewidth=1
    )
    axis.add_patch(box)
    middle = (x + width / 2, y + 0.47)
    axis.text(*middle, text, ha="center", va="center", fontsize=9)


def save(name: str) -> None:
    """Write the current figure; the same bytes each time."""
    plt.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})
    plt.close()


def main(arguments: list[str]) -> None:
    """Draw them."""
    plt.rcParams.update({"svg.hashsalt": "mmctr", "font.size": 9})
    for draw in (draw_levels, draw_batch, draw_histogram, draw_split):
        draw()
    if "--rate" in arguments:
        draw_rate()


if __name__ == "__main__":
    main(sys.argv[1:])
