"""Studies of Optuna in one SQLite file, which is checked for damage."""

import contextlib
import json
import sqlite3
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

from filelock import FileLock
from kedro.io import AbstractDataset, DatasetError

from mmctr.runtime.file_errors import root_text, surroundings_problem

if TYPE_CHECKING:  # listing pipelines needs no Optuna
    from optuna import Study, Trial
    from optuna.pruners import BasePruner
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

CHECKSUM = "checksum"
"""Attribute of a trial: of its parameters, values and other attributes."""

_SECONDS_TO_WAIT = 60
_MISSED_HEARTBEATS = 3

_REMEDY = (
    "Move the file away and run `kedro run --pipeline tuning`, with the same --env and "
    "--params: it tries them again"
)


class StudyFile:
    """An SQLite file of studies, on a disk of this machine.

    SQLite has no checksums of values, so every finished trial has one here.
    """

    def __init__(self, path: Path, heartbeat_seconds: int) -> None:
        """Describe the file; :meth:`open` makes it.

        Args:
            path: The file.
            heartbeat_seconds: How often a running trial is marked as alive; one that
                misses three of these marks was killed, and is tried again.
        """
        self.path = path
        self._heartbeat_seconds = heartbeat_seconds

    def lock(self) -> FileLock:
        """A lock between processes; one that is killed gives it back."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path.with_name(f".{self.path.name}.lock"))

    def open(self, name: str, pruner: "BasePruner | None" = None) -> "Study":
        """Find a study, or create it.

        Args:
            name: Of the study.
            pruner: Of new trials; Optuna's default if None.

        Returns:
            The study, which maximises.

        Raises:
            DatasetError: If the file is damaged or can't be used, or if a finished
                trial is not as it was saved; naming the file and what to do.
        """
        import optuna

        with self.lock(), self.explained(reading=True):
            study = optuna.create_study(
                study_name=name,
                storage=self._open_storage(),
                direction="maximize",
                pruner=pruner,
                load_if_exists=True,
            )
            self._require_intact(study)
            return study

    @contextlib.contextmanager
    def explained(self, *, reading: bool = False) -> Iterator[None]:
        """Explain errors of SQLite and its users by what a person can do.

        Args:
            reading: Whether nothing but reading happens, so that the file is to blame
                for any error.

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
            problem = surroundings_problem(error, self.path)
            if problem is not None:
                text = f"can't be used: {problem}"
            else:
                text = (
                    f"is damaged, or no file of studies: {root_text(error)}. {_REMEDY}"
                )
            raise DatasetError(f"{self.path} {text}") from error

    def _open_storage(self) -> "RDBStorage":
        from optuna.exceptions import ExperimentalWarning
        from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback

        if self.path.is_symlink():
            raise DatasetError(
                f"{self.path} is a link, which is not followed; delete it"
            )
        if self.path.exists():
            self._require_whole()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return RDBStorage(
                f"sqlite:///{self.path.absolute()}",
                engine_kwargs={"connect_args": {"timeout": _SECONDS_TO_WAIT}},
                heartbeat_interval=self._heartbeat_seconds,
                grace_period=_MISSED_HEARTBEATS * self._heartbeat_seconds,
                heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(),
            )

    def _require_whole(self) -> None:
        connection = sqlite3.connect(self.path, timeout=_SECONDS_TO_WAIT)
        with contextlib.closing(connection):
            found = connection.execute("PRAGMA integrity_check(1)").fetchall()
        if found != [("ok",)]:
            text = " ".join(str(found[0][0]).split())
            raise DatasetError(f"{self.path} is damaged: {text}. {_REMEDY}")

    def _require_intact(self, study: "Study") -> None:
        broken = [
            trial.number
            for trial in study.get_trials(deepcopy=False)
            if trial.state.name in {"COMPLETE", "PRUNED"}
            and CHECKSUM in trial.user_attrs
            and trial.user_attrs[CHECKSUM] != _checksum(trial, trial.value)
        ]
        if broken:
            raise DatasetError(
                f"{self.path} is damaged: trials {broken[:5]} of study "
                f"'{study.study_name}' are not what they were. {_REMEDY}"
            )


class StudyDataset(AbstractDataset[Never, StudyFile]):
    """An SQLite file that loads as a :class:`StudyFile`."""

    def __init__(
        self,
        *,
        filepath: str,
        heartbeat_seconds: int = 20,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Describe the file.

        Args:
            filepath: The SQLite file, on a disk of this machine.
            heartbeat_seconds: See :class:`StudyFile`.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._file = StudyFile(Path(filepath), heartbeat_seconds)
        self.metadata = metadata

    def load(self) -> StudyFile:
        """The file, which need not be there yet."""
        return self._file

    def save(self, data: Never) -> None:
        """Refuse to: trials are saved through the studies."""
        raise DatasetError(
            f"{self._file.path} is only read; trials are saved through its studies"
        )

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._file.path.as_posix()}


def add_checksum(study: "Study", trial: "Trial", value: float | None = None) -> None:
    """Note the checksum of all that a trial has, right before its end.

    Args:
        study: Its study.
        trial: The trial.
        value: Its value; None: it is pruned, and has the value reported last.
    """
    frozen = study.get_trials(deepcopy=False)[trial.number]
    if value is None and frozen.last_step is not None:
        value = frozen.intermediate_values[frozen.last_step]
    trial.set_user_attr(CHECKSUM, _checksum(frozen, value))


def _checksum(trial: "FrozenTrial", value: float | None) -> int:
    attributes = {k: v for k, v in trial.user_attrs.items() if k != CHECKSUM}
    content = [trial.params, attributes, sorted(trial.intermediate_values.items())]
    number = None if value is None else float(value)
    text = json.dumps([*content, number], sort_keys=True)
    return zlib.crc32(text.encode())
