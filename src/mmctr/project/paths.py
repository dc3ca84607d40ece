"""Parameters that are paths: relative ones start at the project's folder."""

import copy
import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel

FILES_READ = (
    "embedding.precomputed.path",
    "embedding.modalities.*.path",
    "embedding.sentence_transformers.model",
    "embedding.images.path",
    "embedding.images.model",
)
"""Parameters that name a file or folder which a node opens itself; ``*`` is any."""

PATHS = (
    *FILES_READ,
    "embedding.cache",
    "ctr_modeling.checkpoint.folder",
    "predict.folder",
)
"""These, and what nodes write besides their outputs."""


def resolve_path(value: str | Path, project: Path) -> Path:
    """Give the full path; ``~`` is the home folder, a relative path the project's."""
    return project / os.path.expanduser(value)


def resolve_paths(section: str, values: Any, project: Path) -> Any:
    """Replace the paths of a section by full ones.

    Args:
        section: ``embedding``, ``ctr_modeling`` or ``predict``.
        values: Its parameters, plain or typed.
        project: The project's folder.

    Returns:
        A copy of the same kind. Names of models that are no folder stay as they are.
    """
    is_typed = isinstance(values, BaseModel)
    tree = values.model_dump() if is_typed else copy.deepcopy(values)
    for name in PATHS:
        first, *parents, last = name.split(".")
        branches = [tree] if first == section else []
        for parent in parents:
            inner = [x.values() if parent == "*" else [x.get(parent)] for x in branches]
            branches = [x for each in inner for x in each if x]
        for branch in branches:
            value = branch.get(last)
            if value and (last != "model" or _is_model_folder(value, project)):
                branch[last] = str(resolve_path(value, project))
    return type(values).model_validate(tree) if is_typed else tree


def _is_model_folder(value: str, project: Path) -> bool:
    return value != "bundled" and resolve_path(value, project).is_dir()
