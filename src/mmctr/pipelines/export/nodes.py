"""The node of the export pipeline; torch is imported when it runs."""

from pathlib import Path
from typing import Any

from mmctr.serving.export.params import ExportParams

# Kedro resolves these annotations in every command.
ByName = dict[str, Any]


def export_model(bundle: Path, params: ExportParams) -> ByName:
    """Export a bundle, and compare every format with it.

    Args:
        bundle: Its folder.
        params: Formats.

    Returns:
        Relative path -> content; see :func:`mmctr.serving.export.folder.write_export`.
    """
    from mmctr.serving.export.folder import exported_files
    from mmctr.serving.saving import load_state

    return exported_files(load_state(bundle), params.formats)
