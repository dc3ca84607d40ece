"""Folders of a run that end with it, and those that killed runs have left."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmctr.runtime.running import is_running


@contextmanager
def run_folder(parent: Path, kind: str, mode: int = 0o777) -> Iterator[Path]:
    """A folder for the time of a block.

    Folders of the same kind whose process is gone are removed first.

    Args:
        parent: Where it is made; made too if it is missing.
        kind: Begins its name. Where machines share ``parent``, it names this one:
            processes of others can't be told from those that are gone.
        mode: Rights, before the process's mask.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for old in parent.glob(f"{kind}-*"):
        owner, _, pid = old.name.rpartition("-")[0].rpartition("-")
        if owner == kind and pid.isdigit() and not is_running(int(pid)):
            shutil.rmtree(old, ignore_errors=True)
    folder = parent / f"{kind}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
