"""What a score is made of."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from mmctr.ctr.inputs.click_log import Batch
from mmctr.data.fields.field import CODES
from mmctr.runtime.unit_rows import normalize_rows
from mmctr.serving.requests import of_user
from mmctr.serving.rows import Requests
from mmctr.serving.state import ScoringState


class Explanation(NamedTuple):
    """Why an item has its score.

    Attributes:
        score: Its click probability.
        history: The known items of the history, ``H`` ids.
        attention: ``[H]`` float64, how the model weighs each.
        similarity: By modality ``[H]`` float64, the cosine with the item.
        without_history: ``[H]`` float64, the score less that without each.
        without_fields: By field of user and row, the score less that without it.
    """

    score: float
    history: list[Any]
    attention: np.ndarray
    similarity: dict[str, np.ndarray]
    without_history: np.ndarray
    without_fields: dict[str, float]


def explain(
    state: ScoringState,
    history: Sequence[Any],
    item: Any,
    user: Mapping[str, Any],
    row: Mapping[str, Any],
    as_of: int | None,
) -> Explanation:
    """Explain a score; see :meth:`mmctr.serving.scorer.Scorer.explain`.

    Raises:
        ValueError: If the item is unknown.
    """
    target = state.ids.numbers([item])
    if not target[0]:
        raise ValueError(f"item {item!r} is not in the bundle; add it with add_items")
    numbers = state.ids.numbers(history)
    known = numbers[numbers > 0]
    past = state.ids.of(known)

    def rows(past: Sequence[Any], user: Mapping, row: Mapping) -> Requests:
        return of_user(state, past, [item], user, row, as_of)[0]

    def score(past: Sequence[Any], user: Mapping, row: Mapping) -> float:
        return float(state.score(rows(past, user, row))[0])

    whole = score(past, user, row)
    fields = [own for side in ("row", "user") for own in state.bundle.fields.of(side)]
    given = {own.name for own in fields if own.column in {*user, *row}}
    without = {
        own.name: whole - score(past, _less(user, own), _less(row, own))
        for own in fields
        if own.name in given
    }
    return Explanation(
        score=whole,
        history=past,
        attention=_attention(state, len(known), rows(past, user, row)),
        similarity=_similarities(state, int(target[0]), known),
        without_history=np.array(
            [
                whole - score(past[:place] + past[place + 1 :], user, row)
                for place in range(len(past))
            ]
        ),
        without_fields=without,
    )


def _less(values: Mapping[str, Any], own: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in values.items()
        if name not in (own.column, CODES + own.name)
    }


@torch.inference_mode()
def _attention(state: ScoringState, count: int, requests: Requests) -> np.ndarray:
    """Weights ``[count]`` float64, 0 beyond the newest that the model reads.

    Of several trainings it is their mean.
    """
    weights = np.zeros(count)
    batch = state.log(requests)[np.zeros(1, np.int64)]
    if len(batch.history):
        members = state.predictor.members
        device = next(members[0].parameters()).device
        batch = Batch(*(tensor.to(device) for tensor in batch))
        found = [own.history_weights(batch) for own in members]
        mean = torch.stack(found).double().mean(0)
        weights[-len(batch.history) :] = mean.cpu().numpy()
    return weights


def _similarities(
    state: ScoringState, target: int, history: np.ndarray
) -> dict[str, np.ndarray]:
    found = {}
    for name, own in state.bundle.vectors.items():
        if own.shape[1]:
            unit = np.array(own[np.append(target, history)], np.float32)
            normalize_rows(unit)
            found[name] = (unit[1:] @ unit[0]).astype(np.float64)
    return found
