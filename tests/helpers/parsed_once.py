"""Configuration files of one text are parsed once per process of tests."""

import functools
import io
import pickle
from typing import IO, Any

import pytest
from omegaconf import OmegaConf, base, grammar_parser

_load = OmegaConf.load
_parse_interpolation = functools.cache(grammar_parser.parse)


def parse_once(patch: pytest.MonkeyPatch) -> None:
    """Half the time of a run that is refused is spent on parsing."""
    patch.setattr(OmegaConf, "load", _loaded)
    patch.setattr(base, "parse", _parse_interpolation)


def _loaded(source: IO[str] | str) -> Any:
    """A copy of its own for every caller; files by name are read as ever."""
    if isinstance(source, str):
        return _load(source)
    return pickle.loads(_pickled(source.read()))


@functools.cache
def _pickled(text: str) -> bytes:
    return pickle.dumps(_load(io.StringIO(text)))
