"""What nodes need to go on from a bundle; torch is imported when they run."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmctr.serving.going_on import Start


def load_start(folder: Path | None) -> "Start | None":
    """Read the bundle that a run goes on from.

    Args:
        folder: Of the bundle; None: the run starts from scratch.

    Raises:
        BundleError: If it can't be gone on from.
    """
    if folder is None:
        return None
    from mmctr.serving.going_on import Start

    return Start.load(folder)
