"""Forms of a log that are unusual, and what is said of them."""

import pyarrow as pa
from log_forms import LOG, STAMPS, T0, TIMES, USERS, Form, times

_THIRD = [x % 3 == 0 for x in USERS]
TOLD = {
    "repeated events": (Form({name: LOG[name] + LOG[name][:3] for name in LOG}), []),
    "tags and tag": (
        Form(items={"tag": ["x"] * 4}),
        ["tags are read from 'tags', not from 'tag'"],
    ),
    "genres": (
        Form(items={"tags": None, "genres": ["a|b"] * 4}),
        ["'genres' is not read as 'tags'", "columns.tags=genres"],
    ),
    "Likes": (Form(items={"Likes": [1, 2, 3, 4]}), ["'Likes' is not read as 'likes'"]),
    "image_emb": (
        Form(items={"image_emb": [[1.0, 2.0]] * 4}),
        ["'image_emb' is not read as 'image_vector'", "columns.image_vector=image_emb"],
    ),
    "score": (Form({"score": list(range(12))}), ["'score' may tell clicks"]),
    "two values": (
        Form({"seen": [0, 1] * 6}),
        ["'seen' may tell clicks from the rest", "label.column=seen"],
    ),
    "label": (Form({"label": [0, 1] * 6}), ["'label' is the label"]),
    "zero times": (
        Form(**times([*TIMES[:-2], 0, 0])),
        ["0 in 2 of 12 rows, first rows [10, 11]", "drop_zero_times=true"],
    ),
    "fractions": (Form(**times([x + 0.25 for x in TIMES])), ["fractions of seconds"]),
    "dates": (
        Form(**times([x.date() for x in STAMPS])),
        ["dates, 2023-11-14 to 2023-11-15"],
    ),
    "seconds since a start": (
        Form(**times([x - T0 + 10**6 for x in TIMES])),
        ["unix seconds, 1970-01-12"],
    ),
    **{
        f"user {value!r}": (
            Form(
                {
                    "user_id": [
                        value if x else str(u)
                        for x, u in zip(_THIRD, USERS, strict=True)
                    ]
                }
            ),
            [
                f"has many of the 12 events: {value!r} holds 4 (33.3%)",
                "drop_placeholder_users=true",
            ],
        )
        for value in ("", "null", "None", "unknown", "NaN")
    },
    "user -1": (
        Form({"user_id": [-1 if x else u for x, u in zip(_THIRD, USERS, strict=True)]}),
        ["-1 holds 4 (33.3%)"],
    ),
    "some titles": (
        Form(items={"title": ["a", None, "  ", "nan"]}),
        ["'title' is empty in 2 of 4 rows"],
    ),
    "no titles": (
        Form(items={"title": pa.nulls(4)}),
        ["'title' is empty in 4 of 4 rows"],
    ),
    "no title column": (
        Form(items={"title": None, "headline": ["a"] * 4}),
        ["no column 'title'", "'headline' is not read as 'title'"],
    ),
    "numbers as titles": (
        Form(items={"title": [1, 2, 3, 4]}),
        ["'title' is int64, taken as text"],
    ),
    "long titles": (
        Form(items={"title": ["word " * 3_000, "a", "b", "c"]}),
        ["over 10,000 characters in 1 rows"],
    ),
    "unknown likes": (
        Form(items={"likes": [1, None, 3, 4]}),
        ["'likes' is empty in 1 of 4 rows: unknown there"],
    ),
    "equal likes": (
        Form(items={"likes": [0] * 4}),
        ["'likes' is the same in all rows"],
    ),
    "some vectors": (
        Form(items={"image_vector": [[1.0, 2.0], None, [0.5, 1.0], None]}),
        ["'image_vector' is empty in 2 of 4 rows: all zero there"],
    ),
}
"""Forms that run, and what is said of them."""
