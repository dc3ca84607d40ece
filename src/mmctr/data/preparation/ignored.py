"""Parameters that are set, and that a source has no use for."""

import logging
from collections.abc import Iterator
from typing import Any

from mmctr.data.fields.log_columns import ITEM_AGE
from mmctr.data.fields.params import FieldsParams
from mmctr.data.preparation.params import PreparationParams
from mmctr.runtime.params import Params

logger = logging.getLogger(__name__)

_OF_CHALLENGES = ("preparation.max_history", "preparation.unknown_items")
_OF_CLICKS = (
    "preparation.negatives_per_positive",
    "preparation.repeats",
    "preparation.window_days",
    "preparation.min_eligible_items",
)
_OF_IMPRESSIONS = ("preparation.negative_keep",)
_OF_WEIGHTS = ("preparation.weight_is", "preparation.max_weight")


def ignored_by_challenge(params: PreparationParams, fields: FieldsParams) -> list[str]:
    """Name the parameters that do nothing for a challenge, and warn about them.

    Args:
        params: Those of its preparation.
        fields: Those of its fields.

    Returns:
        A sentence each.
    """
    chosen = _chosen(params, fields)
    cause = "the files of a challenge are split and labelled, and have one form"
    return _warned(chosen, {x: cause for x in chosen if x not in _OF_CHALLENGES})


def ignored_by_log(
    params: PreparationParams, fields: FieldsParams, *, are_impressions: bool
) -> list[str]:
    """Name the parameters that do nothing for a log, and warn about them.

    Args:
        params: Those of its preparation.
        fields: Those of its fields.
        are_impressions: Whether it is one of impressions.

    Returns:
        A sentence each.
    """
    why = dict.fromkeys(_OF_IMPRESSIONS, "the log is one of clicks")
    if are_impressions:
        why = dict.fromkeys(_OF_CLICKS, "the log is one of impressions")
    if params.weight_column is None:
        why |= dict.fromkeys(_OF_WEIGHTS, "there is no preparation.weight_column")
    if ITEM_AGE not in fields.time:
        why["fields.published_column"] = f"fields.time has no {ITEM_AGE}"
    return _warned(_chosen(params, fields), why)


def _chosen(params: PreparationParams, fields: FieldsParams) -> dict[str, Any]:
    """Values unlike the defaults, by the parameter's whole name."""
    sections = {"preparation": params, "fields": fields}
    return {
        name: value
        for section, held in sections.items()
        for name, value in _unlike_defaults(held, section)
    }


def _unlike_defaults(params: Params, section: str) -> Iterator[tuple[str, Any]]:
    for name, field in type(params).model_fields.items():
        value = getattr(params, name)
        if isinstance(value, Params):
            yield from _unlike_defaults(value, f"{section}.{name}")
        elif not field.is_required() and value != field.get_default(
            call_default_factory=True
        ):
            yield f"{section}.{name}", value


def _warned(chosen: dict[str, Any], why: dict[str, str]) -> list[str]:
    found = [
        f"{name}={chosen[name]} is ignored: {cause}"
        for name, cause in why.items()
        if name in chosen
    ]
    for text in found:
        logger.warning("%s", text)
    return found
