"""The sections on what went in: rows, leaks, and the codes of the items."""

from typing import Any

import pandas as pd

from mmctr.reporting.blocks import (
    Beside,
    Block,
    Folded,
    Picture,
    Pictures,
    Section,
    Table,
    Text,
)
from mmctr.reporting.figures import draw_codes
from mmctr.reporting.svg import inline_svg
from mmctr.reporting.words import (
    NOTHING,
    cell,
    count,
    listed,
    number,
    percent,
)

PARTS = ("train", "valid", "test")

LEAKS = {
    "auc_item_only": "click rate of the item",
    "auc_history_length": "length of the history",
    "auc_likes_level": "likes level of the row",
    "auc_views_level": "views level of the row",
    "auc_likes_level_minus_items": "likes level, minus the item's",
    "auc_views_level_minus_items": "views level, minus the item's",
}
"""What the audit scores rows by, one quantity alone."""


def data_section(report: dict[str, Any], audit: dict[str, Any]) -> Section:
    """Rows, users, items, histories, and what leaks.

    Args:
        report: ``preparation.json``.
        audit: ``audit.json``.
    """
    parts = report["parts"]
    rows = [
        [
            name,
            count(found["rows"]),
            "hidden"
            if found["positive_rows"] is None
            else count(found["positive_rows"]),
            count(found["users"]),
            count(found["users"] - found["warm_users"]) if name != "train" else NOTHING,
            count(found["items"]),
            count(found["rows_with_cold_item"]) if name != "train" else NOTHING,
            number(found["mean_history"], 1),
        ]
        for name, found in parts.items()
    ]
    header = ("part", "rows", "clicks", "users", "new users", "items", "cold rows")
    blocks: list[Block] = [
        Text(
            f"{count(report['items'])} items, {count(report['items_in_train'])} of them"
            f" in train. Likes levels come from {report['levels_from']['likes']}, "
            f"views levels from {report['levels_from']['views']}."
        ),
        Table(
            "Rows, users and items",
            (*header, "mean history"),
            rows,
            note="A user is new, and a row cold, if train has no row of the user, or "
            "has the target neither as a target nor in a history.",
        ),
        *_log(report["log"]),
        _leaks(audit),
        Text(leak_sentence(audit)),
    ]
    return Section("data", "Data", blocks)


def leak_sentence(audit: dict[str, Any]) -> str:
    """Say who is in two parts, and which quantity alone tells most."""
    part = "test" if audit["test"]["positive_rate"] is not None else "valid"
    shared = audit[part]["users_shared_with"]["train"]
    users = audit[part]["users"]
    told = {name: audit[part][key] for key, name in LEAKS.items()}
    known = {name: value for name, value in told.items() if value is not None}
    who = (
        f"No user of {part} has rows in train."
        if not shared
        else f"{count(shared)} of {count(users)} users of {part} have rows in train "
        "too."
    )
    if not known:
        return who
    name = max(known, key=lambda each: abs(known[each] - 0.5))
    return (
        f"{who} Of all that is known without a model, the {name} tells most of the "
        f"clicks of {part}: alone it has an AUC of {number(known[name])}, where 0.5 "
        "is nothing and values far from it may be a leak."
    )


def _leaks(audit: dict[str, Any]) -> Table:
    shares = {
        "share clicked": "positive_rate",
        "share with a cold target": "cold_target_share",
        "likes level is the item's": "likes_level_equals_items",
        "views level is the item's": "views_level_equals_items",
    }
    rows = [
        [name, *(percent(audit[part][key]) for part in PARTS)]
        for name, key in shares.items()
    ]
    for other in PARTS:
        shared = [audit[part]["users_shared_with"].get(other) for part in PARTS]
        rows.append([f"users shared with {other}", *(count(each) for each in shared)])
    rows += [
        [f"AUC of the {name}", *(number(audit[part][key]) for part in PARTS)]
        for key, name in LEAKS.items()
    ]
    return Table("Leakage checks", ("check", *PARTS), rows)


def _log(log: dict[str, Any] | None) -> list[Block]:
    """What splitting a log found, where there was a log."""
    if not log:
        return []
    rows = [[name.replace("_", " "), cell(value)] for name, value in log.items()]
    table = Table("The log", ("what", "found"), rows, words=2)
    return [Folded("What splitting the log found", [table])]


