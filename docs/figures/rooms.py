"""Draws the packages of ``mmctr`` and their imports: ``python docs/figures/rooms.py``.

Reads the source and imports none of it, so any tree can be drawn:
``rooms.py SOURCE_FOLDER PICTURE``.
"""

import ast
import sys
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt

REPOSITORY = Path(__file__).parents[2]
ORDER = (
    "project",
    "pipelines",
    "experiments",
    "reporting",
    "serving",
    "ctr",
    "content",
    "data",
    "evaluation",
    "runtime",
)
DOWN, UP, BOX = "#3b5bdb", "#e03131", "#dbe4ff"


def imports_between_rooms(package: Path) -> Counter[tuple[str, str]]:
    """Count the imports from one room into another.

    Args:
        package: Folder ``src/mmctr``.

    Returns:
        Number of import statements by (importing room, imported room); files that lie
        directly in the package are left out where they are Kedro's.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for file in package.rglob("*.py"):
        room = file.relative_to(package).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                parts = node.module.split(".")
                if parts[0] == package.name and len(parts) > 1 and parts[1] != room:
                    counts[room, parts[1]] += 1
    kept = {"pipeline_registry", "settings", "cli", "__main__", "__init__"}
    return Counter({k: v for k, v in counts.items() if not kept & set(k)})


def floors(counts: Counter[tuple[str, str]]) -> list[str]:
    """Order the rooms from the top floor to the lowest."""
    rooms = {room for pair in counts for room in pair}
    known = [room for room in ORDER if room in rooms]
    return known + sorted(rooms - set(known))


def draw(package: Path, picture: Path) -> None:
    """Draw one box per room, one curve per pair of rooms, thicker with more imports."""
    counts = imports_between_rooms(package)
    order = floors(counts)
    height = {room: len(order) - place for place, room in enumerate(order)}
    figure, axes = plt.subplots(figsize=(7, 0.55 * len(order) + 1))
    for (above, below), number in sorted(counts.items()):
        is_down = height[above] > height[below]
        axes.annotate(
            "",
            xy=(0.55 if is_down else -0.55, height[below]),
            xytext=(0.55 if is_down else -0.55, height[above]),
            arrowprops={
                "arrowstyle": "-|>",
                "color": DOWN if is_down else UP,
                "alpha": 0.65,
                "linewidth": 0.6 + 0.12 * min(number, 20),
                "connectionstyle": f"arc3,rad={-0.35 if is_down else -0.25}",
                "shrinkA": 2,
                "shrinkB": 2,
            },
        )
    for room in order:
        axes.text(
            0,
            height[room],
            room,
            ha="center",
            va="center",
            bbox={"boxstyle": "round,pad=0.35", "facecolor": BOX, "edgecolor": DOWN},
        )
    up = sum(height[above] < height[below] for above, below in counts)
    axes.set_title(
        f"{len(order)} rooms, {len(counts)} arrows, {up} of them upwards", fontsize=10
    )
    axes.set(xlim=(-2, 2.6), ylim=(0.3, len(order) + 0.7))
    axes.axis("off")
    figure.savefig(picture, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    plt.rcParams["svg.hashsalt"] = "mmctr"
    source, target = [*map(Path, sys.argv[1:3])] or [
        REPOSITORY / "src" / "mmctr",
        Path(__file__).with_name("rooms.svg"),
    ]
    draw(source, target)
