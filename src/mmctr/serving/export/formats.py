"""Files of an exported model, and how they are run again."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from mmctr.serving.export.model import Arrays

Run = Callable[[Arrays], np.ndarray]
"""Inputs by name to probabilities ``[B]`` float64."""


class ModelFormat(NamedTuple):
    """A kind of file.

    Attributes:
        file: Its name.
        write: Writes a program there, and large weights beside it.
        load: Gives what runs it.
    """

    file: str
    write: Callable[[torch.export.ExportedProgram, Path], object]
    load: Callable[[Path], Run]


def trace(model: torch.nn.Module, rows: Arrays) -> torch.export.ExportedProgram:
    """Record the operations of a model.

    Args:
        model: In evaluation, on the CPU.
        rows: Inputs of any rows; their first axis, and the second of ``history``, stay
            free.
    """
    batch, positions = torch.export.Dim("batch"), torch.export.Dim("history")
    shapes = {
        name: {0: batch, 1: positions} if name == "history" else {0: batch}
        for name in rows
    }
    with torch.no_grad(), _quietly():
        return torch.export.export(model, (), tensors(rows), dynamic_shapes=shapes)


def tensors(rows: Arrays) -> dict[str, torch.Tensor]:
    """The same as tensors."""
    return {
        name: torch.from_numpy(np.ascontiguousarray(array))
        for name, array in rows.items()
    }


def _write_onnx(program: torch.export.ExportedProgram, path: Path) -> None:
    with _quietly():
        made = torch.onnx.export(
            program, dynamo=True, verbose=False, output_names=["probability"]
        )
    # Weights of more than 1.5 GB lie in a file of their own, beside it.
    made.save(path)


def _load_onnx(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    return lambda rows: session.run(None, rows)[0]


def _write_torch(program: torch.export.ExportedProgram, path: Path) -> None:
    with _quietly():
        torch.export.save(program, path)


def _load_torch(path: Path) -> Run:
    with _quietly():
        model = torch.export.load(path).module()

    def run(rows: Arrays) -> np.ndarray:
        with torch.inference_mode():
            return model(**tensors(rows)).numpy()

    return run


FORMATS: Mapping[str, ModelFormat] = {
    "onnx": ModelFormat("model.onnx", _write_onnx, _load_onnx),
    "torch": ModelFormat("model.pt2", _write_torch, _load_torch),
}


@contextmanager
def _quietly() -> Iterator[None]:
    """Without torch's remarks on its own code, and on what no model here has."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
