"""Writing a bundle without Kedro, and loading one that is checked."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from mmctr.runtime.atomic import atomic_folder
from mmctr.runtime.extensions import OwnCodeError
from mmctr.runtime.sealed_folder import write_sealed
from mmctr.serving.bundle import SETTINGS, Bundle, code_states
from mmctr.serving.errors import BundleError
from mmctr.serving.requests import of_frame
from mmctr.serving.state import ScoringState

TOLERANCE = 1e-4
"""Largest difference between a score and the one that a bundle expects."""


def save_state(state: ScoringState, path: Path) -> None:
    """Write the folder beside an earlier one, and rename it over that.

    Args:
        state: Its bundle is written, expecting the scores that it gives now.
        path: The folder.
    """
    sample = state.bundle.sample
    place = sample.column_names.index("probability")
    sample = sample.set_column(place, "probability", [_sample_scores(state)])
    bundle = replace(state.bundle, sample=sample)
    with atomic_folder(path) as part:
        write_sealed(part, bundle.files())


def load_state(path: Path) -> ScoringState:
    """Load a bundle, and check that it gives the scores it is expected to give.

    Args:
        path: Its folder, which is only read.

    Raises:
        BundleError: If it is no bundle, damaged, of another format, or gives other
            scores here; one sentence.
    """
    bundle = Bundle.load(path)
    try:
        state = ScoringState.of(bundle)
    except OwnCodeError as error:
        raise BundleError(
            f"bundle {path} names code that it does not contain: {error}"
        ) from error
    except (ValueError, KeyError, RuntimeError) as error:
        why = " ".join(str(error).split())[:300]
        raise BundleError(
            f"bundle {path}: its files don't fit each other ({why}); make it again: "
            "kedro run --pipeline bundle"
        ) from error
    require_expected_scores(state, path)
    return state


def require_expected_scores(state: ScoringState, path: str | Path) -> None:
    """Refuse a bundle that gives other scores than it expects.

    Args:
        state: Of the bundle.
        path: Its folder.

    Raises:
        BundleError: If a score is off by more than :data:`TOLERANCE`, or the settings
            are others.
    """
    try:
        found = _sample_scores(state)
    except (ValueError, KeyError, RuntimeError) as error:
        raise BundleError(
            f"bundle {path}: its own requests can't be scored ({error})"
        ) from error
    expected = state.bundle.sample["probability"].to_numpy()
    off = np.abs(found - expected).max(initial=0)
    if not off <= TOLERANCE:
        raise BundleError(
            f"bundle {path}: its own requests have other scores here, by up to "
            f"{off:.2g}; expected at most {TOLERANCE:g}. Install the versions that "
            f"made it: {state.bundle.facts.versions}"
        )
    # What no request shows: how raw fields and new items are encoded, say.
    bundle = state.bundle
    kept = (bundle.sample.schema.metadata or {}).get(SETTINGS)
    if kept != bundle.settings_hash:
        facts = bundle.facts
        theirs, ours = code_states(facts.versions.get("mmctr"), facts.commit)
        raise BundleError(
            f"bundle {path}: values in its JSON files are not those that its requests "
            "were scored with; take a whole copy of it, or make it again if other code "
            f"made it: {theirs}, and this is {ours}"
        )


def _sample_scores(state: ScoringState) -> np.ndarray:
    return state.score(of_frame(state, state.bundle.sample)[0])
