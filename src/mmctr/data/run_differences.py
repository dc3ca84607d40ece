"""What one run has other than another, and the name that tells it."""

from collections.abc import Mapping
from typing import Any

from mmctr.data.run_history import PastRun

ABSENT = "-"
"""Stands for a parameter that a run does not have, or that is idle in it."""

_MODEL = "ctr_modeling.model.name"
_MOST = 3


def differing_parameters(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Find parameters that two runs have different values of.

    Args:
        one: Parameters of the one by dotted name.
        other: Of the other.

    Returns:
        By dotted name the value of each; :data:`ABSENT` where one has none.
    """
    names = sorted({*one, *other})
    pairs = {name: (one.get(name, ABSENT), other.get(name, ABSENT)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def differing_inputs(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Name the raw files that two runs have read different contents of.

    Args:
        one: Hashes by file of the one.
        other: Of the other.
    """
    return [x for x in sorted({*one, *other}) if one.get(x) != other.get(x)]


def run_name(run: PastRun, first: PastRun | None) -> str:
    """Write data set, model, and what the run has other than the first one.

    Args:
        run: To be named.
        first: The earliest run of the data set; None: the run itself.

    Returns:
        Such as ``toys din: training.loss_weight=2``.
    """
    name = f"{run.dataset} {run.model}"
    if first is None:
        return name
    found = differing_parameters(run.parameters, first.parameters)
    # What only one of them has goes with a choice, or with a version of the code.
    changed = [
        f"{parameter.removeprefix('ctr_modeling.')}={own}"
        for parameter, (own, others) in found.items()
        if parameter != _MODEL and ABSENT not in (own, others)
    ]
    changed += [f"other {file}" for file in differing_inputs(run.inputs, first.inputs)]
    if not changed:
        return name
    more = f" and {len(changed) - _MOST} more" if len(changed) > _MOST else ""
    return f"{name}: {', '.join(changed[:_MOST])}{more}"
