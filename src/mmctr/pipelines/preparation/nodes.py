"""Nodes of the preparation pipeline."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.data.datasets import ChallengeSource, TablePieces
from mmctr.data.fields.field import CODES, FIRST
from mmctr.data.fields.levels_and_tags import LEVELS, ROW_LEVELS, STATED_LEVELS
from mmctr.data.fields.params import FieldsParams
from mmctr.data.preparation.challenge import prepare_challenge
from mmctr.data.preparation.ignored import ignored_by_challenge
from mmctr.data.preparation.interactions import prepare_interactions
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.reading.source import LogSource
from mmctr.evaluation import AuditedRows, audit_splits
from mmctr.pipelines.going_on import load_start
from mmctr.pipelines.preparation.audited_fields import audited_fields

Rows = pa.Table | TablePieces


def prepare_tables(
    source: ChallengeSource | LogSource,
    params: PreparationParams,
    fields: FieldsParams,
    start_bundle: Path | None = None,
) -> tuple[
    pa.Table,
    pa.Table,
    Rows,
    Rows,
    Rows,
    Rows,
    dict[str, object],
    dict[str, object],
    dict[str, object],
]:
    """Turn either kind of source into the primary tables.

    Args:
        source: What the catalog's ``source`` entry has read; a log is taken out.
        params: Split, histories and negatives.
        fields: Which columns of a log are fields.
        start_bundle: Its fields are kept; None: the run starts from scratch.

    Returns:
        items, item_id_mapping, train, valid, test, events, the report and the state
        that encodes new data; see
        :class:`mmctr.data.preparation.tables.PrimaryTables`. Last the audit of the
        rows, before they are in a file: they may be more than memory holds.
    """
    start = load_start(start_bundle)
    if isinstance(source, ChallengeSource):
        if start is not None:
            raise ValueError(
                "ctr_modeling.start_from goes on with later rows of a log, and a "
                "challenge has no times; leave it out: --params "
                "ctr_modeling.start_from=null"
            )
        ignored_by_challenge(params, fields)
        tables = prepare_challenge(source, params)
    elif start is None:
        tables = prepare_interactions(source.hand_over(), params, fields)
    else:
        kept = start.bundle.fields
        tables = prepare_interactions(source.hand_over(), params, fields, kept)
        start.require_kind(tables.report["log"])
    *saved, audited = tables
    log = tables.report["log"]
    shown = isinstance(log, dict) and log["kind"] == "impressions"
    return (*saved, audit_tables(tables.items, **audited, are_impressions=shown))


def audit_tables(
    items: pa.Table,
    train: pa.Table,
    valid: pa.Table,
    test: pa.Table,
    *,
    are_impressions: bool = False,
) -> dict[str, object]:
    """Ask whether labels leak through items, levels or histories, before any model.

    Args:
        items: One row per item, with its fields.
        train: Labelled rows.
        valid: Labelled rows.
        test: Rows, labelled or not.
        are_impressions: Whether all labelled rows were shown.

    Returns:
        By split, ready for JSON; see :func:`mmctr.evaluation.audit_splits`.
    """
    splits = {"train": train, "valid": valid, "test": test}
    return audit_splits(
        {name: _audited_rows(rows, items) for name, rows in splits.items()},
        _levels(items, LEVELS) if _state_levels(train) else {},
        items.num_rows,
        are_impressions=are_impressions,
    )


def _state_levels(rows: pa.Table) -> bool:
    """Whether rows say likes and views, as those of a challenge do."""
    return CODES + ROW_LEVELS[0] in rows.column_names


def _levels(table: pa.Table, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Levels from 0 by the columns of the challenge."""
    return {
        column: table[CODES + name].to_numpy().astype(np.int64) - FIRST
        for column, name in zip(STATED_LEVELS, names, strict=True)
    }


def _audited_rows(rows: pa.Table, items: pa.Table) -> AuditedRows:
    # A target that the item table lacks has no level of its own to be compared with.
    rows = rows.filter(pc.greater(rows["item_id"], 0))
    history = rows["item_seq"].combine_chunks()
    return AuditedRows(
        users=rows["user_id"].to_pandas().to_numpy(),
        items=rows["item_id"].to_numpy(),
        history=history.flatten().to_numpy(),
        history_lengths=pc.list_value_length(history).to_numpy(),
        levels=_levels(rows, ROW_LEVELS) if _state_levels(rows) else {},
        labels=None if rows["label"].null_count else rows["label"].to_numpy(),
        fields=audited_fields(items, rows),
    )
