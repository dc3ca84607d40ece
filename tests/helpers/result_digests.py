"""Stored digests of results: whoever changes results raises a result version."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

STORE = "STORE_RESULT_DIGESTS"
"""Environment variable; set, the digests are stored and not compared."""

TOLERANCE = 1e-4
"""In norms of each tensor: processors round differently, code changes do more."""


def digest(tensors: Mapping[str, np.ndarray]) -> dict[str, list[float]]:
    """Sum and norm of every tensor."""
    arrays = {name: np.asarray(each, np.float64) for name, each in tensors.items()}
    return {
        name: [float(each.sum()), float(np.linalg.norm(each))]
        for name, each in arrays.items()
    }


def require_stored_results(
    tensors: Mapping[str, np.ndarray], path: Path, version: int, package: str
) -> None:
    """Compare results with those stored.

    Args:
        tensors: The results by name.
        path: JSON file of the stored digests.
        version: The package's ``RESULT_VERSION``.
        package: Its dotted name, for messages.
    """
    found = {"version": version, "digests": digest(tensors)}
    if os.environ.get(STORE):
        path.write_text(json.dumps(found, indent=1) + "\n")
    stored = json.loads(path.read_text())
    names = found["digests"].keys() | stored["digests"].keys()
    moved = sorted(
        name
        for name in names
        if not _is_close(found["digests"].get(name), stored["digests"].get(name))
    )
    if moved:
        pytest.fail(
            f"the results of {package} changed ({', '.join(moved[:5])}). If that is "
            f"meant, raise {package}.RESULT_VERSION and run this test with {STORE}=1, "
            "which stores the new digest"
        )
    assert version == stored["version"], f"run this test with {STORE}=1"


def _is_close(found: list[float] | None, stored: list[float] | None) -> bool:
    if found is None or stored is None:
        return False
    return np.allclose(found, stored, rtol=0, atol=TOLERANCE * (stored[1] or 1))
