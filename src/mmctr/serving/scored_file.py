"""A file of requests, and the same with scores."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.json as pc_json
import pyarrow.parquet as pq

from mmctr.data.column_kinds import is_list
from mmctr.runtime.atomic import atomic_path
from mmctr.serving.scorer import Answer, Scorer, Unknown

ROWS_AT_ONCE = 2**17
_SHOWN = 5
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")

logger = logging.getLogger(__name__)


def score_file(bundle: Path, requests: Path, output: Path | None, unknown: str) -> str:
    """Score the rows of a file.

    Args:
        bundle: The folder.
        requests: Parquet, CSV, TSV or JSON lines, as its suffix says, in the form of
            :meth:`mmctr.serving.scorer.Scorer.score_frame`; in CSV a history is a
            text such as ``[17, 204]`` or ``17|204``.
        output: File to write, of one of these kinds; None: return CSV.
        unknown: As for :meth:`mmctr.serving.scorer.Scorer.load`.

    Returns:
        The CSV, or a sentence.

    Raises:
        ValueError: If bundle or file can't be used.
    """
    for path in (requests, output):
        if path is not None:
            _require_kind(path)
    if not requests.stat().st_size:
        raise ValueError(
            f"{requests} is empty (0 bytes); expected the columns item_id and history, "
            "and a row per request"
        )
    mode: Unknown = "refuse" if unknown == "refuse" else "score"
    scorer = Scorer.load(bundle, unknown=mode)
    try:
        table = _with_histories(_read(requests, scorer))
        answers = [
            scorer.answer_frame(table.slice(start, ROWS_AT_ONCE))
            for start in range(0, table.num_rows, ROWS_AT_ONCE)
        ]
    except (ValueError, pa.ArrowException) as error:
        raise ValueError(f"{requests}: {error}") from error
    _warn_of_unknown(table["item_id"], answers)
    scores = np.concatenate([np.zeros(0), *(answer.scores for answer in answers)])
    if "probability" in table.column_names:
        table = table.drop_columns(["probability"])
    table = table.append_column("probability", pa.array(scores))
    if output is None:
        return _csv(table.drop_columns(["history"]))
    with atomic_path(output) as part:
        _write(table, part, output.suffix)
    return f"{output}: {table.num_rows:,} rows, column probability\n"


def _warn_of_unknown(items: pa.ChunkedArray, answers: list[Answer]) -> None:
    flags = [np.zeros(0, bool), *(each.unknown_candidates for each in answers)]
    unknown = np.flatnonzero(np.concatenate(flags))
    rows, ids = len(unknown), items.take(pa.array(unknown)).unique().to_pylist()
    more = " ..." if len(ids) > _SHOWN else ""
    named = f" ({', '.join(map(str, ids[:_SHOWN]))}{more})"
    left_out = sum(answer.unknown_history for answer in answers)
    if rows or left_out:
        logger.warning(
            "not in the bundle: the items of %s rows%s, which are scored without "
            "features of their own, and %s items of histories, which are left out",
            f"{rows:,}",
            named if rows else "",
            f"{left_out:,}",
        )


def _require_kind(path: Path) -> None:
    known = (".parquet", *_DELIMITERS, *_JSON_LINES)
    if path.suffix not in known:
        raise ValueError(f"{path}: expected a name that ends with {', '.join(known)}")


def _read(path: Path, scorer: Scorer) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    if path.suffix in _JSON_LINES:
        return pc_json.read_json(path)
    # Ids that look like numbers may be text: they are what the bundle's own are.
    own = pa.Table.from_pandas(scorer.sample, preserve_index=False).schema
    kinds = {
        each.name: each.type
        for each in own
        if each.name in ("item_id", "user_id") and not pa.types.is_null(each.type)
    }
    return pc_csv.read_csv(
        path,
        parse_options=pc_csv.ParseOptions(delimiter=_DELIMITERS[path.suffix]),
        convert_options=pc_csv.ConvertOptions(
            column_types={**kinds, "history": pa.string()},
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _with_histories(table: pa.Table) -> pa.Table:
    """Histories as lists, where they are texts."""
    for name in ("item_id", "history"):
        if name not in table.column_names:
            raise ValueError(
                f"there is no column '{name}'; there are "
                f"{', '.join(table.column_names)}"
            )
    place = table.column_names.index("history")
    column = table["history"]
    if is_list(column.type) or not pa.types.is_string(column.type):
        return table
    item = table.schema.field("item_id").type
    lists = [_ids(text, row, item) for row, text in enumerate(column.to_pylist())]
    return table.set_column(place, "history", pa.array(lists, pa.list_(item)))


def _ids(text: str | None, row: int, kind: pa.DataType) -> list[Any]:
    stripped = (text or "").strip()
    is_number = pa.types.is_integer(kind)
    try:
        if stripped.startswith("["):
            found = json.loads(stripped)
        else:
            found = [x.strip() for x in stripped.split("|") if x.strip()]
        return [int(x) if is_number else str(x) for x in found]
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"column 'history' has {stripped[:60]!r} in row {row}; expected ids such "
            "as [17, 204] or 17|204"
        ) from error


def _csv(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    flat = [i for i, each in enumerate(table.schema) if not is_list(each.type)]
    pc_csv.write_csv(table.select(flat), sink)
    return sink.getvalue().to_pybytes().decode("utf-8")


def _write(table: pa.Table, path: Path, suffix: str) -> None:
    if suffix == ".parquet":
        pq.write_table(table, path)
        return
    rows = table.to_pylist()
    if suffix in _JSON_LINES:
        lines = [json.dumps(row, default=str) for row in rows]
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return
    for place, each in enumerate(table.schema):
        if is_list(each.type):
            texts = [json.dumps(x) for x in table[place].to_pylist()]
            table = table.set_column(place, each.name, pa.array(texts))
    options = pc_csv.WriteOptions(delimiter=_DELIMITERS[suffix])
    pc_csv.write_csv(table, path, options)
