"""A damaged file of studies is an error, and never gives other trials."""

import contextlib
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import optuna
import pytest
from damage import damages
from kedro.io import DatasetError
from tuning_worlds import random_plan

from mmctr.data.datasets import StudyFile
from mmctr.experiments.tuning.search import Search


def slope(trial: optuna.Trial) -> float:
    trial.set_user_attr("facts", {"kept": {"gauc": 0.25}})
    return trial.suggest_float("x", 0.0, 1.0)


def search(n_trials: int) -> Search:
    return Search(random_plan("a", n_trials=n_trials), slope)


@pytest.fixture
def studies(tmp_path: Path) -> StudyFile:
    """A file that is not there yet."""
    return StudyFile(tmp_path / "study.db", 60)


def trials(studies: StudyFile) -> list[optuna.trial.FrozenTrial]:
    return studies.open("a").get_trials()


def damaged(path: Path) -> Iterator[tuple[str, bytes]]:
    """A file's content with every kind of damage, values that a trial has included."""
    whole = path.read_bytes()
    yield "emptied", b"SQLite format 3\0"
    yield "another format", b"GIF89a" + bytes(100)
    for length in (100, len(whole) // 2, len(whole) - 4096):
        yield f"cut to {length}", whole[:length]
    for damage in islice(damages(whole, seed=4, cases=80), 3, None):
        yield damage.how, damage.content


def test_damage_is_an_error_or_changes_no_trial(studies, tmp_path):
    """SQLite has no checksums of values: every trial has its own."""
    search(n_trials=3).run(studies)
    expected = [(x.params, x.value, x.user_attrs) for x in trials(studies)]
    path = tmp_path / "study.db"
    errors = 0
    for how, content in damaged(path):
        path.write_bytes(content)
        try:
            found = [(x.params, x.value, x.user_attrs) for x in trials(studies)]
        except DatasetError as error:
            errors += 1
            assert "study.db" in str(error), how
        else:
            assert found == expected, how
    assert errors > 10


def test_a_value_that_was_written_over_is_an_error(studies, tmp_path):
    search(n_trials=2).run(studies)
    with contextlib.closing(sqlite3.connect(tmp_path / "study.db")) as connection:
        connection.execute("UPDATE trial_values SET value = value + 0.001")
        connection.commit()
    with pytest.raises(DatasetError, match=r"study\.db is damaged: trials \[0, 1\]"):
        studies.open("a")
    with pytest.raises(DatasetError, match="Move the file away"):
        search(n_trials=3).run(studies)
