"""Bytes of a file, damaged in ways that a seed decides."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

CASES = 240


@dataclass(frozen=True)
class Damage:
    """A damaged content and how it came about."""

    how: str
    content: bytes


def damages(whole: bytes, seed: int, cases: int = CASES) -> Iterator[Damage]:
    """Flip bits, write over bytes and cut, half of it where a format has its headers.

    Args:
        whole: Content of the file.
        seed: Of the places.
        cases: How many; each differs from ``whole``.
    """
    rng = np.random.default_rng(seed)
    yield Damage("emptied", b"")
    yield Damage("another format", b"PK\x03\x04" + bytes(range(256)))
    yield Damage("zeros", bytes(len(whole)))
    for number in range(cases - 3):
        near = rng.integers(0, 3)
        edge = min(len(whole), 200)
        place = int(
            rng.integers(0, len(whole))
            if near == 0
            else rng.integers(0, edge)
            if near == 1
            else len(whole) - 1 - rng.integers(0, edge)
        )
        kind = number % 4
        if kind == 0:
            yield Damage(f"cut to {place}", whole[:place])
            continue
        content = bytearray(whole)
        if kind == 1:
            content[place] ^= 1 << int(rng.integers(0, 8))
        elif kind == 2:
            content[place] ^= int(rng.integers(1, 256))
        else:
            # A forged length: 8 bytes of a huge number.
            content[place : place + 8] = b"\xff" * 7 + b"\x7f"
        if bytes(content) != whole:
            yield Damage(f"kind {kind} at {place}", bytes(content))
