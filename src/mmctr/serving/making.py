"""A bundle of the artifacts of a run."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.vectors import ModalityParams
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.field import CODES, VALUES
from mmctr.data.fields.log_columns import ITEM_AGE, PUBLISHED
from mmctr.data.fields.params import FieldsParams
from mmctr.data.log_facts import LogFacts
from mmctr.serving.facts import EventFacts, Modality

SAMPLES = 20
"""Requests of test whose scores a bundle expects."""

_PACKAGES = ("mmctr", "torch", "numpy", "pyarrow", "scikit-learn")
_MEASURED = ("rows", "auc", "gauc", "logloss", "ne", "ece")


def modalities_of(
    vectors: Mapping[str, np.ndarray],
    embedding_report: Mapping[str, Any],
    params: EmbeddingParams,
) -> dict[str, Modality]:
    """How vectors of new items are made, by modality."""
    return {
        name: Modality(
            params=params.modalities.get(name)
            or ModalityParams(column=f"{name}_vector", optional=True),
            text="unique_titles" in embedding_report[name],
            width=own.shape[1],
        )
        for name, own in vectors.items()
    }


def embedded_as(
    params: EmbeddingParams, embedding_report: Mapping[str, Any]
) -> EmbeddingParams:
    """State the precision that a local model had, so that new items get the same."""
    made = {each.get("precision") for each in embedding_report.values()} - {None}
    if len(made) != 1:
        return params
    local = params.sentence_transformers.model_copy(update={"precision": made.pop()})
    return params.model_copy(update={"sentence_transformers": local})


def event_facts(
    preparation_report: Mapping[str, Any], statistics_report: Mapping[str, Any]
) -> EventFacts:
    """What the events of row statistics are."""
    log = preparation_report["log"]
    return EventFacts(
        clock=LogFacts.of(preparation_report).clock,
        valid_from=log["valid_from"] if log else None,
        frozen=statistics_report["protocol"] == "frozen",
    )


def without_paths(
    ctr: CtrParams, embedding: EmbeddingParams
) -> tuple[CtrParams, EmbeddingParams]:
    """Parameters without folders of this machine, and with the bars off."""
    checkpoint = ctr.checkpoint.model_copy(update={"folder": None})
    return (
        ctr.model_copy(
            update={
                "checkpoint": checkpoint,
                "start_from": None,
                "device": "cpu",
                "progress": False,
            }
        ),
        embedding.model_copy(
            update={"cache": None, "device": "cpu", "progress": False}
        ),
    )


def needed_events(events: pa.Table, ctr: CtrParams, fields: FieldsParams) -> pa.Table:
    """The events, or none of them where the model asks for none."""
    ages = ITEM_AGE in fields.time and fields.published_column is None
    return events if ctr.features.statistics or ages else events.slice(0, 0)


def dates_of(items: pa.Table) -> dict[str, pa.ChunkedArray]:
    """The items' dates, where their ages count from them."""
    return {PUBLISHED: items[PUBLISHED]} if PUBLISHED in items.column_names else {}


def sample_requests(
    rows: pa.Table, probabilities: pa.ChunkedArray, ids: pa.ChunkedArray
) -> pa.Table:
    """Some rows of test in the source's own ids, with their scores.

    Args:
        rows: Rows of test.
        probabilities: ``[R]`` float64, calibrated.
        ids: Original ids, that of item i at place i - 1.

    Returns:
        At most :data:`SAMPLES` rows, for
        :meth:`mmctr.serving.scorer.Scorer.score_frame`, with ``probability``.
    """
    known = np.flatnonzero(rows["item_id"].to_numpy() > 0)
    places = known[np.linspace(0, len(known) - 1, SAMPLES).astype(int)]
    chosen = pa.array(np.unique(places))
    rows = rows.take(chosen).combine_chunks()
    ids = ids.combine_chunks()
    lists = rows["item_seq"].combine_chunks()
    lengths = np.diff(lists.offsets.to_numpy())
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    items = pa.array(rows["item_id"].to_numpy() - 1)
    past = pa.array(lists.flatten().to_numpy().astype(np.int64) - 1)
    given = ("user_id", "as_of", "timestamp")
    table = pa.table(
        {
            "item_id": ids.take(items),
            "history": pa.ListArray.from_arrays(pa.array(offsets), ids.take(past)),
            **{name: rows[name] for name in given if not rows[name].null_count},
            "probability": probabilities.take(chosen),
        }
    )
    for place, each in enumerate(rows.schema):
        if each.name.startswith((CODES, VALUES)):
            table = table.append_column(each, rows[place])
    return table


def measured(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of the model, by part."""
    return {
        part: {name: metrics[part].get(name) for name in _MEASURED}
        for part in ("valid", "test")
        if metrics.get(part)
    }


def versions() -> dict[str, str]:
    """Packages that change scores."""
    return {name: version(name) for name in _PACKAGES}
