"""A damaged bundle is refused, or gives the scores of the whole one."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from damage import damages

from mmctr import Scorer
from mmctr.runtime.hashing import content_hash
from mmctr.runtime.sealed_folder import MANIFEST
from mmctr.serving.errors import BundleError

# All use a run of the pipelines.
pytestmark = pytest.mark.system

DAMAGES = 200
HISTORY, USER, ROW = ["i1", "i5"], {"user_id": "u1", "country": "se"}, {"position": 2}


@pytest.fixture
def answers(shared) -> Callable[[Scorer], np.ndarray]:
    """Every item's score with raw fields, and those of the bundle's own requests."""

    def of(scorer: Scorer) -> np.ndarray:
        scores = scorer.score(HISTORY, shared.items, USER, ROW)
        return np.concatenate([scores, scorer.score_frame(shared.sample)])

    return of


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_no_damage_gives_a_wrong_score(copy, shared, answers):
    """Cut, flipped, deleted, swapped: 200 of them, by a seed."""
    expected = answers(shared)
    outcomes = {"refused": 0, "as before": 0}
    for how in damaged(copy):
        try:
            found = answers(Scorer.load(copy))
        except BundleError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
        else:
            assert np.array_equal(found, expected), how
            outcomes["as before"] += 1
    assert sum(outcomes.values()) == DAMAGES
    # A blank for another one in the manifest says the same.
    assert outcomes["refused"] >= DAMAGES - 5


def damaged(folder: Path) -> Iterator[str]:
    """Damage a bundle in place, say how, and repair it."""
    rng = np.random.default_rng(0)
    files = files_of(folder)
    for turn in range(DAMAGES):
        path, other = rng.choice(np.array(files, object), 2, replace=False)
        whole, of_other = path.read_bytes(), other.read_bytes()
        if turn % 8 == 0:
            how = "deleted"
            path.unlink()
        elif turn % 8 == 1 and whole != of_other:
            how = f"swapped with {other}"
            path.write_bytes(of_other)
            other.write_bytes(whole)
        else:
            *_, damage = damages(whole, seed=turn, cases=8)
            how = damage.how
            path.write_bytes(damage.content)
        yield f"{path} {how}"
        path.write_bytes(whole)
        other.write_bytes(of_other)


def test_no_value_of_a_json_file_is_edited_unseen(copy, shared, answers):
    """By somebody who also writes its hash into the manifest."""
    expected = answers(shared)
    manifest = (copy / MANIFEST).read_text()
    edited = 0
    for path in files_of(copy):
        if path.suffix != ".json" or path.name == MANIFEST:
            continue
        whole = path.read_text()
        for number in np.linspace(0, len(leaves(json.loads(whole))) - 1, 12).astype(
            int
        ):
            values = json.loads(whole)
            holder, key = leaves(values)[number]
            holder[key] = another(holder[key])
            path.write_text(json.dumps(values))
            seal = json.loads(manifest)
            name = path.relative_to(copy).as_posix()
            seal["sha256"][name] = content_hash(path)
            (copy / MANIFEST).write_text(json.dumps(seal))
            with pytest.raises(BundleError):
                Scorer.load(copy)
            edited += 1
        path.write_text(whole)
        (copy / MANIFEST).write_text(manifest)
    assert edited >= 36
    assert np.array_equal(answers(Scorer.load(copy)), expected)


def leaves(values: Any) -> list[tuple[Any, Any]]:
    """Every plain value of a JSON, as its holder and key."""
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    found: list[tuple[Any, Any]] = []
    for key, value in pairs:
        found += leaves(value) if isinstance(value, (dict, list)) else [(values, key)]
    return found


def another(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return f"{value or ''}x"


def test_two_bundles_are_not_mixed(bundle, copy, scorer, tmp_path):
    """A file of a later save of the same model does not fit the others."""
    scorer.add_items(pd.DataFrame({"item_id": ["new"], "title": ["red robot"]}))
    scorer.save(tmp_path / "later")
    for path in files_of(tmp_path / "later"):
        name = path.relative_to(tmp_path / "later")
        if name.name == MANIFEST or path.read_bytes() == (copy / name).read_bytes():
            continue
        shutil.copy(path, copy / name)
        with pytest.raises(BundleError, match=name.name):
            Scorer.load(copy)
        shutil.copy(bundle / name, copy / name)
    Scorer.load(copy)
