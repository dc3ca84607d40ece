"""The page of a study, for people."""

import json
from typing import Any

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
    best, rows = tuning["best"], tuning["rows"]
    measure = OBJECTIVES[tuning["objective"]]
    states = ", ".join(f"{count} {name}" for name, count in tuning["states"].items())
    lines = [
        "# Tuning",
        "",
        f"{len(tuning['trials'])} trials by {tuning['sampler']} ({states}), "
        f"{rows['train']:,} train rows each; {measure} on {rows['valid']:,} valid "
        f"rows. Best: trial {best['number']}, {measure} {best['value']:.4f}.",
        "",
        *_table(
            ["parameter", "best", "importance"],
            [
                [f"`{name}`", _text(best["parameters"].get(name, "-")), share]
                for name, share in _importance(tuning)
            ],
        ),
        "",
        f"## The best {_SHOWN}",
        "",
        *_best_trials(tuning),
        "",
        *(f"- {line}" for line in _cautions(tuning)),
    ]
    return "\n".join(lines) + "\n"


def _importance(tuning: dict[str, Any]) -> list[tuple[str, str]]:
    found = tuning["importance"] or {}
    names = [*found, *(name for name in tuning["space"] if name not in found)]
    return [(name, f"{found[name]:.0%}" if name in found else "-") for name in names]


def _best_trials(tuning: dict[str, Any]) -> list[str]:
    complete = [trial for trial in tuning["trials"] if trial["state"] == "complete"]
    complete.sort(key=lambda trial: -trial["value"])
    return _table(
        ["trial", OBJECTIVES[tuning["objective"]], "s", "parameters"],
        [
            [
                str(trial["number"]),
                f"{trial['value']:.4f}",
                f"{trial['seconds']:,.1f}",
                ", ".join(
                    f"{name.removeprefix('ctr_modeling.')}={_text(value)}"
                    for name, value in trial["parameters"].items()
                ),
            ]
            for trial in complete[:_SHOWN]
        ],
    )


def _cautions(tuning: dict[str, Any]) -> list[str]:
    best = tuning["best"]
    lines = [
        f"The best of many on valid is partly luck: expect less than "
        f"{best['value']:.4f} on rows that were not looked at. Test was not read.",
        "Importance: PED-ANOVA of the complete trials, what tells the best quarter "
        "from all of them; with few trials it is rough.",
    ]
    if tuning["importance"] is None:
        lines[-1] = "Too few complete trials for an importance."
    scores = [each[tuning["objective"]] for each in best["validations"]]
    if scores and scores[-1] == max(scores):
        lines.append(
            "The best trial was at its best at its last validation: more "
            "tuning.budget.max_epochs might help."
        )
    slow = [str(each["number"]) for each in tuning["trials"] if each["out_of_time"]]
    if slow:
        lines.append(
            f"Stopped by tuning.budget.minutes, so not finished: trials "
            f"{', '.join(slow)}."
        )
    refused = [each for each in tuning["trials"] if each["state"] == "refused"]
    if refused:
        lines.append(
            f"{len(refused)} refused, their parameters made no model; the last: "
            f"{refused[-1]['reason']}"
        )
    return lines


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value)


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(header)} |",
        f"|{'---|' * len(header)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
