"""The summary that a run prints at its end."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmctr.reporting.cautions import cautions, origin_of_rows
from mmctr.reporting.data_sections import part_table
from mmctr.reporting.log_blocks import dropped_sentence
from mmctr.reporting.model_sections import judged_part
from mmctr.reporting.pages import render
from mmctr.reporting.sentences import MEASURES
from mmctr.reporting.statistics_sections import (
    minus_trees,
    protocol_sentence,
    under_both,
)
from mmctr.reporting.words import interval, number

SUMMARY_INPUTS = (
    "preparation_report",
    "data_audit",
    "metrics",
    "codebook",
    "training_history",
)
"""Data sets that the summary needs."""

_RANKINGS = ("auc", "gauc")

_AUDITED = (
    ("clicked", "positive_rate"),
    ("cold", "cold_target_share"),
    ("likes=own", "likes_level_equals_items"),
    ("views=own", "views_level_equals_items"),
    ("item only", "auc_item_only"),
    ("history", "auc_history_length"),
    ("likes", "auc_likes_level"),
    ("views", "auc_views_level"),
)
"""Heading and key of the columns of the audit; levels where rows state them."""


def summarize(
    inputs: dict[str, Any],
    *,
    paths: dict[str, str],
    dataset: str,
    env: str | None,
    source: dict[str, str],
    config: str | None = None,
) -> str:
    """Write the summary of a run.

    Args:
        inputs: The data sets named in :data:`SUMMARY_INPUTS`.
        paths: Where each artifact of the run lies.
        dataset: Name of the data set.
        env: The environment; None for the default.
        source: The command line's options on the data set; the next run needs them too.
        config: The file of ``--config``, which it also needs.

    Returns:
        Some fifty lines of plain text.
    """
    report, metrics = inputs["preparation_report"], inputs["metrics"]
    table = part_table(report)
    counted = dict(zip(table.header, zip(*table.rows, strict=True), strict=True))
    names = counted.pop("part")
    audited = {
        title: [number(inputs["data_audit"][part][key], 3) for part in names]
        for title, key in _AUDITED
        if key in inputs["data_audit"]["train"]
    }
    return render(
        "closing_page.txt",
        dataset=dataset,
        report=report,
        parts=_grid(names, counted),
        log=report["log"],
        dropped=dropped_sentence(report["log"]) if report["log"] else "",
        unknown=report.get("unknown", {}).get("found", []),
        audit=_grid(names, audited),
        codebook=inputs["codebook"],
        history=inputs["training_history"],
        metrics=metrics,
        cautions=cautions(metrics, judged_part(metrics)),
        origin=origin_of_rows(report),
        statistics=protocol_sentence(metrics),
        protocols=_protocols(under_both(metrics)),
        scores=_scores,
        detectable=_detectable,
        paths=paths,
        width=max(map(len, paths), default=0),
        run="kedro run"
        + (f" --env {env}" if env else "")
        + (f" --config {config}" if config else ""),
        data="".join(f"{name}={value}," for name, value in source.items()),
        env=env,
    )


def _grid(parts: Sequence[str], columns: Mapping[str, Sequence[str]]) -> str:
    """Write right-aligned columns, one line per part below their names."""
    lines = [f"  {part:6}" for part in ("", *parts)]
    for name, cells in columns.items():
        width = max(len(name), *map(len, cells)) + 2
        texts = (name, *cells)
        lines = [f"{line}{x:>{width}}" for line, x in zip(lines, texts, strict=True)]
    return "\n".join(lines)


def _scores(
    name: str,
    scores: dict[str, Any] | None,
    ends: str,
    sign: str = "",
    measures: Sequence[str] = _RANKINGS,
) -> str:
    if scores is None:
        return f"  {name:22} absent"
    values = "".join(f"{number(scores[measure]):>7}" for measure in measures)
    intervals = [interval(scores[f"{x}_{ends}"], sign=sign) for x in measures]
    return f"  {name:22}{values}  {', '.join(intervals)}"


def _detectable(metrics: dict[str, Any]) -> str:
    """Give the least favourable of the baselines' detectable differences."""
    baselines = [found for found in metrics["baselines"].values() if found]
    line = f"  {'detectable difference':22}"
    for measure in _RANKINGS:
        found = [each[f"{measure}_detectable"] for each in baselines]
        line += f"{number(max(filter(None, found), default=None)):>7}"
    return line


def _protocols(both: dict[str, dict[str, Any]]) -> str:
    """Write each measure under both protocols, with the model minus the trees."""
    if not both:
        return ""
    heads = "".join(f"{name:>10}  {'model minus trees':18}" for name in both)
    lines = [f"  {'on test':9}{heads}".rstrip()]
    for measure, label in MEASURES.items():
        cells = "".join(
            f"{number(found[measure]):>10}  {minus_trees(found, measure):18}"
            for found in both.values()
        )
        lines.append(f"  {label:9}{cells}".rstrip())
    return "\n".join(lines)
