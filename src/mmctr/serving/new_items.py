"""Items that training never saw: embedded, quantised and encoded as the known ones."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmctr.content.embedders.embed import embed_modalities
from mmctr.content.providers import TEXT_PROVIDER
from mmctr.content.quantizers.factory import load_quantizer
from mmctr.content.vectors import finish_new_vectors
from mmctr.data.column_kinds import is_list, type_problem
from mmctr.data.columns import lists_of_rows, vector_column
from mmctr.data.fields.field import Field
from mmctr.data.fields.levels_and_tags import LEVELS, TAGS
from mmctr.data.fields.log_columns import PUBLISHED, published_dates
from mmctr.data.fields.state import FieldState
from mmctr.data.raw_schemas import MAX_LEVEL
from mmctr.data.reading.contents import read_counts
from mmctr.data.reading.tags import read_tags
from mmctr.serving.bundle import Bundle
from mmctr.serving.errors import RequestError
from mmctr.serving.facts import Modality
from mmctr.serving.ids import ItemIds

logger = logging.getLogger(__name__)

_FILE = "new items"


def with_items(bundle: Bundle, items: pa.Table, ids: ItemIds) -> Bundle:
    """Append items.

    Args:
        bundle: Has quantisers and settings of embedders.
        items: ``item_id``, and columns as the item table of training had them: text
            and vectors of modalities, tags, likes and views, columns of fields. A
            missing one is unknown.
        ids: Of the bundle.

    Returns:
        A bundle with their rows behind all others.

    Raises:
        ValueError: If an id is there already, twice or empty, or a modality of text
            has no text and no vectors and can't be made.
    """
    new_ids = _new_ids(items, ids)
    vectors = new_vectors(bundle, items)
    codes = new_codes(bundle, vectors)
    count = items.num_rows
    titles = (
        items["title"].combine_chunks().cast(pa.string()).fill_null("")
        if "title" in items.column_names
        else pa.array([""] * count)
    )
    known = bundle.items
    columns = [new_ids, titles, pa.array(np.zeros(count, bool))]
    if PUBLISHED in known.column_names:
        columns.append(_dates(bundle, items))
    added = pa.table(columns, known.schema)
    rows = _rows_of_table(bundle, items, codes)
    return replace(
        bundle,
        items=pa.concat_tables([known, added]),
        item_table=pa.concat_tables([bundle.item_table, rows]).combine_chunks(),
        vectors={
            name: np.concatenate([own, vectors[name]])
            for name, own in bundle.vectors.items()
        },
    )


def new_vectors(bundle: Bundle, items: pa.Table) -> dict[str, np.ndarray]:
    """Vectors of items by modality, ``[k, d]`` float32, as training would have them."""
    count = items.num_rows
    found: dict[str, np.ndarray] = {}
    texts = {}
    for name, own in bundle.facts.modalities.items():
        column = _vector_column(name, own, items)
        if not own.width:
            found[name] = np.zeros((count, 0), np.float32)
        elif column is not None:
            given = items.set_column(
                items.column_names.index(column), column, _filled(items[column], own)
            )
            found[name] = vector_column(given, column, _FILE)
            if (width := found[name].shape[1]) != own.width:
                raise _fault(column, f"has vectors of width {width}, not {own.width}")
        elif own.text and own.params.column in items.column_names:
            text = [x or "" for x in items[own.params.column].to_pylist()]
            if any(x.strip() for x in text):
                _require_embeddable(bundle, name, own)
                texts[name] = (text, own.params)
        else:
            logger.warning(
                "%s: no column %s, so their %s vectors are zero",
                _FILE,
                own.params.column or f"{name}_vector",
                name,
            )
        found.setdefault(name, np.zeros((count, own.width), np.float32))
    for name, (made, _) in embed_modalities(texts, bundle.facts.embedding).items():
        found[name] = made
    return {
        name: finish_new_vectors(
            found[name], bundle.centers[name], bundle.facts.modalities[name].params
        )
        for name in bundle.vectors
    }


def new_codes(bundle: Bundle, vectors: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Codes of vectors by modality, ``[k, positions]`` int32, by kept quantisers."""
    codes = {}
    for name, own in vectors.items():
        if not own.shape[1]:
            codes[name] = np.zeros((len(own), 0), np.int32)
            continue
        quantizer = load_quantizer(
            bundle.quantizer_settings[name], dict(bundle.quantizer_weights[name])
        )
        codes[name] = quantizer.encode(own)
    return codes


