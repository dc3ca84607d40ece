"""What ablation and tuning share: the budget, names of results, rows."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import Field

from mmctr.ctr import RESULT_VERSION as CTR_VERSION
from mmctr.ctr.inputs.field_columns import field_specs
from mmctr.data.log_facts import LogFacts
from mmctr.experiments import RESULT_VERSION
from mmctr.runtime.hashing import json_hash
from mmctr.runtime.params import Params

_DIGITS = 12
_TABLE_DIGITS = 16
_ROWS = 65_536


class BudgetParams(Params):
    """Limits of every training, the same for all."""

    train_rows: int = Field(0, ge=0)
    """Maximum of train rows, whole groups drawn by seed; 0: all."""
    max_epochs: int = Field(ge=1)
    """Passes over the train rows."""
    validations_per_epoch: int = Field(4, ge=1)
    """Points of the learning curve per epoch."""
    patience: int = Field(6, ge=1)
    """Validations without improvement before the training stops."""
    lr_patience: int = Field(2, ge=0)
    """Validations without improvement before the learning rate falls."""
    minutes: float = Field(30.0, gt=0)
    """Time limit of one training; those that reach it are reported."""

    @property
    def training(self) -> dict[str, Any]:
        """The budget's part of ``ctr_modeling.training``."""
        return self.model_dump(include=set(BUDGETED))


BUDGETED = ("max_epochs", "validations_per_epoch", "patience", "lr_patience")
"""Parameters of ``ctr_modeling.training`` that the budget sets."""


def describe_inputs(
    tables: Mapping[str, pa.Table],
    items: pa.Table,
    vectors: Mapping[str, np.ndarray],
    preparation_report: Mapping[str, Any],
) -> dict[str, Any]:
    """Identify the data of an experiment.

    Args:
        tables: Primary rows by the name of their part.
        items: With their fields; titles don't count, their vectors do.
        vectors: By modality ``[n_items + 1, d]`` float32; d is 0 where there are none.
        preparation_report: Says which share of the negatives train has.

    Returns:
        A hash of every table (``items`` for items and vectors), ``fields`` (names of
        those of items), ``modalities`` (those that have vectors) and ``facts`` (those
        of the log).
    """
    used = items.drop_columns(["title"])
    return {
        **{name: fingerprint(table) for name, table in tables.items()},
        "items": fingerprint(used, *vectors.values()),
        "fields": [spec.name for spec in field_specs(items.schema)],
        "modalities": [name for name, array in vectors.items() if array.shape[1]],
        "facts": asdict(LogFacts.of(preparation_report)),
    }


def training_hash(*parts: object) -> str:
    """Hash what trainings depend on: JSON-ready parts, and the versions of their code.

    That of the quantisers is in the name of the codes.
    """
    return short_hash(RESULT_VERSION, CTR_VERSION, *parts)


def short_hash(*parts: object) -> str:
    """Hash JSON-ready parts."""
    return json_hash(parts)[:_DIGITS]


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
