"""What the record of a data set says that an artifact was made with."""

from collections.abc import Mapping
from typing import Any

_SEED = "seed"
_READING = "preparation.reading"


def made_of(
    made: Mapping[str, Mapping[str, Any]], artifact: str, seed: int | None
) -> tuple[dict[str, Any], dict[str, str | None]]:
    """Collect what an artifact, and all that it was made from, was made with.

    Args:
        made: The manifest's record of each artifact, ``made``.
        artifact: Its name.
        seed: That of the run, which stands for the same seed of all sections.

    Returns:
        Parameters by dotted name, and hashes of raw files by name.
    """
    parameters: dict[str, Any] = {}
    files: dict[str, str | None] = {}
    waiting, seen = [artifact], {artifact}
    while waiting:
        entry = made.get(waiting.pop())
        if entry is None:
            continue
        parameters |= entry["parameters"]
        for name, content in entry["inputs"].items():
            if isinstance(content, dict):
                # Hashes of the parameters that reading depends on stand there too.
                files |= {
                    k: v for k, v in content.items() if not k.startswith(_READING)
                }
            elif name not in seen:
                seen.add(name)
                waiting.append(name)
    kept = {
        name: value
        for name, value in sorted(parameters.items())
        if not (name.endswith(f".{_SEED}") and value == seed)
    }
    return {_SEED: seed, **kept}, dict(sorted(files.items()))
