"""The report of the covers, warnings, and errors with advice."""

import logging
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from mmctr.content.covers.cover_files import FoundCovers, shown_name
from mmctr.content.covers.image_params import ImageParams

logger = logging.getLogger(__name__)

EXAMPLES = 5
"""Maximum examples in a message."""


class BrokenCover(BaseModel):
    """A file that is an item's cover and can't be used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    """Its path inside the folder or zip."""
    reason: str
    """What is wrong with it."""


class ImageEmbeddingReport(BaseModel):
    """Where the image vectors come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str
    """What made them; given: the source; none: there are none."""
    version: str | None = None
    """Provider, model, width and packages."""
    rows: int
    """Number of items."""
    width: int
    """Numbers per vector; 0: no vectors."""
    zero_rows: int
    """Items whose vector is zero, for any reason."""
    missing: int = 0
    """Items without a cover."""
    missing_examples: list[str] = Field(default_factory=list)
    """Ids of the first of them."""
    broken: int = 0
    """Covers that can't be used."""
    broken_examples: list[BrokenCover] = Field(default_factory=list)
    """The first of them."""
    unsafe: int = 0
    """Links and paths that lead outside; never read."""
    unsafe_examples: list[str] = Field(default_factory=list)
    """The first of them."""
    without_item: int = 0
    """Images that belong to no item."""
    no_images: int = 0
    """Files without a suffix of an image."""
    seconds: float | None = None
    """Time taken; null: none embedded."""


def explain_missing(
    found: FoundCovers, missing: list[str], n_items: int, images: ImageParams
) -> str:
    """Say why so many items have no cover, with what there is instead.

    Args:
        found: What is there.
        missing: Ids of the items without a cover.
        n_items: All items.
        images: The parameters.

    Returns:
        The message of an error.
    """
    first_ids = ", ".join(shown_name(item_id) for item_id in missing[:EXAMPLES])
    first_files = ", ".join(shown_name(x) for x in found.without_item_examples)
    return (
        f"{len(missing):,} of {n_items:,} items have no cover in {images.path} (first "
        f"ids {first_ids}); images that belong to no item: {found.without_item:,}"
        f"{f' (first {first_files})' if first_files else ''}; other files: "
        f"{found.no_images:,}. A cover is named after the item's id in your files, "
        "12077.jpg for 12077. Where so few covers are right, raise "
        f"embedding.images.max_missing_share (now {images.max_missing_share:g}); at "
        "least one cover is needed"
    )


def explain_broken(
    broken: Sequence[BrokenCover], missing: int, n_items: int, images: ImageParams
) -> str:
    """Say why the covers that there are can't make image vectors.

    Args:
        broken: All covers that can't be used.
        missing: Items without a cover.
        n_items: All items.
        images: The parameters.

    Returns:
        The message of an error.
    """
    return (
        f"{len(broken):,} covers in {images.path} can't be used ({_listed(broken)}), "
        f"and {missing:,} items have none: together over "
        f"embedding.images.max_missing_share = {images.max_missing_share:g} of "
        f"{n_items:,} items, or all of them. Fetch the covers again, or raise it"
    )


def log_warnings(report: ImageEmbeddingReport) -> None:
    """Warn of missing, broken and unsafe covers."""
    if report.missing:
        logger.warning(
            "%s of %s items have no cover (first ids %s): their image vectors are zero",
            f"{report.missing:,}",
            f"{report.rows:,}",
            ", ".join(report.missing_examples),
        )
    if report.broken:
        logger.warning(
            "%s covers can't be used (%s): their image vectors are zero",
            f"{report.broken:,}",
            _listed(report.broken_examples),
        )
    if report.unsafe:
        logger.warning(
            "%s links or paths that lead outside were not followed (%s)",
            f"{report.unsafe:,}",
            ", ".join(report.unsafe_examples),
        )


def _listed(broken: Sequence[BrokenCover]) -> str:
    return "; ".join(f"{cover.file} {cover.reason}" for cover in broken[:EXAMPLES])
