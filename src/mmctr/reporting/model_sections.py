"""The sections on the model: how good it is, and for whom."""

from collections.abc import Mapping
from typing import Any

from mmctr.evaluation.comparison import ONLY
from mmctr.reporting import sentences
from mmctr.reporting.blocks import (
    Beside,
    Block,
    Folded,
    Picture,
    Pictures,
    Section,
    Table,
    Terms,
    Text,
)
from mmctr.reporting.own_tables import own_tables
from mmctr.reporting.pages import say
from mmctr.reporting.run_figures import (
    draw_calibration,
    draw_differences,
    draw_roc,
)
from mmctr.reporting.sentences import MEASURES
from mmctr.reporting.statistics_sections import protocol_tables
from mmctr.reporting.top_blocks import top_block
from mmctr.reporting.words import (
    NOTHING,
    count,
    interval,
    measured,
    number,
    percent,
    plain,
    with_interval,
)

_MOST_COLUMNS = 15
"""Columns of the trees that are named."""

_ROC_PLACES = (1, 2, 5, 10, 20, 30, 50, 70)


_BASELINES = {
    "item_only": "the target's click rate in train, whoever the user is",
    "popularity": "how many clicks the target has in train",
    "seen_before": "whether the target is in the user's history",
    "last_title_similarity": "how like the target's title is to that of the last item "
    "in the history",
    "max_title_similarity": "the same, of the item in the history that is most like it",
    "boosted_trees": "gradient-boosted trees on row statistics, fields and vectors",
    "prior": "train's click rate for every row, which ranks nothing",
}
"""What the baselines score a row by."""


def judged_part(metrics: dict[str, Any]) -> str:
    """Name the part that the report judges by: test, or valid if test has no labels."""
    return "test" if metrics["test"] is not None else "valid"


def metrics_section(
    metrics: dict[str, Any], details: dict[str, Any], importance: dict[str, Any]
) -> Section:
    """Compare the model with its baselines, on every part that has labels."""
    part = judged_part(metrics)
    pictures = [
        Picture.of(
            f"minus_{measure}",
            draw_differences(metrics[part], measure, label),
            sentences.differences(metrics[part], measure, label, part),
        )
        for measure, label in (("gauc", "gAUC"), ("auc", "AUC"))
    ]
    blocks: list[Block] = [Pictures(pictures), _baseline_terms(metrics[part])]
    blocks += protocol_tables(metrics)
    blocks += _part_blocks(part, metrics, details)
    blocks.append(Text(say("about_metrics", found=metrics[part])))
    if part == "test":
        folded = _part_blocks("valid", metrics, details)
        blocks.append(Folded("The same on valid, which chose the weights", folded))
    else:
        blocks.append(Text("test has no labels: predictions only.", warns=True))
    blocks.append(Folded("The boosted trees", [importance_table(importance)]))
    return Section("metrics", "Metrics beside baselines", blocks)


def _baseline_terms(found: Mapping[str, Any]) -> Terms:
    """Explain each baseline that there is."""
    terms = []
    for name, baseline in found["baselines"].items():
        field = name.removesuffix(ONLY)
        meaning = _BASELINES.get(name, "a baseline of your own")
        if name.endswith(ONLY) and name not in _BASELINES:
            meaning = f"the click rate in train of the row's {plain(field)} alone"
        if baseline is not None:
            terms.append((plain(name), meaning))
    return Terms(terms)


def _part_blocks(
    part: str, metrics: dict[str, Any], details: dict[str, Any]
) -> list[Block]:
    return [
        ranking_table(part, metrics[part]),
        top_block(part, metrics[part]),
        *own_tables(part, metrics[part]),
        loss_table(part, metrics[part], details[part]),
    ]


