"""Covers of all items to one matrix of unit vectors, and a report of how."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

import numpy as np

from mmctr.content.covers.cover_files import (
    CoverEntry,
    find_covers,
    open_covers,
    shown_name,
)
from mmctr.content.covers.image_protocol import ImageEmbedder
from mmctr.content.covers.image_report import (
    EXAMPLES,
    BrokenCover,
    ImageEmbeddingReport,
    explain_broken,
    explain_missing,
    log_warnings,
)
from mmctr.content.embedders.cache import EmbeddingCache
from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.providers import COVER_PROVIDER
from mmctr.runtime.progress import is_shown, track
from mmctr.runtime.scale.in_order import call_in_order, content_cluster
from mmctr.runtime.scale.params import ONE_MACHINE, ScaleParams
from mmctr.runtime.unit_rows import normalize_rows

if TYPE_CHECKING:  # an optional dependency
    from mmctr.content.covers.encoding import EncodedCovers


def embed_images(
    item_ids: Sequence[object],
    given: np.ndarray,
    params: EmbeddingParams,
    scale: ScaleParams = ONE_MACHINE,
) -> tuple[np.ndarray, ImageEmbeddingReport]:
    """Embed the covers of the items, or pass on the vectors that the source has.

    Args:
        item_ids: The items' own ids, one per row; a cover's file is named after it.
        given: Vectors of the source ``[n_items, d]``; d is 0 where it has none.
        params: Where the covers are, and what embeds them.
        scale: Whether workers of a cluster decode and embed them.

    Returns:
        Vectors ``[n_items, d]``, row i for item i, and the report. Without covers they
        are ``given`` as it is. With covers: float32, every row of length 1 as the title
        vectors have it, but exactly zero for an item without a usable cover.

    Raises:
        ValueError: If the covers can't be found or read, too few items have a usable
            one, the provider isn't installed, or the source has vectors, too.
    """
    images = params.images
    if images.path is None:
        return given, report_given(given)
    if given.shape[1] and not images.replace_given:
        raise ValueError(
            f"embedding.images.path is set, but the items have image vectors already "
            f"({given.shape[1]} wide): leave the path out to use those, or set "
            "embedding.images.replace_given=true to embed the covers"
        )
    kind = _provider_class(images.provider)
    started = time.perf_counter()
    ids = [str(item_id) for item_id in item_ids]
    with open_covers(images.path) as entries:
        found = find_covers(entries, ids)
        missing = [item_id for item_id in ids if item_id not in found.by_item]
        if not found.by_item or len(missing) > images.max_missing_share * len(ids):
            raise ValueError(explain_missing(found, missing, len(ids), images))
        embedder = kind(images, device=params.device)
        vectors = np.zeros((len(ids), embedder.width), dtype=np.float32)
        present = [
            (row, found.by_item[item_id])
            for row, item_id in enumerate(ids)
            if item_id in found.by_item
        ]
        broken = _embed_into(vectors, present, embedder, params, scale)
    unusable = len(missing) + len(broken)
    if broken and (
        unusable == len(ids) or unusable > images.max_missing_share * len(ids)
    ):
        raise ValueError(explain_broken(broken, len(missing), len(ids), images))
    report = ImageEmbeddingReport(
        provider=images.provider,
        version=embedder.version(),
        rows=len(ids),
        width=embedder.width,
        zero_rows=_count_zero_rows(vectors),
        missing=len(missing),
        missing_examples=[shown_name(x) for x in missing[:EXAMPLES]],
        broken=len(broken),
        broken_examples=broken[:EXAMPLES],
        unsafe=len(found.unsafe),
        unsafe_examples=[shown_name(name) for name in found.unsafe[:EXAMPLES]],
        without_item=found.without_item,
        no_images=found.no_images,
        seconds=round(time.perf_counter() - started, 3),
    )
    log_warnings(report)
    return vectors, report


def report_given(vectors: np.ndarray) -> ImageEmbeddingReport:
    """Describe the vectors of a source, ``[n_items, d]``; d is 0 where it has none."""
    width = vectors.shape[1]
    return ImageEmbeddingReport(
        provider="given" if width else "none",
        rows=len(vectors),
        width=width,
        zero_rows=_count_zero_rows(vectors),
    )


def _provider_class(provider: str) -> type[ImageEmbedder]:
    """Import a provider, and say which extra it needs if that is missing."""
    try:
        return COVER_PROVIDER.load(provider)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"embedding.images needs packages that are not installed ({error.name}): "
            "pip install 'mmctr[images]', or in a checkout "
            ".venv/bin/pip install -e '.[images]'"
        ) from error


def _embed_into(
    vectors: np.ndarray,
    covers: Sequence[tuple[int, CoverEntry]],
    embedder: ImageEmbedder,
    params: EmbeddingParams,
    scale: ScaleParams,
) -> list[BrokenCover]:
    """Fill the rows ``[n, d]`` float32 of usable covers; returns the broken ones."""
    # They need the extra.
    from mmctr.content.covers.cover_batches import CoverBatches
    from mmctr.content.covers.encoding import CoverEncoder, WorkersCoverEncoder

    images, size = params.images, params.images.batch_size
    parts = [covers[start : start + size] for start in range(0, len(covers), size)]
    label, show = f"covers, {size} per batch", is_shown(params.progress)
    with (
        EmbeddingCache(params.cache) if params.cache else nullcontext() as cache,
        content_cluster(len(covers), scale) as cluster,
    ):
        encode: Callable[..., EncodedCovers]
        if cluster is None:
            encode = CoverEncoder(embedder, images)
        else:
            encode = WorkersCoverEncoder(images, params.device, embedder.version())
        batches = CoverBatches(embedder.version(), cache, images)
        made = call_in_order(encode, map(batches.read, parts), cluster, "covers, batch")
        with closing(made):
            for found in track(made, label, len(parts), show=show):
                batches.store(found)
                vectors[found.rows] = found.vectors
    normalize_rows(vectors)
    return batches.broken


def _count_zero_rows(vectors: np.ndarray) -> int:
    return len(vectors) - int(vectors.any(axis=1).sum())
