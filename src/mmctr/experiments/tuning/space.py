"""The search space: the parameters of a trial and their values."""

from collections.abc import Mapping
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, Any

from mmctr.content.quantizers.methods import METHODS
from mmctr.ctr.features.codes import CODE_EMBEDDINGS
from mmctr.experiments.tuning.params import DistributionParams

if TYPE_CHECKING:  # listing pipelines needs no Optuna
    from optuna import Trial

Space = Mapping[str, DistributionParams]

CONTENT = "ctr_modeling.features.content"
METHOD = "quantization.method"
ENTRY = "ctr_modeling.model.code_entry"
ITEM_ID = "ctr_modeling.features.item_id"
VECTORS = "ctr_modeling.features.vectors"

# Others depend on them, so they are drawn first, in this order.
_DECIDING = (CONTENT, VECTORS, ITEM_ID, METHOD, ENTRY)


def suggest(trial: "Trial", space: Space, base: dict[str, Any]) -> dict[str, Any]:
    """Let Optuna choose a value for every active parameter.

    Args:
        trial: Draws from the study's sampler.
        space: Distributions by dotted name.
        base: The project's ``quantization`` and ``ctr_modeling``, which decide where
            the space does not.

    Returns:
        Values by dotted name.
    """
    chosen: dict[str, Any] = {}
    for name in _ordered(space):
        if is_active(name, chosen, base):
            chosen[name] = _ask(trial, name, space[name])
    return chosen


def grid_points(space: Space, base: dict[str, Any]) -> list[dict[str, Any]]:
    """List all combinations of active parameters, each once.

    Args:
        space: Distributions by dotted name, with values that can be listed.
        base: As in :func:`suggest`.

    Returns:
        Values by dotted name, as a study holds them.
    """
    points: list[dict[str, Any]] = [{}]
    for name in _ordered(space):
        longer = []
        for point in points:
            active = is_active(name, decode_point(point, space), base)
            values = space[name].grid or []
            longer += [point | {name: x} for x in values] if active else [point]
        points = longer
    return points


def decode_point(point: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """Turn the labels of a study into values of parameters."""
    return {
        name: space[name].labels[value] if space[name].choices else value
        for name, value in point.items()
    }


def is_active(name: str, chosen: Mapping[str, Any], base: dict[str, Any]) -> bool:
    """Whether a parameter has an effect, given the others.

    Args:
        name: Dotted.
        chosen: Values of the trial so far; those that others depend on come first.
        base: As in :func:`suggest`.
    """

    def value(other: str) -> Any:
        if other in chosen:
            return chosen[other]
        return reduce(getitem, other.split("."), base)

    forms = set(str(value(CONTENT)).split("+"))
    codes = "codes" in forms
    vectors = bool({"continuous", "similarity"} & forms)
    section, part, *rest = name.split(".")
    if section == "quantization":
        used = codes or "matches" in forms or (vectors and value(VECTORS) == "decoded")
        return used and (part not in METHODS or part == value(METHOD))
    conditions = {
        "modalities": codes or "matches" in forms or vectors,
        "vectors": vectors,
        "code_entry": codes,
        **{entry: codes and entry == value(ENTRY) for entry in CODE_EMBEDDINGS},
        "continuous": "continuous" in forms,
        "similarity": "similarity" in forms,
        "item_id_dropout": bool(value(ITEM_ID)),
        "item_id_min_rows": bool(value(ITEM_ID)),
    }
    return conditions.get(rest[0] if rest else part, True)


def _ordered(space: Space) -> list[str]:
    # Whatever their order in the file, which is not in the study's name.
    first = [name for name in _DECIDING if name in space]
    return first + sorted(space.keys() - set(first))


def _ask(trial: "Trial", name: str, distribution: DistributionParams) -> Any:
    if distribution.choices:
        label = trial.suggest_categorical(name, list(distribution.labels))
        return distribution.labels[label]
    if distribution.int:
        whole = distribution.int
        return trial.suggest_int(
            name, whole.low, whole.steps[-1], step=whole.step, log=whole.log
        )
    real = distribution.float
    # For the type checker: the parameters' own check gives one of the three.
    assert real is not None  # nosec B101
    return trial.suggest_float(name, real.low, real.high, log=real.log)
