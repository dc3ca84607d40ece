"""The sections on the model: how it learned, and how good it is for whom."""

from collections.abc import Sequence
from typing import Any

from mmctr.reporting import sentences
from mmctr.reporting.blocks import (
    Beside,
    Block,
    Picture,
    Pictures,
    Section,
    Table,
    Text,
    Tiles,
)
from mmctr.reporting.figures import (
    draw_calibration,
    draw_differences,
    draw_roc,
    draw_slices,
    draw_training,
)
from mmctr.reporting.svg import inline_svg
from mmctr.reporting.words import (
    NOTHING,
    count,
    interval,
    number,
    percent,
    with_interval,
)

KINDS = {
    "target": "target",
    "history": "items in the history",
    "popularity": "clicks of the target in train",
}
"""Kinds of slices, and what their names count."""


def judged_part(metrics: dict[str, Any]) -> str:
    """Name the part that the report judges by: test, or valid where it can't."""
    return "test" if metrics["test"] is not None else "valid"


def overview(metrics: dict[str, Any], details: dict[str, Any]) -> Section:
    """The few numbers that come first."""
    part = judged_part(metrics)
    found, closer = metrics[part], details[part]
    share = percent(closer["confidence"], 0)
    tiles = [
        (f"AUC on {part}", number(found["auc"]), interval(found["auc_interval"])),
        (f"gAUC on {part}", number(found["gauc"]), interval(found["gauc_interval"])),
        (
            f"logloss on {part}",
            number(found["logloss"]),
            interval(closer["logloss"]["interval"]),
        ),
        (f"calibration error on {part}", number(found["ece"]), "0 is best"),
    ]
    blocks: list[Block] = [
        Text(sentences.verdict(metrics, part)),
        Tiles(tiles),
        Text(
            f"Brackets are {share} intervals over users: {count(closer['resamples'])} "
            "resamples of whole users, whose rows belong together. They do not cover "
            "another seed or other data."
        ),
    ]
    if part == "valid":
        blocks.insert(
            0,
            Text(
                "The test rows have no labels, so all numbers here are of valid, by "
                "which the weights were chosen: on new rows expect a little less.",
                warns=True,
            ),
        )
    return Section("overview", "In short", blocks)


def training_section(history: dict[str, Any]) -> Section:
    """The curves, and what was trained."""
    sentence = sentences.training(history)
    rows = [
        [
            count(entry["step"]),
            *(number(entry[name]) for name in ("auc", "gauc", "logloss")),
            f"{entry['learning_rate']:.3g}",
        ]
        for entry in history["validations"]
    ]
    header = ("step", "AUC", "gAUC", "logloss", "learning rate")
    return Section(
        "training",
        "Training curves",
        [
            Text(
                f"{count(history['weights'])} weights, {count(history['steps'])} steps "
                f"on {history['device']}. Content: {history['content']}. Item "
                f"features: {', '.join(history['features'])}."
            ),
            Beside(
                [
                    Pictures([_picture(draw_training(history), sentence, "training")]),
                    Table("On valid", header, rows),
                ]
            ),
        ],
    )


def metrics_section(metrics: dict[str, Any], details: dict[str, Any]) -> Section:
    """The model beside its baselines, on every part that has labels."""
    part = judged_part(metrics)
    blocks: list[Block] = []
    for name in ("test", "valid"):
        found = metrics[name]
        if found is None:
            blocks.append(Text(f"{name} has no labels: predictions only.", warns=True))
            continue
        blocks += [_ranking(name, found), _losses(name, found, details[name])]
    pictures = [
        _picture(
            draw_differences(metrics[part], measure, label),
            sentences.differences(metrics[part], measure, label, part),
            f"minus_{measure}",
        )
        for measure, label in (("gauc", "gAUC"), ("auc", "AUC"))
    ]
    note = (
        "gAUC is the mean AUC within groups (an event and its negatives, or a user), "
        "weighted by rows; NE is logloss over the entropy of the click rate; the "
        "calibration error has bins of equal mass."
    )
    return Section(
        "metrics", "Metrics beside baselines", [Pictures(pictures), *blocks, Text(note)]
    )


def roc_section(part: str, details: dict[str, Any]) -> Section:
    """How many clicks are found for how many rows let through."""
    curves = details["roc"]
    sentence = sentences.roc(curves, part)
    rows = [
        [
            percent(curves["false_positive_rate"][place], 0),
            _share(*(curves[x][place] for x in ("true_positive_rate", "low", "high"))),
        ]
        for place in (1, 2, 5, 10, 20, 30, 50, 70)
    ]
    table = Table("Clicks that the model finds", ("passed", "found"), rows)
    pictures = Pictures([_picture(draw_roc(curves), sentence, "roc")])
    return Section("roc", "ROC", [Beside([pictures, table])])


