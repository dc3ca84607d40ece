"""Title and image vectors and the item features become one table."""

import numpy as np
import pyarrow as pa

from mmctr.content.fusion.params import FusionParams, ModalityParams
from mmctr.data.vector_columns import vector_column, vector_matrix

_COLUMNS = {
    "item_id": pa.int64(),
    "tags": pa.list_(pa.int32()),
    "likes_level": pa.int8(),
    "views_level": pa.int8(),
}
_ROWS = 16_384
# A centred vector this much shorter than it was is rounding error, not a direction.
_VANISHED = 1e-6


def fuse_item_features(
    item_feature: pa.Table,
    title_embeddings: np.ndarray,
    image_vectors: np.ndarray,
    params: FusionParams,
) -> pa.Table:
    """Join the item features and the vectors of both modalities.

    Args:
        item_feature: One row per item: ``item_id`` int64 1..n in order, ``tags``
            list<int32> without padding, ``likes_level`` and ``views_level`` int8.
        title_embeddings: ``[n, d]`` float32, rows as in ``item_feature``.
        image_vectors: The same; ``[n, 0]`` where there are no images.
        params: Normalisation and centring per modality.

    Returns:
        The columns above and ``title_vector``, ``image_vector`` as list<float32>; an
        absent modality is a column of empty lists. A zero vector stays zero.

    Raises:
        ValueError: If a column is missing, ids are not 1..n, or vectors are not
            finite or not one per item.
    """
    missing = [name for name in _COLUMNS if name not in item_feature.column_names]
    if missing:
        raise ValueError(f"item_feature lacks the column(s) {missing}")
    _check_ids(item_feature)
    columns = {name: item_feature[name].cast(kind) for name, kind in _COLUMNS.items()}
    count = item_feature.num_rows
    title = _prepare(title_embeddings, params.title, count, "title_embeddings")
    image = _prepare(image_vectors, params.image, count, "image_vectors")
    return pa.table(
        {
            **columns,
            "title_vector": vector_column(title),
            "image_vector": vector_column(image),
        }
    )


def prepare_new_vectors(
    vectors: np.ndarray, known: np.ndarray, params: ModalityParams
) -> np.ndarray:
    """Prepare vectors of further items just as those of the known ones were.

    Args:
        vectors: ``[k, d]`` float32, of the embedder that made the known ones.
        known: ``[n, d]`` float32, what :func:`fuse_item_features` was given; their
            mean is the centre.
        params: Normalisation and centring of the modality.

    Returns:
        ``[k, d]`` float32, comparable with the fused vectors and fit to be encoded by
        the quantiser that was fitted on them.

    Raises:
        ValueError: If the widths differ or a value is not finite.
    """
    if vectors.ndim != 2 or vectors.shape[1] != known.shape[1]:
        raise ValueError(
            f"vectors have shape {list(vectors.shape)} where width {known.shape[1]} is "
            "wanted; embed them as the items were"
        )
    plain = params.model_copy(update={"center": False})
    prepared = _prepare(vectors, plain, len(vectors), "vectors")
    if params.center:
        mean = _mean(_prepare(known, plain, len(known), "known vectors"))
        _subtract(prepared, mean)
        if params.l2_normalize:
            _normalize(prepared)
    return prepared


def lay_out_vectors(item_features: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Lay the vectors out as the CTR model reads them, padding as row 0.

    As arrays of their own they can be mapped: a model that takes codes alone reads
    none of them.

    Args:
        item_features: From :func:`fuse_item_features`.

    Returns:
        Title and image vectors, ``[n + 1, d]`` float32; row i is item i, row 0 is zero.
        An absent modality is ``[n + 1, 0]``.
    """
    title, image = (
        np.pad(vector_matrix(item_features, column), ((1, 0), (0, 0)))
        for column in ("title_vector", "image_vector")
    )
    return title, image


def _check_ids(item_feature: pa.Table) -> None:
    ids = item_feature["item_id"].to_numpy()
    wrong = np.flatnonzero(ids != np.arange(1, len(ids) + 1))
    if len(wrong):
        raise ValueError(
            f"item_feature: item_id in row {wrong[0]} is {ids[wrong[0]]} where "
            f"{wrong[0] + 1} is wanted; items are numbered 1..n in order, run the "
            "preparation pipeline again"
        )


def _prepare(
    vectors: np.ndarray, params: ModalityParams, count: int, name: str
) -> np.ndarray:
    """Check, normalise and centre one modality: ``[n, d]`` float32, a copy."""
    if vectors.ndim != 2 or len(vectors) != count:
        raise ValueError(
            f"{name} has shape {list(vectors.shape)} for {count} items; one row per "
            "item is wanted, make it again from this item_feature"
        )
    vectors = np.array(vectors, dtype=np.float32)
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} holds NaN or infinity in {len(bad)} row(s), first "
            f"{bad[:5].tolist()} (item_id {(bad[:5] + 1).tolist()}); embed them again"
        )
    if params.l2_normalize:
        _normalize(vectors)
    if params.center:
        _subtract(vectors, _mean(vectors))
        if params.l2_normalize:
            _normalize(vectors)
    return vectors


def _normalize(vectors: np.ndarray) -> None:
    """Scale the rows to length 1 in place, zero rows excepted."""
    for start in range(0, len(vectors), _ROWS):
        rows = vectors[start : start + _ROWS]
        # float64: squares of very small or very large float32 values leave its range.
        norms = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
        rows[:] = rows / np.where(norms > 0, norms, 1.0)


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