def roc_section(part: str, details: dict[str, Any]) -> Section:
    """Show how many clicks are found for how many rows let through."""
    curves = details["roc"]
    table = Table.of_records(
        "Clicks that the model finds",
        _ROC_PLACES,
        {
            "passed": lambda place: percent(curves["false_positive_rate"][place], 0),
            "found": lambda place: sentences.clicks_found(curves, place),
        },
    )
    picture = Picture.of("roc", draw_roc(curves), sentences.roc(curves, part))
    return Section("roc", "ROC", [Beside([Pictures([picture]), table])])


def calibration_section(
    part: str, found: dict[str, Any], details: dict[str, Any]
) -> Section:
    """Show whether probabilities are click rates, and were before calibration.

    Args:
        part: Name of the part.
        found: Its metrics.
        details: Its details.
    """
    bins = details["calibration"]
    mean, rate = (
        with_interval(details[name]["value"], details[name]["interval"])
        for name in ("mean_probability", "click_rate")
    )
    table = Table.of_records(
        "Bins of equal mass",
        bins,
        {
            "probabilities": lambda x: (
                f"{number(x['lowest'])} to {number(x['highest'])}"
            ),
            "rows": lambda x: count(x["rows"]),
            "mean probability": lambda x: number(x["mean_probability"]),
            "click rate": lambda x: with_interval(x["click_rate"], x["interval"]),
        },
    )
    picture = Picture.of(
        "calibration",
        draw_calibration(bins, details["raw_calibration"]),
        f"{say('calibrated', part=part, found=found)} "
        f"{sentences.calibration(bins, part)}",
    )
    text = Text(say("probabilities", part=part, mean=mean, rate=rate))
    blocks = [text, Beside([Pictures([picture]), table])]
    return Section("calibration", "Calibration", blocks)


def ranking_table(part: str, found: Mapping[str, Any]) -> Table:
    """Write the measures of the model, the baselines and the best possible."""
    nothing = [NOTHING] * len(MEASURES)
    rows = [["model", *(measured(found, measure) for measure in MEASURES), *nothing]]
    for name, baseline in found["baselines"].items():
        cells = ["absent"] * len(MEASURES) + nothing
        if baseline is not None:
            cells = [number(baseline[measure]) for measure in MEASURES]
            for measure in MEASURES:
                ends = baseline[f"{measure}_difference"]
                cells.append(interval(ends, sign="+") if ends else NOTHING)
        rows.append([plain(name), *cells])
    if "oracle_auc" in found:
        best = number(found["oracle_auc"])
        rows.append(["best possible", best, *nothing[1:], *nothing])
    minus = (f"model minus it: {label}" for label in MEASURES.values())
    header = ("", *MEASURES.values(), *minus)
    title = f"{part.capitalize()}: {count(found['rows'])} rows"
    return Table(title, header, rows, strong=1)


def importance_table(importance: Mapping[str, Any]) -> Table:
    """Write what the boosted trees used most."""
    return Table.of_records(
        "What the boosted trees used",
        list(importance["gain"].items())[:_MOST_COLUMNS],
        {
            "column": lambda named: named[0],
            "share of gain": lambda named: percent(named[1]),
        },
        note=say("about_trees", importance=importance),
    )


def loss_table(
    part: str, found: Mapping[str, Any], details: Mapping[str, Any]
) -> Table:
    """Write what the probabilities themselves are worth."""
    raw = {name: number(value) for name, value in found["raw"].items()}
    losses = {
        name: with_interval(found[name], details[name]["interval"])
        for name in ("logloss", "ne")
    }
    slope, intercept = (
        number(found[f"calibration_{name}"]) for name in ("slope", "intercept")
    )
    rows = [
        ["logloss", losses["logloss"], raw["logloss"]],
        ["NE", losses["ne"], raw["ne"]],
        ["calibration error (ECE)", number(found["ece"]), raw["ece"]],
        ["calibration slope", slope, raw["slope"]],
        ["calibration intercept", intercept, NOTHING],
    ]
    header = ("measure", "model", "before calibration")
    title = f"{part.capitalize()}: probabilities"
    return Table(title, header, rows, note=say("about_probabilities", found=found))
