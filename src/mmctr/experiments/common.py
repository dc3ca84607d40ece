"""What the experiments, ablation and tuning, share: settings, names and rows."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from mmctr import __version__
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.ctr.params import CtrParams, FeatureParams

RESIDUAL_METHODS = ("rq_kmeans", "rqvae")
"""Quantisers whose codes refine each other, level by level."""

_DIGITS = 12
_TABLE_DIGITS = 16
_ROWS = 65_536
# What changes how a run looks, and not what comes out.
_IDLE = ("progress", "device", "checkpoint", "evaluation", "submission", "seed")


class BudgetParams(BaseModel):
    """What every training may take, the same for all."""

    model_config = ConfigDict(extra="forbid")

    train_rows: int = Field(
        0, ge=0, description="most train rows, whole groups drawn by seed; 0: all"
    )
    max_epochs: int = Field(ge=1, description="passes over them")
    validations_per_epoch: int = Field(
        4, ge=1, description="points of a learning curve an epoch"
    )
    patience: int = Field(6, ge=1, description="validations without a better monitor")
    lr_patience: int = Field(
        2, ge=0, description="such validations before the learning rate falls"
    )
    minutes: float = Field(
        30.0, gt=0, description="of one training; one that reaches it is reported"
    )

    @property
    def training(self) -> dict[str, Any]:
        """Its part of ``ctr_modeling.training``."""
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


def require_residual_codes(quantization: QuantizationParams, ctr: CtrParams) -> None:
    """Refuse prefixes of codes that do not refine each other.

    Raises:
        ValueError: If the method's codes have no prefixes and the model takes them.
    """
    used = "codes" in ctr.features.forms and ctr.model.code_entry == "prefix"
    if used and quantization.method not in RESIDUAL_METHODS:
        raise ValueError(
            "'ctr_modeling.model.code_entry' = 'prefix' makes sense of codes that "
            f"refine each other, and those of quantization.method={quantization.method}"
            f" do not; use {' or '.join(RESIDUAL_METHODS)}, or another code_entry"
        )


def has_a_feature(features: FeatureParams, inputs: dict[str, Any]) -> bool:
    """Whether items have any feature, asked before any work.

    Args:
        features: With ``stated`` decided.
        inputs: ``has_tags`` and ``modalities`` of the data set.
    """
    modalities = inputs["modalities"]
    in_items = {"codes", "continuous"} & set(features.forms)
    return bool(
        features.item_id
        or (features.tags and inputs["has_tags"])
        or features.likes
        or features.views
        or (in_items and modalities)
    )


def codes_name(params: QuantizationParams, items: str) -> str:
    """Name the codes of a quantiser: its settings and the items' fingerprint hashed."""
    own = getattr(params, params.method).model_dump()
    key = short_hash(params.method, own, params.seed, items)
    return f"{params.method}-{key}"


def without_idle(section: dict[str, Any]) -> dict[str, Any]:
    """Leave out what changes no result, and the seed."""
    return {name: value for name, value in section.items() if name not in _IDLE}


def short_hash(*parts: object) -> str:
    """Hash JSON-ready parts and the project's version."""
    text = json.dumps([__version__, *parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def describe_items(
    items: pa.Table, title_vectors: np.ndarray, image_vectors: np.ndarray
) -> dict[str, Any]:
    """Say what an experiment can use of the items, and tell them from any others.

    Args:
        items: Tags and levels; titles don't count, their vectors do.
        title_vectors: ``[n_items + 1, d]`` float32; d is 0 where there are none.
        image_vectors: The same.

    Returns:
        ``items`` (a hash), ``has_tags``, and ``modalities`` (those with vectors).
    """
    vectors = {"title": title_vectors, "image": image_vectors}
    seen = items.drop_columns(["title"])
    return {
        "items": fingerprint(seen, title_vectors, image_vectors),
        "has_tags": len(items["tags"].combine_chunks().flatten()) > 0,
        "modalities": [name for name, array in vectors.items() if array.shape[1]],
    }


def fingerprint(table: pa.Table, *arrays: np.ndarray) -> str:
    """Hash names, types and values of a table, as it was read, and of arrays.

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
    """Draw the train rows of a budget, whole groups in the order of the table."""
    if 0 < budget.train_rows < train.num_rows:
        return draw_rows(train, "group_id", budget.train_rows, seed)
    return train


def draw_rows(table: pa.Table, column: str, rows: int, seed: int) -> pa.Table:
    """Draw groups of equal values in a random order, while they fit into the rows."""
    groups = pa.compute.dictionary_encode(table[column].combine_chunks())
    if isinstance(groups, pa.ChunkedArray):
        groups = groups.combine_chunks()
    numbers = groups.indices.to_numpy()
    sizes = np.bincount(numbers)
    order = np.random.default_rng(seed).permutation(len(sizes))
    fits = order[np.cumsum(sizes[order]) <= rows]
    return table.filter(pa.array(np.isin(numbers, fits)))
