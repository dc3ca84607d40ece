"""From an embedder's vectors to those that are stored: padded, normalised, centred."""

from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from mmctr.content.providers import TextProvider
from mmctr.runtime.params import Params
from mmctr.runtime.unit_rows import normalize_rows

_ROWS = 16_384
# A centred vector this much shorter than it was is rounding error, not a direction.
_VANISHED = 1e-6


def _is_free(name: str) -> str:
    if name.startswith(("field_", "value_")):
        raise ValueError("columns of fields begin so; choose another name")
    return name


ModalityName = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$"), AfterValidator(_is_free)
]
"""Becomes the name of files, of columns and of the model's layers."""


class ModalityParams(Params):
    """What a modality is made of, and what happens to its vectors.

    The type of its column decides: text is embedded, lists of numbers are vectors
    already. The covers are a modality by ``embedding.images``.
    """

    column: str | None = None
    """Column of the items, text or vectors; null: none, see path."""
    optional: bool = False
    """Without such a column there are no vectors; false: that is an error."""
    provider: TextProvider | None = None
    """What embeds the text; null: embedding.provider."""
    options: dict[str, Any] | None = None
    """Settings of an embedder of your own; null: embedding.options."""
    path: Path | None = None
    """.npy file with a row per item in place of a column, for the provider precomputed;
    null: embedding.precomputed.path."""
    l2_normalize: bool = True
    """Scale every vector to length 1."""
    center: bool = False
    """Subtract the mean vector of the items that have one; with l2_normalize before and
    after."""

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.column is None and self.path is None:
            raise ValueError("name a column of the items, or the path of a .npy file")
        if self.path is not None and self.provider not in {None, "precomputed"}:
            raise ValueError(f"path is for precomputed vectors, not {self.provider}")
        return self


def finish_vectors(
    vectors: np.ndarray,
    params: ModalityParams,
    name: str,
    center: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Lay the vectors of all items out as every later step reads them.

    Args:
        vectors: ``[n, d]`` floats, row i for the i-th item; d may be 0.
        params: Normalisation and centring of the modality.
        name: What the vectors are, for messages.
        center: ``[d]`` float64 to subtract, of an earlier run; None: it is measured.

    Returns:
        ``[n + 1, d]`` float32, row i is item i and row 0 is padding; a zero vector
        stays zero. And the centre that was subtracted, ``[d]`` float64 (zeros where
        ``params.center`` is off), for :func:`finish_new_vectors`.

    Raises:
        ValueError: If a value is not finite.
    """
    count, width = vectors.shape
    finished = np.zeros((count + 1, width), np.float32)
    finished[1:] = vectors
    return finished, _finish(finished[1:], params, center, name)


def finish_new_vectors(
    vectors: np.ndarray, center: np.ndarray, params: ModalityParams
) -> np.ndarray:
    """Treat vectors of new items exactly as those of the known ones.

    Args:
        vectors: ``[k, d]`` floats, of the embedder that made the known ones.
        center: ``[d]`` float64, from :func:`finish_vectors`.
        params: Normalisation and centring of the modality.

    Returns:
        ``[k, d]`` float32, comparable with the stored vectors and fit to be encoded by
        the quantiser that was fitted on them.

    Raises:
        ValueError: If the widths differ or a value is not finite.
    """
    if vectors.ndim != 2 or vectors.shape[1] != len(center):
        raise ValueError(
            f"expected vectors of width {len(center)}, got shape "
            f"{list(vectors.shape)}; embed them as the items were"
        )
    finished = np.array(vectors, dtype=np.float32)
    _finish(finished, params, center, "vectors")
    return finished


def _finish(
    vectors: np.ndarray, params: ModalityParams, center: np.ndarray | None, name: str
) -> np.ndarray:
    """Normalise and centre in place; the centre, measured where none is given."""
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} hold NaN or infinity in {len(bad)} row(s), first "
            f"{bad[:5].tolist()} (item_id {(bad[:5] + 1).tolist()}); embed them again"
        )
    if params.l2_normalize:
        normalize_rows(vectors)
    if not params.center:
        return np.zeros(vectors.shape[1])
    center = _mean(vectors) if center is None else center
    _subtract(vectors, center)
    if params.l2_normalize:
        normalize_rows(vectors)
    return center


def _mean(vectors: np.ndarray) -> np.ndarray:
    """The mean ``[d]`` float64 of the rows that are not zero; zero if all are."""
    present = np.count_nonzero(vectors.any(axis=1))
    return vectors.sum(axis=0, dtype=np.float64) / max(present, 1)


def _subtract(vectors: np.ndarray, mean: np.ndarray) -> None:
    """Subtract ``mean`` from the rows that are not zero, in place."""
    for start in range(0, len(vectors), _ROWS):
        rows = vectors[start : start + _ROWS]
        exact = rows.astype(np.float64)
        present = rows.any(axis=1, keepdims=True)
        centred = np.where(present, exact - mean, 0.0)
        length = np.linalg.norm(exact, axis=1, keepdims=True)
        left = np.linalg.norm(centred, axis=1, keepdims=True)
        rows[:] = np.where(left > _VANISHED * length, centred, 0.0)
