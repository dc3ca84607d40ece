"""Short content hashes of models and matrices."""

import hashlib
from pathlib import Path

_DIGITS = 16


def file_fingerprint(path: Path) -> str:
    """Hash the bytes of a file.

    Args:
        path: An existing file.

    Returns:
        The first 16 hexadecimal digits of its SHA-256.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:_DIGITS]


def directory_fingerprint(path: Path) -> str:
    """Hash names and bytes of all files under a directory, hidden ones left out.

    Args:
        path: An existing directory.

    Returns:
        16 hexadecimal digits that do not depend on where the directory lies.
    """
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path)
        if file.is_file() and not any(part.startswith(".") for part in name.parts):
            digest.update(f"{name.as_posix()}\0{file_fingerprint(file)}\n".encode())
    return digest.hexdigest()[:_DIGITS]
