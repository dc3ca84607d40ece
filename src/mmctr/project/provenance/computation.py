"""Threads and kernels that a training computed with: they change its last digits."""

import os
import sys
from typing import Any

from mmctr.project.provenance.versions import installed_version

LIBRARIES = {
    "quantize_items": "torch",
    "train_model": "torch",
    "predict_valid": "torch",
    "predict_test": "torch",
    "predict_test_frozen": "torch",
    "score_by_trees": "lightgbm",
}
"""What trainings, and predictions of what they trained, are computed by."""


def computation_of(node: str) -> dict[str, Any] | None:
    """Look up what a node that has just run computed with.

    Args:
        node: Its name.

    Returns:
        ``omp_num_threads``, the variable OMP_NUM_THREADS (None: not set), and
        ``library``, name and version. Of torch also ``threads``, ``cpu`` (the
        instructions of its kernels), and whether ``mkl`` and ``onednn`` are available.
        None for other nodes.
    """
    library = LIBRARIES.get(node)
    if library is None:
        return None
    found: dict[str, Any] = {
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        "library": f"{library} {installed_version(library)}",
    }
    # A node that computes with it has imported it; nothing else should.
    torch = sys.modules.get("torch") if library == "torch" else None
    if torch is not None:
        found |= {
            "threads": torch.get_num_threads(),
            "cpu": torch.backends.cpu.get_cpu_capability(),
            "mkl": torch.backends.mkl.is_available(),
            "onednn": torch.backends.mkldnn.is_available(),
        }
    return found
