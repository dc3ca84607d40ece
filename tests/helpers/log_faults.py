"""Forms of a log that are refused, and what the error holds."""

import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from log_forms import IDS, ITEMS, STAMPS, TIMES, USERS, Form, ids, times


def _csv_as_parquet(folder: Path, log: pa.Table, items: pa.Table) -> None:
    pa_csv.write_csv(log, folder / "interactions.parquet")
    pq.write_table(items, folder / "items.parquet")


def _doubled(folder: Path, log: pa.Table, items: pa.Table) -> None:
    columns = [*log.columns, log["item_id"]]
    names = [*log.column_names, "item_id"]
    pq.write_table(
        pa.Table.from_arrays(columns, names=names), folder / "interactions.parquet"
    )
    pq.write_table(items, folder / "items.parquet")


def _latin_1(folder: Path, log: pa.Table, items: pa.Table) -> None:
    pq.write_table(log, folder / "interactions.parquet")
    text = items.select(["item_id", "title"]).to_pandas()
    text["title"] = "poupée"
    text.to_csv(folder / "items.csv", index=False, encoding="latin-1")


_NFD = unicodedata.normalize("NFD", "é")
REFUSED = {
    "ratings": (
        Form({"rating": [1, 2, 3, 4, 5, 5] * 2}),
        [
            "'rating' (values 1, 2, 3, 4, 5)",
            "label.column=rating,preparation.reading.label.threshold=4",
            "ignore_columns=[rating]",
        ],
    ),
    "event types": (
        Form({"event_type": ["view", "view", "click", "buy"] * 3}),
        [
            "'event_type'",
            "label.column=event_type,preparation.reading.label.positive=[click]",
        ],
    ),
    **{
        name: (Form({name: [0, 1, 2] * 4}), [f"'{name}'", f"label.column={name}"])
        for name in ("behavior_type", "overall", "target", "is_buy", "user_rating")
    },
    "click_count": (Form({"click_count": [0, 1] * 6}), ["'click_count'"]),
    "times of uint64": (
        Form(**times(pa.array([2**63 + x for x in TIMES], pa.uint64()))),
        ["'timestamp'", "rows [0, 1, 2, 3, 4]"],
    ),
    "latin-1": (
        Form(write=_latin_1),
        ["items.csv: column 'title' is no UTF-8 text", "iconv"],
    ),
    "other names": (
        Form({"user_id": None, "item_id": None, "userId": USERS, "movieId": IDS}),
        [
            "'user_id' is missing",
            "it has timestamp, userId, movieId",
            "columns: {user_id: userId, item_id: movieId}",
        ],
    ),
    "YYYYMMDD": (
        Form(**times([int(f"{x:%Y%m%d}") for x in STAMPS])),
        ["from 20231114 to 20231115", "dates such as 20240131", "time_unit=date"],
    ),
    "day numbers": (
        Form(**times([x // 86_400 for x in TIMES])),
        ["look like days", "time_unit=date, days"],
    ),
    "order": (Form(**times(list(range(12)))), ["from 0 to 11", "an order (order)"]),
    "some ms": (
        Form(
            **times([x * 1_000 if row in (5, 6) else x for row, x in enumerate(TIMES)])
        ),
        ["most are unix seconds, but rows [5, 6] hold [17000"],
    ),
    "some negative": (Form(**times([*TIMES[:-1], -5])), ["rows [11] hold [-5]"]),
    "NaT": (
        Form(**times([*STAMPS[:-1], None], pa.timestamp("ns"))),
        ["'timestamp' is empty in rows [11]"],
    ),
    "NaN": (
        Form(**times([*TIMES[:-1], float("nan")], pa.float64())),
        ["'timestamp' is empty in rows [11]"],
    ),
    "float32": (
        Form(**times(np.array(TIMES, np.float32))),
        ["'timestamp' is float", "does not hold seconds exactly"],
    ),
    "words for times": (
        Form(**times(["yesterday"] * 12)),
        ["'timestamp' must be", "hold ['yesterday'"],
    ),
    "no day of the calendar": (
        Form(**times(["2024-02-31"] * 12)),
        ["'timestamp'", "2024-02-31"],
    ),
    "zeros on one side": (
        Form({"item_id": [f"{x:08d}" for x in IDS]}),
        [
            "int64 in",
            "(1000, 1001, 1002 ...)",
            "('00001000'",
            "4 of 4 texts",
            "zeros were lost",
        ],
    ),
    "zeros lost in text": (
        Form(
            {"item_id": [f"{x:08d}" for x in IDS]},
            {"item_id": ["1000", "1001", "1002", "1003"]},
        ),
        ["4 of 4 ids", "4 of these differ by leading zeros", "'00001000'", "'1000'"],
    ),
    "text and numbers": (
        Form({"item_id": [str(x) for x in IDS]}),
        ["4 of 4 texts equal one of the numbers", "both as numbers or both as text"],
    ),
    "spaces": (
        Form(
            {"item_id": [f"{x} " for x in IDS]},
            {"item_id": ["1000", "1001", "1002", "1003"]},
        ),
        ["4 of these differ by spaces", "'1000 '", "'1000'"],
    ),
    "NFC and NFD": (
        Form(
            {"item_id": [f"{_NFD}{x}" for x in IDS]},
            {"item_id": [f"é{x}" for x in ITEMS["item_id"]]},
        ),
        ["Unicode form", "e\\u0301", "\\xe9"],
    ),
    "repeated columns": (
        Form(write=_doubled),
        ["columns ['item_id'] occur more than once"],
    ),
    "csv named parquet": (
        Form(write=_csv_as_parquet),
        [
            "interactions.parquet is no parquet file but text that begins with",
            '"user_id","item_id"',
            ".csv",
        ],
    ),
    "bytes": (
        Form(items={"title": [b"a"] * 4}),
        ["'title' is binary; expected text: write the bytes as text"],
    ),
    "text of likes": (
        Form(items={"likes": ["1,000"] * 4}),
        ["'likes' is string; expected numbers", "separators of thousands"],
    ),
    "matrices": (
        Form(items={"image_vector": [[[1.0], [2.0]]] * 4}),
        ["'image_vector' is list<", "one flat list"],
    ),
    "text of vectors": (
        Form(items={"image_vector": ["[1.0]"] * 4}),
        ["'image_vector' is string", "one flat list"],
    ),
    "tags of structures": (
        Form(items={"tags": [[{"id": 1, "name": "a"}]] * 4}),
        ["'tags' is list<", "write the names alone"],
    ),
    "tags of truth": (Form(items={"tags": None, "tag": [True] * 4}), ["'tag' is bool"]),
    "users of truth": (
        Form({"user_id": [True, False] * 6}),
        ["'user_id' is bool; expected whole numbers or text"],
    ),
    "uint64": (
        Form(**ids(lambda x: x + 2**63, pa.uint64())),
        ["'item_id' is uint64", "int64 does not hold, rows [0, 1", "as text"],
    ),
    "binary uuid": (
        Form(**ids(lambda x: x.to_bytes(16, "big"), pa.binary(16))),
        ["'item_id' is fixed_size_binary[16]", "hexadecimal"],
    ),
    "big floats": (
        Form(**ids(lambda x: float(x + 2**60))),
        ["'item_id' must hold whole numbers", "rows [0, 1", "as int64 or text"],
    ),
    "no user": (
        Form({"user_id": [None, *USERS[1:]]}),
        ["'user_id' is empty in rows [0]", "drop_placeholder_users=true"],
    ),
    "category without a value": (
        Form({"user_id": pa.array([*map(str, USERS[1:]), None]).dictionary_encode()}),
        ["'user_id' is empty in rows [11]"],
    ),
    "one label": (
        Form({"label": [1] * 12}),
        ["the label is 1 in all 12 rows", "rows of both kinds"],
    ),
    "label of five stars": (
        Form({"label": [1, 2, 3, 4, 5, 5] * 2}),
        ["other values than 0 and 1", "label.threshold=4"],
    ),
    "label of words": (
        Form({"label": ["skip", "buy"] * 6}),
        ["'label' holds text", "label.positive=[buy]"],
    ),
    "label of yes and no": (
        Form({"label": ["no", "yes", "no"] * 4}),
        ["'label' holds text (no, yes)", "label.positive=[yes]"],
    ),
    "label with gaps": (
        Form({"label": [None, 1] * 6}),
        ["'label' is empty in rows [0, 2"],
    ),
    "negative likes": (
        Form(items={"likes": [1, -2, 3, 4]}),
        ["not negative", "rows [1] hold -2"],
    ),
}
"""Forms that are refused, and what the error holds."""
