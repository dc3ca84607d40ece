"""The page of a study, for people."""

import json
from typing import Any

from mmctr.reporting.blocks import Table
from mmctr.reporting.pages import render

_SHOWN = 10

OBJECTIVES = {"auc": "AUC", "gauc": "gAUC"}
"""How people write them."""


def write_page(tuning: dict[str, Any]) -> str:
    """Say what was tried, what was best and what mattered.

    Args:
        tuning: From :func:`mmctr.experiments.tuning.report.report_trials`.

    Returns:
        Markdown.
    """
    objective, best = tuning["objective"], tuning["best"]
    by_state = {
        state: [trial for trial in tuning["trials"] if trial["state"] == state]
        for state in ("complete", "refused")
    }
    complete = sorted(by_state["complete"], key=lambda trial: -trial["value"])
    importance = tuning["importance"] or {}
    parameters = Table.of_records(
        "",
        dict.fromkeys([*importance, *tuning["space"]]),
        {
            "parameter": str,
            "best": lambda name: _text(best["parameters"].get(name, "-")),
            "importance": lambda name: (
                f"{importance[name]:.0%}" if name in importance else "-"
            ),
        },
    )
    trials = Table.of_records(
        "",
        complete[:_SHOWN],
        {
            "trial": lambda trial: str(trial["number"]),
            OBJECTIVES[objective]: lambda trial: f"{trial['value']:.4f}",
            "s": lambda trial: f"{trial['seconds']:,.1f}",
            "parameters": lambda trial: ", ".join(
                f"{name.removeprefix('ctr_modeling.')}={_text(value)}"
                for name, value in trial["parameters"].items()
            ),
        },
    )
    scores = [each[objective] for each in best["validations"]]
    return render(
        "tuning_page.md",
        t=tuning,
        measure=OBJECTIVES[objective],
        states=", ".join(f"{count} {name}" for name, count in tuning["states"].items()),
        parameters=parameters,
        trials=trials,
        shown=_SHOWN,
        rising=bool(scores) and scores[-1] == max(scores),
        slow=[trial["number"] for trial in tuning["trials"] if trial["out_of_time"]],
        refused=by_state["refused"],
    )


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value)
