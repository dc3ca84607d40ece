"""The page on a scored log: what is unknown, what has drifted, how good it is."""

from typing import Any

from mmctr.reporting.blocks import Block, Picture, Pictures, Section, Table, Text, Tiles
from mmctr.reporting.pages import render_report
from mmctr.reporting.prediction_figures import draw_drift, draw_field, draw_scores
from mmctr.reporting.run_figures import draw_calibration
from mmctr.reporting.words import NOTHING, count, interval, number, percent

LARGE, MODERATE = 0.25, 0.1
"""Indices from which a shift is usually called so."""

_SHOWN = 6


def prediction_page(report: dict[str, Any]) -> str:
    """Write the page.

    Args:
        report: ``predict_report.json``.

    Returns:
        HTML that loads nothing.
    """
    sections = [
        Section("overview", "In short", _overview(report)),
        Section("unknown", "What is unknown", _unknown(report)),
        Section("scores", "Scores", _scores(report)),
        Section("fields", "Fields", _fields(report)),
    ]
    if report["metrics"]:
        sections.append(Section("metrics", "Metrics", _metrics(report)))
    versions = report["bundle"]["versions"]
    return render_report(
        f"{count(report['rows'])} scored rows",
        f"mmctr {versions.get('mmctr', '')}, a bundle of commit "
        f"{(report['bundle']['commit'] or 'unknown')[:12]}",
        sections,
    )


def _overview(report: dict[str, Any]) -> list[Block]:
    rate = report["click_rate"]
    tiles = [
        ("rows", count(report["rows"]), ""),
        (
            "mean probability",
            number(report["mean_probability"]),
            "" if rate is None else f"click rate {number(rate)}",
        ),
        ("scores against test's", number(report["scores"]["psi"], 3), "PSI"),
    ]
    blocks: list[Block] = [
        Tiles(tiles),
        Text(f"Histories: {report['histories']}. Row statistics count the bundle's own "
             "events" + (", those before each row's time." if report["timed"] else
             ", all of them: the rows have no time.")),
    ]  # fmt: skip
    if report["probability"]:
        blocks.append(
            Text(f"Probabilities are relative: {report['probability']}", warns=True)
        )
    if report["new_items"]:
        added = f"{count(report['new_items'])} items that training never saw were added"
        blocks.append(Text(f"{added} from the log's table of items."))
    blocks += [Text(note) for note in report["notes"]]
    return blocks


def _unknown(report: dict[str, Any]) -> list[Block]:
    unknown = report["unknown"]
    words = {
        "users": "rows whose user the bundle's events lack",
        "candidates": "rows whose item the bundle lacks",
        "history_items": "items of given histories that the bundle lacks, left out",
        "empty_histories": "rows without a history",
    }
    rows = [[words[name], percent(unknown[name])] for name in words]
    return [Table("Shares of rows", ["what", "share"], rows)]


def _scores(report: dict[str, Any]) -> list[Block]:
    found = report["scores"]
    sentence = (
        f"The scores' population stability index is {number(found['psi'], 3)}; "
        f"{_verdict(found['psi'])}. Two draws of one distribution have "
        f"{number(found['psi_by_chance'], 3)} on average, if rows are independent."
    )
    picture = Picture.of(
        "scores", draw_scores(report["odds"]), sentence, title="Scores of the log"
    )
    return [Pictures([picture])]


def _fields(report: dict[str, Any]) -> list[Block]:
    fields = dict(
        sorted(report["fields"].items(), key=lambda each: -(each[1]["psi"] or 0.0))
    )
    most = list(fields.items())[:_SHOWN]
    worst, found = most[0]
    pictures = [
        Picture.of(
            "drift",
            draw_drift({name: each["psi"] or 0.0 for name, each in fields.items()}),
            f"How far each field's shares are from train's; {_verdict(found['psi'])} "
            f"at most, for {worst}. Train has the negatives that were drawn for it.",
            title="Drift of the fields",
        ),
        Picture.of(
            "field",
            draw_field(found),
            f"Shares of {worst}, which moved most.",
            title=f"Shares of {worst}",
        ),
    ]
    table = Table.of_records(
        "Fields, the most moved first",
        fields.items(),
        {
            "field": lambda each: each[0],
            "shift": lambda each: _verdict(each[1]["psi"]),
            "PSI": lambda each: number(each[1]["psi"], 3),
            "by chance": lambda each: number(each[1]["psi_by_chance"], 3),
            "missing in train": lambda each: percent(each[1]["missing"][0]),
            "here": lambda each: percent(each[1]["missing"][1]),
            "unknown values": lambda each: percent(each[1]["unknown"][1]),
        },
        words=2,
    )
    return [Pictures(pictures), table]


def _metrics(report: dict[str, Any]) -> list[Block]:
    found = report["metrics"]
    test = report["bundle"]["metrics"].get("test") or {}
    names = {
        "auc": "AUC",
        "gauc": "gAUC",
        "logloss": "logloss",
        "ne": "normalised entropy",
        "ece": "calibration error (ECE)",
        "calibration_slope": "calibration slope",
        "calibration_intercept": "calibration intercept",
    }
    rows = [
        [
            label,
            number(found[name]),
            interval(found[f"{name}_interval"])
            if f"{name}_interval" in found
            else NOTHING,
            number(test.get(name)),
        ]
        for name, label in names.items()
    ]
    share = report["measured_share"]
    of_all = (
        "all labelled rows"
        if share == 1
        else f"the rows of {percent(share)} of the users"
    )
    note = (
        f"On {count(found['rows'])} rows, {of_all}; {count(found['groups'])} groups by "
        f"{found['groups_by']}, {count(found['groups_of_both_labels'])} of them with "
        "both labels."
    )
    bins = [{**each, "interval": None} for each in found["calibration"]]
    picture = Picture.of(
        "calibration",
        draw_calibration(bins, bins),
        "Click rates of rows with like probabilities; on the line they are equal.",
        title="Calibration",
    )
    header = ["measure", "here", "95 % interval", "test of the training"]
    return [Table("Metrics", header, rows, note=note), Pictures([picture])]


def _verdict(psi: float | None) -> str:
    if psi is None:
        return "nothing to compare"
    if psi >= LARGE:
        return "a large shift"
    return "a moderate shift" if psi >= MODERATE else "no shift to speak of"
