"""What ``mmctr compare`` prints."""

from collections.abc import Sequence
from typing import Any

from mmctr.data.run_differences import (
    differing_inputs,
    differing_parameters,
    run_name,
)
from mmctr.data.run_history import PastRun, RunHistory
from mmctr.evaluation.paired import COMPARED, Difference, compare_paired
from mmctr.evaluation.params import EvaluationParams
from mmctr.project.comparing.sides import Side, require_same_rows
from mmctr.reporting.words import cell, count, interval, moment, number, seconds

_THIN = "*"
"""Marks a run of which only the numbers are left."""

_LONGEST = 48
"""Characters of a parameter's value."""


def list_runs(history: RunHistory, most: int) -> str:
    """Write a line per run of a data set, the latest last.

    Args:
        history: Of the data set.
        most: How many of the latest.
    """
    runs = history.runs()
    rows = [("run", *COMPARED.values(), "on", "took", "commit", "at", "what")]
    rows += [_line(run, runs[0], history) for run in runs[-most:]]
    note = ""
    if not all(map(history.is_comparable, runs[-most:])):
        note = f"\n\n{_THIN}: without probabilities, so it can't be compared"
    return f"{_table(rows)}{note}"


def compare_sides(first: Side, second: Side, params: EvaluationParams) -> str:
    """Write what the second has other than the first, and how much better it is.

    Args:
        first: Called A.
        second: Called B.
        params: Resamples, confidence, seed.

    Raises:
        ValueError: If their rows are not the same.
    """
    require_same_rows(first, second)
    rows = first.rows.user_rows(weighted=params.weighted)
    others = {"A": first.probabilities}
    found = compare_paired(rows, second.probabilities, others, params)["A"]
    share = f"{params.confidence:.0%} interval"
    table = [("", "A", "B", "B minus A", share)]
    table += [_measure(COMPARED[name], each) for name, each in found.items()]
    lines = [
        f"A  {first.name}",
        f"B  {second.name}",
        f"{count(len(rows.labels))} rows of {first.part} by {count(rows.n_users)} "
        "users, the same for both",
        "",
        *_what_differs(first.run, second.run),
        _table(table),
        "",
        *(_sentence(COMPARED[name], name, each) for name, each in found.items()),
        "",
        "The interval is over resamples of whole users, the same ones for A and B. It "
        "does not\ncover another seed of the training: compare several runs of each.",
    ]
    return "\n".join(lines)


def _line(run: PastRun, first: PastRun, history: RunHistory) -> tuple[str, ...]:
    what = run_name(run, first).removeprefix(f"{run.dataset} ")
    number_of = f"{run.number}{'' if history.is_comparable(run) else _THIN}"
    numbers = [number(run.metrics.get(name)) for name in COMPARED]
    commit = (run.commit or "unknown")[:8]
    took = seconds(run.seconds)
    at = moment(run.at)
    return (number_of, *numbers, run.part, took, commit, at, what)


def _what_differs(first: PastRun | None, second: PastRun | None) -> list[str]:
    if first is None or second is None:
        return []
    rows = [
        (name, _short(one), _short(other))
        for name, (one, other) in differing_parameters(
            first.parameters, second.parameters
        ).items()
    ]
    for name in ("commit", "version"):
        one, other = getattr(first, name), getattr(second, name)
        if one != other:
            rows.append((f"{name} of the code", _short(one)[:12], _short(other)[:12]))
    lines = [
        f"Other raw file: {name}"
        for name in differing_inputs(first.inputs, second.inputs)
    ]
    if not rows:
        return [*lines, "No parameter differs.", ""]
    return [*lines, _table([("what differs", "A", "B"), *rows]), ""]


def _measure(label: str, found: Difference) -> tuple[str, ...]:
    return (
        label,
        number(found.other),
        number(found.value),
        number(found.delta, sign="+"),
        interval(found.interval, sign="+"),
    )


def _sentence(label: str, name: str, found: Difference) -> str:
    if found.delta is None or found.interval is None:
        return f"{label} is undefined on these rows."
    if not found.is_clear:
        return f"{label}: no difference that these rows could show."
    is_better = (found.delta > 0) != (name == "logloss")
    return f"{label}: B is {'better' if is_better else 'worse'}."


def _short(value: Any) -> str:
    text = cell(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{text:{n}}" for text, n in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
