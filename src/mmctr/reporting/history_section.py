"""The section on the runs before this one."""

from typing import Any

from mmctr.data.run_differences import ABSENT
from mmctr.reporting.blocks import Block, Link, Section, Table, Text
from mmctr.reporting.pages import say
from mmctr.reporting.sentences import MEASURES
from mmctr.reporting.words import cell, difference, moment, number

_MOST = 3
"""Differing parameters that are named."""


def history_section(earlier: dict[str, Any]) -> Section:
    """Show the latest runs of the data set and how this one differs from them.

    Args:
        earlier: As :func:`mmctr.data.earlier_runs.compare_with_earlier_runs` gives it.
    """
    runs = earlier["runs"]
    if not runs:
        return Section("history", "Earlier runs", [Text(say("no_earlier_run"))])
    own = [number(earlier["measures"][name]) for name in MEASURES]
    rows = [["this run", "", "", *own], *map(_row, runs)]
    others = [i for i, run in enumerate(runs, 1) if run["minus"] is None]
    table = Table(
        f"This run minus each of them, on the same rows of {earlier['part']}",
        ("run", "made", "what it has other than this run", *MEASURES.values()),
        rows,
        words=3,
        strong=1,
        faint=others,
        note=say("about_earlier", earlier=earlier, others=bool(others)),
    )
    blocks: list[Block] = [table, Text(say("compare_more", run=runs[0]))]
    return Section("history", "Earlier runs", blocks, folded=True)


def _row(run: dict[str, Any]) -> list[str]:
    name = str(run["number"])
    if run["report"]:
        name = Link(name, run["report"])
    if run["minus"] is None:
        found = [number(run["metrics"][measure]) for measure in MEASURES]
    else:
        found = [difference(run["minus"][measure]) for measure in MEASURES]
    return [name, moment(run["at"]), _other(run), *found]


def _other(run: dict[str, Any]) -> str:
    """Name what an earlier run has other than this one."""
    # What only one of them has goes with a choice that is named already.
    named = [
        f"{name.removeprefix('ctr_modeling.')}={cell(its)}"
        for name, pair in run["differs"].items()
        for its in pair[1:]
        if ABSENT not in pair
    ]
    named += [f"another {file}" for file in run["inputs"]]
    more = [f"{len(named) - _MOST} more"] if len(named) > _MOST else []
    return ", ".join([*named[:_MOST], *more]) or "nothing"
