"""What ablation and tuning share: the budget, parameters of a model, names, rows."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import Field

from mmctr.content.quantizers import RESULT_VERSION as QUANTIZERS_VERSION
from mmctr.content.quantizers.methods import METHODS
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr import RESULT_VERSION as CTR_VERSION
from mmctr.ctr.params import CtrParams
from mmctr.experiments import RESULT_VERSION
from mmctr.runtime.params import Params

SECTIONS = ("quantization", "ctr_modeling")
"""Parameters that experiments vary."""

_DIGITS = 12
_TABLE_DIGITS = 16
_ROWS = 65_536
# They change how a run looks, not its results; the seed is part of names elsewhere.
_UNUSED = ("progress", "device", "checkpoint", "evaluation", "submission", "seed")


class BudgetParams(Params):
    """Limits of every training, the same for all."""

    train_rows: int = Field(
        0, ge=0, description="maximum of train rows, whole groups drawn by seed; 0: all"
    )
    max_epochs: int = Field(ge=1, description="passes over the train rows")
    validations_per_epoch: int = Field(
        4, ge=1, description="points of the learning curve per epoch"
    )
    patience: int = Field(
        6, ge=1, description="validations without improvement before the training stops"
    )
    lr_patience: int = Field(
        2,
        ge=0,
        description="validations without improvement before the learning rate falls",
    )
    minutes: float = Field(
        30.0,
        gt=0,
        description="time limit of one training; those that reach it are reported",
    )

    @property
    def training(self) -> dict[str, Any]:
        """The budget's part of ``ctr_modeling.training``."""
        return self.model_dump(exclude={"train_rows", "minutes"})


def merge_overrides(
    base: dict[str, Any], *overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Put sections over each other, key by key; the last one wins."""
    merged = dict(base)
    for override in overrides:
        for key, value in override.items():
            below = merged.get(key)
            if isinstance(below, dict) and isinstance(value, Mapping):
                merged[key] = merge_overrides(below, value)
            else:
                merged[key] = value
    return merged


def resolve_sections(
    quantization: QuantizationParams,
    ctr_modeling: CtrParams,
    *overrides: Mapping[str, Any],
) -> tuple[QuantizationParams, CtrParams]:
    """Put overrides over the project's parameters, and check the outcome.

    Args:
        quantization: The project's.
        ctr_modeling: The project's.
        overrides: With the keys ``quantization`` and ``ctr_modeling``; the last wins.

    Returns:
        The parameters of one model.

    Raises:
        pydantic.ValidationError: If a key is unknown or a value out of range; the
            places are named from the section.
        ValueError: If the model takes prefixes of codes that have none.
    """
    merged = merge_overrides(sections(quantization, ctr_modeling), *overrides)
    codes = QuantizationParams.model_validate(merged["quantization"])
    ctr = CtrParams.model_validate(merged["ctr_modeling"])
    require_residual_codes(codes, ctr)
    return codes, ctr


def sections(quantization: QuantizationParams, ctr: CtrParams) -> dict[str, Any]:
    """Both sections as they stand in a parameter tree."""
    return {
        "quantization": quantization.model_dump(),
        "ctr_modeling": ctr.model_dump(),
    }


def require_residual_codes(quantization: QuantizationParams, ctr: CtrParams) -> None:
    """Refuse prefixes of codes that do not refine each other.

    Raises:
        ValueError: If the method's codes have no prefixes and the model takes them.
    """
    used = "codes" in ctr.features.forms and ctr.model.code_entry == "prefix"
    if used and not METHODS[quantization.method].residual:
        residual = [name for name, method in METHODS.items() if method.residual]
        raise ValueError(
            "'ctr_modeling.model.code_entry' = 'prefix' needs codes that refine each "
            f"other, and those of quantization.method={quantization.method} do not; "
            f"use {' or '.join(residual)}, or another code_entry"
        )


def describe_inputs(
    tables: Mapping[str, pa.Table],
    items: pa.Table,
    title_vectors: np.ndarray,
    image_vectors: np.ndarray,
    preparation_report: Mapping[str, Any],
) -> dict[str, Any]:
    """Identify the data of an experiment.

    Args:
        tables: Primary rows by the name of their part.
        items: Tags and levels; titles don't count, their vectors do.
        title_vectors: ``[n_items + 1, d]`` float32; d is 0 where there are none.
        image_vectors: The same.
        preparation_report: Says what the levels were computed from.

    Returns:
        A hash of every table (``items`` for items and vectors), ``has_tags``,
        ``modalities`` (those that have vectors) and ``levels_from``.
    """
    vectors = {"title": title_vectors, "image": image_vectors}
    used = items.drop_columns(["title"])
    return {
        **{name: fingerprint(table) for name, table in tables.items()},
        "items": fingerprint(used, title_vectors, image_vectors),
        "has_tags": len(items["tags"].combine_chunks().flatten()) > 0,
        "modalities": [name for name, array in vectors.items() if array.shape[1]],
        "levels_from": preparation_report["levels_from"],
    }


def fit_to_inputs(ctr: CtrParams, inputs: Mapping[str, Any]) -> CtrParams | None:
    """Decide ``stated`` features for a data set.

    Args:
        ctr: Parameters of a model.
        inputs: From :func:`describe_inputs`.

    Returns:
        The parameters; None if items would have no feature at all.
    """
    features = ctr.features.resolve_stated(inputs["levels_from"])
    from_content = {"codes", "continuous"} & set(features.forms)
    is_described = (
        features.item_id
        or (features.tags and inputs["has_tags"])
        or features.likes
        or features.views
        or (from_content and inputs["modalities"])
    )
    return ctr.model_copy(update={"features": features}) if is_described else None


def codes_name(params: QuantizationParams, items: str) -> str:
    """Name the codes of a quantiser by a hash of its settings and the items."""
    own = params.own.model_dump()
    key = short_hash(QUANTIZERS_VERSION, params.method, own, params.seed, items)
    return f"{params.method}-{key}"


def drop_unused_settings(section: dict[str, Any]) -> dict[str, Any]:
    """Leave out the seed and what changes no result."""
    return {name: value for name, value in section.items() if name not in _UNUSED}


def training_hash(*parts: object) -> str:
    """Hash what trainings depend on: JSON-ready parts, and the versions of their code.

    That of the quantisers is in the name of the codes, see :func:`codes_name`.
    """
    return short_hash(RESULT_VERSION, CTR_VERSION, *parts)


def short_hash(*parts: object) -> str:
    """Hash JSON-ready parts."""
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def fingerprint(table: pa.Table, *arrays: np.ndarray) -> str:
    """Hash the names, types and values of a table, and arrays.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(table.schema.remove_metadata().serialize())
    for batch in table.to_batches(max_chunksize=_ROWS):
        digest.update(batch.serialize())
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()[:_TABLE_DIGITS]


def cut_rows(train: pa.Table, budget: BudgetParams, seed: int) -> pa.Table:
    """Draw the train rows of a budget: whole groups, in the order of the table."""
    if 0 < budget.train_rows < train.num_rows:
        return draw_rows(train, "group_id", budget.train_rows, seed)
    return train


def draw_rows(table: pa.Table, column: str, rows: int, seed: int) -> pa.Table:
    """Draw groups of equal values at random, as many as fit into a number of rows."""
    numbers, _ = pd.factorize(table[column].to_pandas())
    sizes = np.bincount(numbers)
    order = np.random.default_rng(seed).permutation(len(sizes))
    fits = order[np.cumsum(sizes[order]) <= rows]
    return table.filter(pa.array(np.isin(numbers, fits)))
