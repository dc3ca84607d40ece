"""What one run has other than another, and the name that tells it."""

from typing import Any

from mmctr.data.run_history import PastRun

ABSENT = "-"
"""Stands for a parameter that a run does not have, or that is idle in it."""

_SEED = "seed"
_MODEL = "ctr_modeling.model.name"
_MOST = 3


def differing_parameters(run: PastRun, other: PastRun) -> dict[str, tuple[Any, Any]]:
    """Find parameters that two runs have different values of.

    Args:
        run: One of them.
        other: The other.

    Returns:
        By dotted name the value of each; :data:`ABSENT` where one has none.
    """
    names = sorted({*run.parameters, *other.parameters})
    pairs = {
        name: (run.parameters.get(name, ABSENT), other.parameters.get(name, ABSENT))
        for name in names
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def differing_inputs(run: PastRun, other: PastRun) -> list[str]:
    """Name the raw files that two runs have read different contents of."""
    names = sorted({*run.inputs, *other.inputs})
    return [x for x in names if run.inputs.get(x) != other.inputs.get(x)]


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
    found = differing_parameters(run, first)
    # What only one of them has goes with a choice, or with a version of the code.
    changed = [
        f"{parameter.removeprefix('ctr_modeling.')}={own}"
        for parameter, (own, others) in found.items()
        if parameter != _MODEL and ABSENT not in (own, others)
    ]
    changed += [f"other {file}" for file in differing_inputs(run, first)]
    if not changed:
        return name
    more = f" and {len(changed) - _MOST} more" if len(changed) > _MOST else ""
    return f"{name}: {', '.join(changed[:_MOST])}{more}"


def with_one_seed(parameters: dict[str, Any], seed: int | None) -> dict[str, Any]:
    """Replace the seeds of all sections that are the run's by that one.

    Args:
        parameters: By dotted name.
        seed: Of the run.
    """
    kept = {
        name: value
        for name, value in parameters.items()
        if not (name.endswith(f".{_SEED}") and value == seed)
    }
    return {_SEED: seed, **kept}
