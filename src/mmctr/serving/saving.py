"""Writing a bundle without Kedro."""

from pathlib import Path

from mmctr.runtime.atomic import atomic_folder
from mmctr.runtime.sealed_folder import write_sealed
from mmctr.serving.bundle import Bundle


def save_bundle(bundle: Bundle, path: Path) -> None:
    """Write the folder beside an earlier one, and rename it over that."""
    with atomic_folder(path) as part:
        write_sealed(part, bundle.files())
