"""A folder of files with a manifest of their hashes, written last."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from mmctr.runtime.hashing import content_hash

MANIFEST = "manifest.json"
"""Name of the file that tells what the others must be."""


def write_sealed(folder: Path, files: Mapping[str, Any]) -> None:
    """Write files, then the manifest.

    Args:
        folder: An empty folder.
        files: Relative path -> content, of the kind that its suffix says: ``.parquet``
            a table, ``.npy`` an array, ``.safetensors`` named tensors, ``.json`` plain
            values, ``.md`` text, ``.onnx``, ``.data`` and ``.pt2`` bytes.

    Raises:
        ValueError: If a suffix is none of these.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix not in _WRITERS:
            raise ValueError(f"{name}: no file of this kind can be written")
        _WRITERS[path.suffix](path, content)
    hashes = {name: content_hash(folder / name) for name in files}
    manifest = {"sha256": hashes}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")


def check_sealed(folder: Path) -> list[str]:
    """Compare every file with the manifest.

    Args:
        folder: As :func:`write_sealed` left it.

    Returns:
        The names of the files.

    Raises:
        ValueError: If the manifest is missing or damaged, or a file is missing, a link,
            changed, or one that the manifest does not name; naming the file.
    """
    path = folder / MANIFEST
    try:
        hashes = json.loads(path.read_text("utf-8"))["sha256"]
        names = {name: str(value) for name, value in hashes.items()}
    except FileNotFoundError:
        raise ValueError(f"{MANIFEST} is missing, so it is not whole") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{MANIFEST} is damaged") from None
    for name, expected in names.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts:
            raise ValueError(f"{MANIFEST} is damaged: it names {name!r}")
        if (folder / name).is_symlink() or not (folder / name).is_file():
            raise ValueError(f"{name} is missing")
        if content_hash(folder / name) != expected:
            raise ValueError(f"{name} is damaged: its bytes are not those written")
    found = {
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file()
    }
    more = sorted(found - set(names) - {MANIFEST})
    if more:
        raise ValueError(f"{more[0]} does not belong to it: {MANIFEST} lacks it")
    return list(names)


def _write_tensors(path: Path, tensors: Mapping[str, Any]) -> None:
    # torch takes a second to import.
    from safetensors.torch import save

    # Its save_file would make a file that only its owner may read.
    path.write_bytes(save({name: x.contiguous() for name, x in tensors.items()}))


def _write_json(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values, indent=1, allow_nan=False), "utf-8")


_WRITERS: dict[str, Callable[[Path, Any], Any]] = {
    ".parquet": lambda path, table: pq.write_table(table, path),
    ".npy": lambda path, array: np.save(path, array, allow_pickle=False),
    ".safetensors": _write_tensors,
    ".json": _write_json,
    ".md": lambda path, text: path.write_text(text, "utf-8"),
    **dict.fromkeys((".onnx", ".data", ".pt2"), Path.write_bytes),
}
