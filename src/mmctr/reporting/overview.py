"""The section that comes first: task, data, verdict, and what to do next."""

from collections.abc import Iterator
from typing import Any

from mmctr.evaluation.baselines import tells_of_clicks
from mmctr.reporting import sentences
from mmctr.reporting.blocks import Block, Section, Steps, Terms, Text, Tiles
from mmctr.reporting.cautions import HIGHEST_ECE, cautions, origin_of_rows
from mmctr.reporting.data_sections import repeats_sentence
from mmctr.reporting.field_sections import users_return
from mmctr.reporting.model_sections import judged_part
from mmctr.reporting.pages import say
from mmctr.reporting.slice_sections import rows_of_slice
from mmctr.reporting.statistics_sections import frozen_sentence, protocol_sentence
from mmctr.reporting.words import interval, number, utc

_TERMS = (
    ("AUC", "how often a clicked row scores higher than another one; 0.5 is chance"),
    ("gAUC", "the mean AUC within groups, whose rows compete for the click"),
    ("logloss", "how wrong the probabilities are, in nats per row; lower is better"),
    ("NE", "logloss over that of the click rate alone; below 1 is better than it"),
    (
        "calibration error (ECE)",
        "the gap of probabilities and click rates; 0 is best",
    ),
)
_MANY_COLD = 0.2
"""Share of rows with a cold target from which these are worth a look of their own."""

_WIDE = 0.03
"""Width of the AUC's interval from which many changes of a model can't be seen."""


def overview(
    metrics: dict[str, Any],
    details: dict[str, Any],
    preparation: dict[str, Any],
    audit: dict[str, Any],
    history: dict[str, Any],
    *,
    is_ablated: bool,
) -> Section:
    """Say what was found, as to somebody who reads nothing else.

    Args:
        metrics: Of both parts.
        details: The same.
        preparation: ``preparation.json``.
        audit: ``audit.json``.
        history: ``training.json``.
        is_ablated: Whether there is an ablation.
    """
    part = judged_part(metrics)
    found, closer, log = metrics[part], details[part], preparation["log"]
    warnings = [say("judged_by_valid")] if part == "valid" else []
    warnings += cautions(metrics, part)
    begin = _begin(log, part)
    facts = {"log": log, "parts": preparation["parts"], "part": part, "begin": begin}
    verdict = sentences.headline(metrics, part)
    # The headline has said it all where the model is better than every baseline.
    others = (
        "" if sentences.beats_all(metrics, part) else sentences.verdict(metrics, part)
    )
    trees = sentences.against_trees(metrics, part)
    steps = list(_next_steps(part, found, preparation, audit, history))
    if not is_ablated:
        steps.append((say("try_ablation"), ""))
    blocks: list[Block] = [
        *(Text(text, warns=True) for text in warnings),
        Text(f"{say('task', log=log)} {say('data_used', **facts)}"),
        Text(verdict, strong=True),
        Text(f"{others} {trees} {_for_whom(part, closer)}".strip()),
        Text(say("believed", part=part, found=found, most=HIGHEST_ECE)),
        _tiles(part, found),
        Terms(_TERMS),
        *([Steps("What next", steps)] if steps else []),
        Text(say("brackets", details=closer)),
        Text(f"{protocol_sentence(metrics)} {frozen_sentence(metrics)}"),
    ]
    if origin := origin_of_rows(preparation):
        blocks.append(Text(origin))
    return Section("overview", "In short", blocks)


def _begin(log: dict[str, Any] | None, part: str) -> str:
    """Write when a part of a log begins; nothing where it has no clock."""
    at = log.get(f"{part}_from") if log and log["clock"] else None
    return "" if at is None else utc(at)


def _tiles(part: str, found: dict[str, Any]) -> Tiles:
    chance = found["ece_if_calibrated"]
    tiles = [
        ("AUC", number(found["auc"]), interval(found["auc_interval"])),
        ("gAUC", number(found["gauc"]), interval(found["gauc_interval"])),
        ("logloss", number(found["logloss"]), interval(found["logloss_interval"])),
        ("NE", number(found["ne"]), "1 is the click rate alone"),
        (
            "ECE",
            number(found["ece"]),
            f"{number(chance[0])} if calibrated" if chance else "",
        ),
    ]
    return Tiles([(f"{name} on {part}", *rest) for name, *rest in tiles])


def _for_whom(part: str, closer: dict[str, Any]) -> str:
    """Name the worst slice, where its interval lies below that of all rows."""
    whole, *others = closer["slices"]
    known = [
        each
        for each in others
        if each["auc_interval"] and sentences.has_enough_rows(each)
    ]
    worst = min(known, key=lambda each: each["auc"], default=None)
    ends = whole["auc_interval"]
    if worst and not (ends and worst["auc_interval"][1] < ends[0]):
        worst = None
    return say(
        "for_whom",
        part=part,
        rows=worst and rows_of_slice(worst["kind"], worst["name"]),
        worst=worst,
        whole=whole,
        fewest=sentences.MIN_SLICE_ROWS,
    )


def _next_steps(
    part: str,
    found: dict[str, Any],
    preparation: dict[str, Any],
    audit: dict[str, Any],
    history: dict[str, Any],
) -> Iterator[tuple[str, str]]:
    """Advise what the run itself suggests, each with the section that shows why."""
    rows = preparation["parts"][part]
    if "advice" in history:
        yield history["advice"], "training"
    if history["best_step"] == history["validations"][-1]["step"]:
        yield say("unfinished"), "training"
    if tells_of_clicks(audit["valid"]["auc_seen_before"]):
        yield repeats_sentence(audit), "data"
    if users_return(preparation, audit):
        share = audit["test"]["known_user_share"]
        yield say("known_users", share=share, is_high=True), "data"
    cold = rows["rows_with_cold_item"] / rows["rows"]
    if cold >= _MANY_COLD:
        yield say("cold_targets", part=part, share=cold), "slices"
    if ends := found["auc_interval"]:
        width = ends[1] - ends[0]
        if width >= _WIDE:
            facts = {"users": rows["users"], "width": width}
            yield say("wide_interval", part=part, **facts), "metrics"