def codes_section(codebook: dict[str, Any], shared: pd.DataFrame) -> Section:
    """Health of the codes, and items that share them.

    Args:
        codebook: Health by modality, None where there is none.
        shared: ``shared_codes.csv``; titles are text that anybody may have written.
    """
    known = {name: health for name, health in codebook.items() if health}
    if not known:
        nothing = Text("The items have neither title nor image vectors, so no codes.")
        return Section("codes", "Codes", [nothing])
    absent = [name for name in codebook if name not in known]
    measures = (
        ("positions", "positions", count),
        ("codewords a position", "codebook_size", count),
        ("bits an item", "bits_per_item", lambda value: number(value, 0)),
        ("R2 of the decoded vectors", "r2", number),
        ("cosine of the decoded vectors", "cosine", number),
        ("share of codewords in use", "usage", lambda value: number(value, 3)),
        ("perplexity", "perplexity", lambda value: number(value, 1)),
        ("true neighbours kept, of 10", "recall_at_10", lambda value: number(value, 3)),
        ("true neighbours kept, of 50", "recall_at_50", lambda value: number(value, 3)),
        ("items that share all codes with another", "collision_rate", percent),
    )
    rows = [
        [label, *(write(health[key]) for health in known.values())]
        for label, key, write in measures
    ]
    rows += [
        [f"true neighbours kept, of 10, items {label} train", *cells]
        for label, key in (("in", "warm"), ("not in", "cold"))
        if any(health[key] for health in known.values())
        for cells in [[_recall(health[key]) for health in known.values()]]
    ]
    sentence = code_sentence(known)
    figure = Picture(
        inline_svg(draw_codes(codebook), f"Codebook use. {sentence}", "codes"),
        f"Codebook use. {sentence}",
        sentence,
    )
    blocks: list[Block] = [
        Beside(
            [
                Table("Health of the codes", ("measure", *known), rows),
                Pictures([figure]),
            ]
        )
    ]
    if absent:
        blocks.insert(0, Text(f"There are no {listed(absent)} vectors."))
    return Section("codes", "Codes", [*blocks, *_neighbours(shared)])


def code_sentence(known: dict[str, Any]) -> str:
    """Say which position uses its codebook least, and which modality keeps more."""
    found = []
    for name, health in known.items():
        uses = [level["perplexity"] for level in health["levels"]]
        place = uses.index(min(uses))
        found.append(
            f"{name} codes use their codebooks least at position {place + 1}, like "
            f"{number(uses[place], 1)} of {count(health['codebook_size'])} codewords "
            "in equal use"
        )
    return f"{'; '.join(found)}.".capitalize()


def _recall(group: dict[str, Any] | None) -> str:
    return NOTHING if group is None else number(group["recall_at_10"], 3)


def _neighbours(shared: pd.DataFrame) -> list[Block]:
    if shared.empty:
        return [Text("No two of the items that were looked at share a code.")]
    blocks: list[Block] = []
    titles = shared[["title", "other_title"]].fillna("(no title)").astype(str)
    frame = shared.assign(title=titles["title"], other_title=titles["other_title"])
    for modality, rows in frame.groupby("modality", sort=False):
        blocks.append(
            Table(
                f"Items that share {modality} codes",
                ("item", "shares codes with", "codes"),
                [
                    [
                        row["title"] if place == 0 else "",
                        row["other_title"],
                        f"{row['shared_codes']} of {row['codes']}",
                    ]
                    for _, group in rows.groupby("item_id", sort=False)
                    for place, row in enumerate(group.to_dict("records"))
                ],
                words=2,
                note=sharing_sentence(str(modality), rows),
            )
        )
    return blocks


def sharing_sentence(modality: str, rows: pd.DataFrame) -> str:
    """Say how much the listed pairs share."""
    full = rows[rows["shared_codes"] == rows["codes"]]
    pairs = f"{len(full)} of the {len(rows)} pairs share all their {modality} codes"
    if not len(full):
        best = rows.loc[rows["shared_codes"].idxmax()]
        pairs = (
            f"no pair shares all its {modality} codes; the nearest shares "
            f"{best['shared_codes']} of {best['codes']}"
        )
    return f"Of {rows['item_id'].nunique()} items drawn by chance, {pairs}."
