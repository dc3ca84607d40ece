"""Exporting: the folder of a model in other formats."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.data.fields.field import Field
from mmctr.runtime.atomic import atomic_folder
from mmctr.runtime.sealed_folder import write_sealed
from mmctr.serving.errors import ExportError
from mmctr.serving.export.facts import FORMAT, ExportFacts, Input, Parity, SpecialCodes
from mmctr.serving.export.fields import encodings_of, field_inputs, number_fields
from mmctr.serving.export.formats import FORMATS, trace
from mmctr.serving.export.model import (
    BATCH,
    ExportedModel,
    describe_inputs,
    in_single_precision,
    padded_rows,
)
from mmctr.serving.export.parity import compare, rows_to_compare
from mmctr.serving.state import ScoringState

_NEEDED = {"onnx": ("onnx", "onnxscript", "onnxruntime"), "torch": ()}


def write_export(state: ScoringState, path: Path, formats: Sequence[str]) -> None:
    """Write the folder beside an earlier one, and rename it over that.

    Args:
        state: Of the bundle.
        path: The folder.
        formats: ``onnx``, ``torch``, or both.

    Raises:
        ExportError: If a format is unknown, a package for it is missing, or the
            exported model gives other probabilities; nothing is written.
    """
    files = exported_files(state, formats)
    with atomic_folder(path) as part:
        write_sealed(part, files)


def exported_files(state: ScoringState, formats: Sequence[str]) -> dict[str, Any]:
    """Export a bundle, and compare every format with it.

    Args:
        state: Of the bundle, added items included.
        formats: ``onnx``, ``torch``, or both.

    Returns:
        Relative path -> content: the models, ``items.parquet`` and ``export.json``.

    Raises:
        ExportError: As :func:`write_export`.
    """
    versions = _require(formats)
    state = in_single_precision(state)
    requests = rows_to_compare(state)
    log = state.log(requests)
    inputs = describe_inputs(state, log)
    numbers = number_fields(log.fields.specs, state.bundle.fields)
    rows = padded_rows(requests, log, inputs, numbers)
    expected = state.score(requests)
    model = ExportedModel(state, numbers).eval()
    program = trace(model, {name: array[:5] for name, array in rows.items()})
    files: dict[str, Any] = {}
    parity: dict[str, Parity] = {}
    with TemporaryDirectory() as folder:
        for name in formats:
            own = FORMATS[name]
            path = Path(folder) / own.file
            own.write(program, path)
            parity[own.file] = compare(
                own.load(path), rows, expected, own.file, has_steps=_has_steps(state)
            )
        for path in sorted(Path(folder).iterdir()):
            files[path.name] = path.read_bytes()
    facts = _facts(state, log, inputs, numbers, parity, versions)
    ids = state.bundle.items["original_id"]
    return {
        **files,
        "items.parquet": pa.table({"item_id": ids}),
        "export.json": facts.model_dump(mode="json"),
    }


def _require(formats: Sequence[str]) -> dict[str, str]:
    """Versions of the packages that the formats need."""
    versions = {name: version(name) for name in ("mmctr", "torch")}
    for name in formats:
        if name not in _NEEDED:
            raise ExportError(f"expected {' or '.join(_NEEDED)}, got {name!r}")
        for package in _NEEDED[name]:
            try:
                __import__(package)
            except ModuleNotFoundError as error:
                raise ExportError(
                    f"{name} needs the package {error.name}, which is not installed: "
                    "pip install 'mmctr[export]', or export as torch alone "
                    "(kedro run --pipeline export --params export.formats=[torch])"
                ) from None
            versions[package] = version(package)
    return versions


def _has_steps(state: ScoringState) -> bool:
    forms = state.bundle.facts.ctr.features.forms
    return "similarity" in forms or len(state.calibration.logits) > 0


def _facts(
    state: ScoringState,
    log: ClickLog,
    inputs: list[Input],
    numbers: list[Field],
    parity: dict[str, Parity],
    versions: dict[str, str],
) -> ExportFacts:
    facts = state.bundle.facts
    fields = field_inputs(log.fields.specs, state.bundle.fields)
    return ExportFacts(
        format=FORMAT,
        inputs=inputs,
        output=Input(
            name="probability",
            dtype=np.dtype(np.float64).name,
            shape=[BATCH],
            meaning="click probability, calibrated",
        ),
        items="items.parquet",
        max_history=facts.ctr.training.max_history,
        statistics=list(log.statistic_names),
        fields=fields,
        numbers=[each.column for each in numbers],
        encodings=encodings_of(fields, state.bundle.fields),
        codes=SpecialCodes(),
        precision=facts.ctr.training.precision,
        parity=parity,
        versions=versions,
        commit=facts.commit,
    )