def _rows_of_table(
    bundle: Bundle, items: pa.Table, codes: Mapping[str, np.ndarray]
) -> pa.Table:
    """Rows for the item table."""
    schema, count = bundle.item_table.schema, items.num_rows
    raw = {name: items[name] for name in items.column_names}
    raw |= _levels_and_tags(bundle.fields, items)
    fields = bundle.fields.encode("item", raw, count)
    made: dict[str, Any] = {
        "item_id": np.arange(count) + bundle.item_table.num_rows,
        **{f"{name}_codes": lists_of_rows(own) for name, own in codes.items()},
        **{name: fields[name] for name in fields.column_names},
    }
    columns = []
    for each in schema:
        values = made[each.name]
        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        columns.append(pa.array(values).cast(each.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _levels_and_tags(state: FieldState, items: pa.Table) -> dict[str, Any]:
    """Raw tags, likes and views of items, in the form that they had in training."""
    found: dict[str, Any] = {}
    for field in state.of("item"):
        if field.name == TAGS and field.kind == "tags":
            found[field.column] = _tags(field, items)
        elif field.name in LEVELS and field.column in items.column_names:
            found[field.column] = _counts(field, items)
    return found


def _counts(field: Field, items: pa.Table) -> pa.ChunkedArray:
    """Numbers that are levels, or become such; null where unknown."""
    name = field.column
    if problem := type_problem(items.schema.field(name).type, "count"):
        raise _fault(name, problem)
    numbers = read_counts(items[name])
    most = np.inf if name == field.name else MAX_LEVEL
    values = numbers.to_numpy()
    wrong = np.flatnonzero(~(np.isnan(values) | ((values >= 0) & (values <= most))))
    if len(wrong):
        raise _fault(
            name,
            f"has {values[wrong[0]]:g} in row {wrong[0]}; expected numbers from 0 to "
            f"{most:g}",
        )
    return numbers


def _tags(field: Field, items: pa.Table) -> pa.Array:
    """Lists of texts; what the field lacks is told."""
    name = next((x for x in ("tags", "tag") if x in items.column_names), None)
    if name is None:
        return pa.nulls(items.num_rows, pa.list_(pa.string()))
    where = f"{_FILE}: column '{name}'"
    if problem := type_problem(items.schema.field(name).type, "tags"):
        raise _fault(name, problem)
    lists = read_tags(items[name], field.separator or "auto", where, many=False).lists
    known = {*field.values, *field.rare}
    unknown = [x for x in pc.unique(lists.flatten()).to_pylist() if x not in known]
    if unknown:
        logger.warning(
            "%s has %d tags that training did not have: %s",
            *(where, len(unknown), unknown[:5]),
        )
    return lists


def _dates(bundle: Bundle, items: pa.Table) -> pa.Array:
    """Days since 1970, null where unknown."""
    params = bundle.facts.fields
    if params.published_column not in items.column_names:
        return pa.nulls(items.num_rows, pa.float64())
    raw = {params.published_column: items[params.published_column]}
    return pa.array(published_dates(params, raw), from_pandas=True)


def _new_ids(items: pa.Table, ids: ItemIds) -> pa.Array:
    if "item_id" not in items.column_names:
        raise ValueError(f"{_FILE} have no column item_id")
    new = ids.as_array(items["item_id"])
    if new.null_count or pc.count_distinct(new).as_py() < len(new):
        raise _fault("item_id", "has an id twice, or an empty one")
    known = np.flatnonzero(ids.numbers(new))
    if len(known):
        first = new.take(pa.array(known[:5])).to_pylist()
        raise _fault("item_id", f"has {first}, known already; leave them out")
    return new


def _vector_column(name: str, own: Modality, items: pa.Table) -> str | None:
    """The column that has vectors: the modality's own, or NAME_vector."""
    for column in (own.params.column, f"{name}_vector"):
        if column not in items.column_names:
            continue
        kind = items.schema.field(column).type
        if is_list(kind):
            return column
        is_text = own.text and column == own.params.column
        if not (is_text or pa.types.is_null(kind)):
            raise _fault(column, f"is {kind}; expected lists of {own.width} numbers")
    return None


def _fault(column: str, why: str) -> RequestError:
    return RequestError(f"{_FILE}: column '{column}' {why}", ("items", column))


def _filled(column: pa.ChunkedArray, own: Modality) -> pa.Array:
    """Zero vectors where there is none."""
    zero = [0.0] * own.width
    return pa.array([zero if x is None else x for x in column.to_pylist()])


def _require_embeddable(bundle: Bundle, name: str, own: Modality) -> None:
    provider = bundle.facts.embedding.provider_of(own.params)
    if TEXT_PROVIDER.load(provider).depends_on != "text":
        raise ValueError(
            f"{_FILE}: {name} vectors were made by {provider}, which knows no other "
            f"texts; give a column {name}_vector, or train with "
            "embedding.provider=sentence_transformers or openai"
        )
