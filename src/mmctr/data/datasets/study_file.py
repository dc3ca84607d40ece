"""The SQLite file of studies: opened, and damage in it told from studies."""

import contextlib
import json
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kedro.io import DatasetError

from mmctr.runtime.file_errors import root_text, surroundings_problem

if TYPE_CHECKING:  # listing pipelines needs no Optuna
    from optuna import Study, Trial
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

SEAL = "checksum"
"""Attribute of a trial: of its parameters, values and other attributes."""

_SECONDS_TO_WAIT = 60


def open_storage(path: Path) -> "RDBStorage":
    """Open the file, or make it; under a lock, or two processes would both do that.

    Raises:
        DatasetError: If it is damaged, or no file of studies.
    """
    from optuna.storages import RDBStorage

    with explained(path, reading=True):
        if path.is_symlink():
            raise DatasetError(f"{path} is a link, which is not followed; delete it")
        if path.exists():
            _require_whole(path)
        return RDBStorage(
            f"sqlite:///{path.absolute()}",
            engine_kwargs={"connect_args": {"timeout": _SECONDS_TO_WAIT}},
        )


@contextlib.contextmanager
def explained(path: Path, *, reading: bool = False) -> Iterator[None]:
    """Turn what SQLite and its users say of a bad file into what a person can do.

    Args:
        path: The file.
        reading: Nothing but reading happens: whatever goes wrong is the file's fault.

    Raises:
        DatasetError: Naming the file.
    """
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    storage = (SQLAlchemyError, sqlite3.Error, StorageInternalError)
    try:
        yield
    except DatasetError:
        raise
    except Exception as error:
        if not (reading or isinstance(error, storage)):
            raise
        raise DatasetError(f"{path} {_what(error, path)}") from error


@contextlib.contextmanager
def quiet_optuna() -> Iterator[None]:
    """Its notes on every trial go; warnings take the project's way."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def seal(study: "Study", trial: "Trial", value: float | None = None) -> None:
    """Note the checksum of all that a trial is, right before its end.

    Args:
        study: Its study.
        trial: The trial.
        value: What it gave; None: it is pruned, and keeps what it reported last.
    """
    frozen = study.get_trials(deepcopy=False)[trial.number]
    trial.set_user_attr(
        SEAL, _checksum(frozen, _last_reported(frozen) if value is None else value)
    )


def require_sealed(study: "Study", path: Path) -> None:
    """Compare finished trials with their checksums, those that have one.

    Raises:
        DatasetError: Naming the file and the trials that are not what they were.
    """
    broken = [
        trial.number
        for trial in study.get_trials(deepcopy=False)
        if trial.state.name in {"COMPLETE", "PRUNED"}
        and SEAL in trial.user_attrs
        and trial.user_attrs[SEAL] != _checksum(trial, trial.value)
    ]
    if broken:
        raise DatasetError(
            f"{path} is damaged: trials {broken[:5]} of study '{study.study_name}' are "
            f"not what they were. {_REMEDY}"
        )


_REMEDY = (
    "Move the file away and run `kedro run --pipeline tuning`, with the same --env and "
    "--params: it tries them again"
)


def _what(error: Exception, path: Path) -> str:
    problem = surroundings_problem(error, path)
    code = (getattr(_sqlite_error(error), "sqlite_errorcode", None) or 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        problem = "the disk is full; make room there, then run again"
    elif code in (
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
    ):
        problem = "it may not be opened or written; give yourself the right to"
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        problem = f"another process held it for {_SECONDS_TO_WAIT} seconds; run again"
    if problem is not None:
        return f"can't be used: {problem}"
    return f"is damaged, or no file of studies: {root_text(error)}. {_REMEDY}"


def _sqlite_error(error: BaseException | None) -> sqlite3.Error | None:
    while error is not None and not isinstance(error, sqlite3.Error):
        error = error.__cause__
    return error


def _require_whole(path: Path) -> None:
    connection = sqlite3.connect(path, timeout=_SECONDS_TO_WAIT)
    try:
        found = connection.execute("PRAGMA integrity_check(1)").fetchall()
    finally:
        connection.close()
    if found != [("ok",)]:
        raise DatasetError(
            f"{path} is damaged: {' '.join(str(found[0][0]).split())}. {_REMEDY}"
        )


def _last_reported(trial: "FrozenTrial") -> float | None:
    step = trial.last_step
    return None if step is None else trial.intermediate_values[step]


def _checksum(trial: "FrozenTrial", value: float | None) -> int:
    attributes = {k: v for k, v in trial.user_attrs.items() if k != SEAL}
    content = [trial.params, attributes, sorted(trial.intermediate_values.items())]
    number = None if value is None else float(value)
    text = json.dumps([*content, number], sort_keys=True)
    return zlib.crc32(text.encode())
