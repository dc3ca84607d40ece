"""Checkpoint files: written atomically, verified by checksum."""

import hashlib
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch
from safetensors.torch import save

from mmctr.runtime.atomic import atomic_path

LOGGER = logging.getLogger(__name__)

KEPT = 2
"""Checkpoints of one training: if the newest is damaged there is one before it."""

FINISHED = "finished.ckpt"
"""The result of a training that came to its end."""

BEST = "best.safetensors"
"""Weights of a training that failed after a validation."""

_MAGIC = "mmctr checkpoint 2"


class DamagedCheckpointError(ValueError):
    """A checkpoint file differs from what was written."""


@dataclass(frozen=True)
class CheckpointFolder:
    """The checkpoints of one training.

    A file is a line of text, with the training's key and the sha256 of the rest, and a
    state as torch saves it. It is written beside its place, flushed and renamed.

    Attributes:
        path: Their folder.
        key: Names the training by all that goes into it.
    """

    path: Path
    key: str

    def at_step(self, step: int) -> Path:
        """Where the checkpoint of a step lies."""
        return self.path / f"step-{step:09d}.ckpt"

    def write(self, state: dict[str, Any], path: Path) -> None:
        """Write a checkpoint and remove all but the latest two.

        Args:
            state: Tensors and plain values, nested in dictionaries and lists.
            path: From :meth:`at_step`, or the finished one's.
        """

        with _new_file(path) as file:
            file.write(self._head("0" * 64))
            start = file.tell()
            torch.save(state, file)
            file.seek(start)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            file.write(self._head(digest))
        for old in self._files()[KEPT:]:
            old.unlink()

    def write_finished(self, state: dict[str, Any]) -> None:
        """Write the result of the training, which no checkpoint comes after."""
        self.write(state, self.path / FINISHED)

    def write_best(self, weights: dict[str, torch.Tensor]) -> Path:
        """Write weights alone, for inspection."""
        path = self.path / BEST
        with _new_file(path) as file:
            file.write(save(weights))
        return path

    def read(self, path: Path) -> dict[str, Any]:
        """Read a checkpoint; nothing in the file is executed.

        Raises:
            DamagedCheckpointError: If its checksum or key does not match.
            OSError: If it can't be read.
        """
        content = path.read_bytes()
        head, _, rest = content.partition(b"\n")
        digest = hashlib.sha256(rest).hexdigest()
        if head + b"\n" != self._head(digest):
            raise DamagedCheckpointError("its checksum or key does not match")
        del content
        return torch.load(io.BytesIO(rest), map_location="cpu", weights_only=True)

    def newest(self) -> tuple[Path, dict[str, Any]] | None:
        """Read the latest intact checkpoint.

        Damaged checkpoints are logged and deleted.

        Returns:
            Its path and state; None if there is none.
        """
        files = self._files()
        for place, path in enumerate(files):
            try:
                return path, self.read(path)
            except DamagedCheckpointError as error:
                rest = len(files) - place - 1
                LOGGER.warning(
                    "checkpoint %s is damaged (%s); %s",
                    path,
                    error,
                    "trying the one before" if rest else "starting from scratch",
                )
            path.unlink(missing_ok=True)
        return None

    def _files(self) -> list[Path]:
        """From the latest to the earliest."""
        steps = sorted(self.path.glob("step-*.ckpt"), reverse=True)
        finished = self.path / FINISHED
        return [finished, *steps] if finished.exists() else steps

    def _head(self, digest: str) -> bytes:
        return f"{_MAGIC} {self.key} {digest}\n".encode()


def remove_finished(root: Path) -> None:
    """Remove the checkpoints of finished trainings, once their results are saved.

    Args:
        root: Holds a folder per training.
    """
    for finished in root.glob(f"*/{FINISHED}"):
        folder = finished.parent
        # The finished one goes last: if interrupted, this is repeated.
        for path in sorted(folder.iterdir(), key=lambda x: x == finished):
            path.unlink()
        folder.rmdir()


def others_in(folder: CheckpointFolder) -> int:
    """Count the folders of other trainings."""
    if not folder.path.parent.is_dir():
        return 0
    return sum(
        path != folder.path and any(path.glob("*.ckpt"))
        for path in folder.path.parent.iterdir()
    )


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    for left in path.parent.glob(".*.part"):  # by a killed process; runs are alone here
        left.unlink()
    with atomic_path(path) as part, part.open("w+b") as file:
        yield file
