"""The page of an ablation, for people."""

from collections.abc import Iterable
from typing import Any

_COLUMNS = (
    "arm",
    "chosen",
    "gAUC",
    "AUC",
    "warm AUC",
    "clean-cold",
    "logloss",
    "bits",
    "train s",
    "steps to 99 %",
    "s to 99 %",
)


def write_page(details: dict[str, Any]) -> str:
    """Say what was found, with the largest gAUC first.

    Args:
        details: From :func:`mmctr.experiments.ablation.report.measure_arms`.

    Returns:
        Markdown: the arms, their differences to control and rival, what the intervals
        cover, and what to beware of.
    """
    arms = sorted(details["arms"], key=lambda arm: -(arm["gauc_mean"] or 0))
    rows, seeds = details["rows"], details["seeds"]
    tested = "a part of valid" if details["test_is_part_of_valid"] else "test"
    lines = [
        "# Ablation",
        "",
        f"{len(arms)} arms, {len(seeds)} seed(s) each, {rows['train']:,} train rows; "
        f"settings chosen by {details['choose_by']} on {rows['valid']:,} valid rows, "
        f"reported once on {rows['test']:,} rows of {tested}. Mean, and standard "
        "deviation over seeds.",
        "",
        *_table(_COLUMNS, (_arm_cells(arm) for arm in arms)),
    ]
    for other in dict.fromkeys([details["control"], details["rival"]]):
        if other is not None:
            lines += ["", *_differences(arms, other, details)]
    lines += ["", *_cautions(arms, details)]
    return "\n".join(lines) + "\n"


def _arm_cells(arm: dict[str, Any]) -> list[str]:
    measures = ("gauc", "auc", "warm_auc", "clean_cold", "logloss")
    bits = arm["bits_per_item"]
    return [
        arm["name"],
        arm["candidate"],
        *(_with_sd(arm[f"{name}_mean"], arm[f"{name}_sd"]) for name in measures),
        "-" if bits is None else f"{bits:,.0f}",
        f"{arm['seconds']:,.0f}",
        f"{arm['steps_to_99']:,.0f}",
        f"{arm['seconds_to_99']:,.1f}",
    ]


def _differences(
    arms: list[dict[str, Any]], other: str, details: dict[str, Any]
) -> list[str]:
    def cells(arm: dict[str, Any]) -> list[str]:
        found = arm["against"][other]
        p_value = found["gauc"]["p_holm"]
        return [
            arm["name"],
            *(_interval(found[name]) for name in ("gauc", "auc", "warm_auc")),
            "-" if p_value is None else f"{p_value:.3f}",
            _signed(found["gauc"]["detectable"]).lstrip("+"),
        ]

    share, power = details["confidence"], details["power"]
    header = ("arm", "gAUC", "AUC", "warm AUC", "p (gAUC, Holm)", "detectable (gAUC)")
    compared = [arm for arm in arms if arm["name"] != other]
    found = [arm["against"][other]["gauc"]["detectable"] for arm in compared]
    known = [value for value in found if value is not None]
    least = f" (the largest here: {max(known):.4f} of gAUC)" if known else ""
    return [
        f"## Minus `{other}`",
        "",
        f"Paired {share:.0%} intervals. *Detectable* is the smallest true difference "
        f"that these rows and seeds show with {power:.0%} power{least}; of one below "
        "it, an interval around zero says nothing.",
        "",
        *_table(header, (cells(arm) for arm in compared)),
    ]


def _cautions(arms: list[dict[str, Any]], details: dict[str, Any]) -> list[str]:
    covered = "other users and other seeds" if details["seeds_resampled"] else "users"
    lines = [
        f"Intervals: {details['resamples']:,} resamples of whole users, the same for "
        f"all arms; they cover {covered}, and neither other data nor the choice of the "
        "setting on valid. p-values are two-sided, read from the same resamples, the "
        f"smallest possible being {2 / (details['resamples'] + 1):.4f} before Holm's "
        "correction over the arms of a table.",
    ]
    if details["seeds_resampled"] and len(details["seeds"]) < 5:
        lines.append(
            f"With {len(details['seeds'])} seeds the part of the seeds is a little too "
            "narrow."
        )
    if not details["seeds_resampled"]:
        lines.append("Another seed may well fall outside them.")
    slow = [arm["name"] for arm in arms if arm["out_of_time"]]
    if slow:
        lines.append(
            f"Stopped by ablation.budget.minutes, so not finished: {', '.join(slow)}."
        )
    rising = [arm["name"] for arm in arms if arm["still_rising"]]
    if rising:
        lines.append(
            "Best at their last validation, so more ablation.budget.max_epochs might "
            f"help: {', '.join(rising)}."
        )
    lines.append(
        "*Steps to 99 %*: the first validation whose AUC reaches 99 % of the arm's "
        "best; seconds are of training alone."
    )
    return [f"- {line}" for line in lines]


def _table(header: Iterable[str], rows: Iterable[list[str]]) -> list[str]:
    cells = list(header)
    return [
        f"| {' | '.join(cells)} |",
        f"|{'---|' * len(cells)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def _with_sd(mean: float | None, spread: float | None) -> str:
    if mean is None:
        return "-"
    return f"{mean:.4f}" if spread is None else f"{mean:.4f} ± {spread:.4f}"


def _interval(found: dict[str, float | None]) -> str:
    return (
        f"{_signed(found['delta'])} [{_signed(found['low'])}, {_signed(found['high'])}]"
    )


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.4f}"