def calibration_section(part: str, details: dict[str, Any]) -> Section:
    """Whether probabilities are rates."""
    bins = details["calibration"]
    sentence = sentences.calibration(bins, part)
    rate, mean = details["click_rate"], details["mean_probability"]
    rows = [
        [
            f"{number(each['lowest'])} to {number(each['highest'])}",
            count(each["rows"]),
            number(each["mean_probability"]),
            with_interval(each["click_rate"], each["interval"]),
        ]
        for each in bins
    ]
    header = ("probabilities", "rows", "mean probability", "click rate")
    return Section(
        "calibration",
        "Calibration",
        [
            Text(
                f"Over all rows of {part} the mean probability is "
                f"{with_interval(mean['value'], mean['interval'])} and the click rate "
                f"{with_interval(rate['value'], rate['interval'])}."
            ),
            Beside(
                [
                    Pictures(
                        [_picture(draw_calibration(bins), sentence, "calibration")]
                    ),
                    Table("Bins of equal mass", header, rows),
                ]
            ),
        ],
    )


def slices_section(part: str, details: dict[str, Any]) -> Section:
    """For whom it is good: by target, history and popularity."""
    slices = details["slices"]
    whole = slices[0]["auc"]
    pictures, tables = [], []
    for kind, label in KINDS.items():
        found = [each for each in slices if each["kind"] == kind]
        if not found:
            continue
        sentence = sentences.slices(found, label, part)
        pictures.append(
            _picture(draw_slices(found, whole, label), sentence, f"slices_{kind}")
        )
        tables.append(_slice_table(label, found))
    return Section(
        "slices",
        "Slices",
        [
            Pictures(pictures),
            *tables,
            Text(
                "AUC is over all rows of a slice. A pair is a clicked and another row "
                "of one group, both in the slice; the share of them that is ordered "
                f"right is given from {count(details['min_pairs'])} pairs on. It is "
                "the one to judge cold targets by: over all cold rows, how many of "
                "them a group has already tells something."
            ),
        ],
    )


def _ranking(part: str, found: dict[str, Any]) -> Table:
    rows = [
        [
            "model",
            with_interval(found["auc"], found["auc_interval"]),
            with_interval(found["gauc"], found["gauc_interval"]),
            NOTHING,
            NOTHING,
        ]
    ]
    for name, baseline in found["baselines"].items():
        label = name.replace("_", " ")
        if baseline is None:
            rows.append([label, "absent", "absent", NOTHING, NOTHING])
            continue
        rows.append(
            [
                label,
                number(baseline["auc"]),
                number(baseline["gauc"]),
                interval(baseline["auc_difference"], sign="+"),
                interval(baseline["gauc_difference"], sign="+"),
            ]
        )
    if "oracle_auc" in found:
        best = number(found["oracle_auc"])
        rows.append(["best possible", best, NOTHING, NOTHING, NOTHING])
    header = ("", "AUC", "gAUC", "model minus it: AUC", "model minus it: gAUC")
    title = f"{part.capitalize()}: {count(found['rows'])} rows"
    return Table(title, header, rows, strong=1)


def _losses(part: str, found: dict[str, Any], details: dict[str, Any]) -> Table:
    rows = [
        ["logloss", with_interval(found["logloss"], details["logloss"]["interval"])],
        ["NE", with_interval(found["ne"], details["ne"]["interval"])],
        ["calibration error (ECE)", number(found["ece"])],
    ]
    return Table(f"{part.capitalize()}: probabilities", ("measure", "model"), rows)


def _slice_table(label: str, found: Sequence[dict[str, Any]]) -> Table:
    rows = [
        [
            each["name"],
            count(each["rows"]),
            count(each["users"]),
            with_interval(each["auc"], each["auc_interval"]),
            count(each["pairs"]),
            with_interval(each["pair_auc"], each["pair_auc_interval"]),
            percent(each["click_rate"]),
            percent(each["mean_probability"]),
        ]
        for each in found
    ]
    header = ("rows", "users", "AUC", "pairs", "ordered right", "clicked", "predicted")
    return Table(f"By {label}", (label, *header), rows)


def _share(value: float | None, low: float | None, high: float | None) -> str:
    ends = "" if low is None else f" [{percent(low)}, {percent(high)}]"
    return f"{percent(value)}{ends}"


def _picture(figure: Any, sentence: str, name: str) -> Picture:
    return Picture(inline_svg(figure, sentence, name), sentence, sentence)
