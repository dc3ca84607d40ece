"""The sections on what went in: rows, leaks, and the codes of the items."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mmctr.evaluation.baselines import tells_of_clicks
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
from mmctr.reporting.field_sections import field_blocks
from mmctr.reporting.log_blocks import log_blocks
from mmctr.reporting.pages import say
from mmctr.reporting.run_figures import draw_codes
from mmctr.reporting.words import (
    NOTHING,
    count,
    listed,
    number,
    percent,
)

PARTS = ("train", "valid", "test")

LEAKS = {
    "auc_item_only": "click rate of the item",
    "auc_history_length": "length of the history",
    "auc_seen_before": "fact that the target is in the history",
    "auc_likes_level": "likes level of the row",
    "auc_views_level": "views level of the row",
    "auc_likes_level_minus_items": "likes level, minus the item's",
    "auc_views_level_minus_items": "views level, minus the item's",
}
"""What the audit scores rows by, one quantity alone; levels where rows state them."""


def data_section(
    report: dict[str, Any],
    audit: dict[str, Any],
    modalities: Mapping[str, str],
    statistics: Sequence[Block],
) -> Section:
    """Show rows, users, items, histories, statistics of rows, and what leaks.

    Args:
        report: ``preparation.json``.
        audit: ``audit.json``.
        modalities: Column of the items -> the modality that is made of it.
        statistics: What is said of the rows' statistics.
    """
    blocks: list[Block] = [
        Text(say("prepared", report=report)),
        part_table(report),
    ]
    if log := report["log"]:
        blocks += log_blocks(log, modalities)
    blocks += field_blocks(report, audit)
    blocks += [*statistics, _leak_table(audit), Text(leak_sentence(audit))]
    if said := repeats_sentence(audit):
        blocks.append(Text(said, warns=True))
    return Section("data", "Data", blocks)


def part_table(report: dict[str, Any]) -> Table:
    """Write rows, users and items of every part."""

    def clicks(named: tuple[str, Any]) -> str:
        clicked = named[1]["positive_rows"]
        return "hidden" if clicked is None else count(clicked)

    def unseen(named: tuple[str, Any], number_of: float) -> str:
        return NOTHING if named[0] == "train" else count(number_of)

    return Table.of_records(
        "Rows, users and items",
        report["parts"].items(),
        {
            "part": lambda named: named[0],
            "rows": lambda named: count(named[1]["rows"]),
            "clicks": clicks,
            "users": lambda named: count(named[1]["users"]),
            "new users": lambda named: unseen(
                named, named[1]["users"] - named[1]["warm_users"]
            ),
            "items": lambda named: count(named[1]["items"]),
            "cold rows": lambda named: unseen(named, named[1]["rows_with_cold_item"]),
            "mean history": lambda named: number(named[1]["mean_history"], 1),
        },
        note=say("about_parts"),
    )


def leak_sentence(audit: dict[str, Any]) -> str:
    """Say how many users are in two parts, and which quantity alone predicts most."""
    part = "test" if audit["test"]["positive_rate"] is not None else "valid"
    alone = {name: audit[part].get(key) for key, name in LEAKS.items()}
    known = {name: value for name, value in alone.items() if value is not None}
    name = max(known, key=lambda each: abs(known[each] - 0.5), default=None)
    users, shared = audit[part]["users"], audit[part]["users_shared_with"]["train"]
    facts = {"users": users, "shared": shared, "name": name, "auc": known.get(name)}
    return say("leaks", part=part, **facts)


def repeats_sentence(audit: dict[str, Any]) -> str:
    """Say that repeats give clicks away, or nothing if they don't."""
    found = audit["valid"]["auc_seen_before"]
    return say("repeats", auc=found) if tells_of_clicks(found) else ""


def _leak_table(audit: dict[str, Any]) -> Table:
    shares = {
        "share clicked": "positive_rate",
        "share with a cold target": "cold_target_share",
        "likes level is the item's": "likes_level_equals_items",
        "views level is the item's": "views_level_equals_items",
    }
    written = [(name, key, percent) for name, key in shares.items()]
    written += [(f"AUC of the {name}", key, number) for key, name in LEAKS.items()]
    rows = [
        [name, *(write(audit[part][key]) for part in PARTS)]
        for name, key, write in written
        if key in audit["train"]
    ]
    place = sum(key in audit["train"] for key in shares.values())
    rows[place:place] = [
        [
            f"users shared with {other}",
            *(count(audit[part]["users_shared_with"].get(other)) for part in PARTS),
        ]
        for other in PARTS
    ]
    return Table("Leakage checks", ("check", *PARTS), rows)


def codes_section(codebook: dict[str, Any], shared: pd.DataFrame) -> Section:
    """Show the health of the codes, and items that share them.

    Args:
        codebook: Health by modality, None where there is none.
        shared: ``shared_codes.csv``; titles are text that anybody may have written.
    """
    known = {name: health for name, health in codebook.items() if health}
    if not known:
        nothing = Text("The items have no vectors, so no codes.")
        return Section("codes", "Codes", [nothing])
    absent = [name for name in codebook if name not in known]
    measures = (
        ("positions", "positions", count),
        ("codewords per position", "codebook_size", count),
        ("bits per item", "bits_per_item", lambda value: number(value, 0)),
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
    for label, key in (("in", "warm"), ("not in", "cold")):
        groups = [health[key] for health in known.values()]
        if any(groups):
            recalls = [number(x and x["recall_at_10"], 3) for x in groups]
            rows.append([f"true neighbours kept, of 10, items {label} train", *recalls])
    picture = Picture.of(
        "codes", draw_codes(codebook), code_sentence(known), title="Codebook use"
    )
    table = Table("Health of the codes", ("measure", *known), rows)
    blocks: list[Block] = [Beside([table, Pictures([picture])])]
    if absent:
        blocks.insert(0, Text(f"There are no {listed(absent)} vectors."))
    blocks += _shared_tables(shared)
    return Section("codes", "Codes", blocks, folded=True)


def code_sentence(known: dict[str, Any]) -> str:
    """Say which position of each modality uses its codebook least."""
    found = []
    for name, health in known.items():
        uses = [level["perplexity"] for level in health["levels"]]
        place = uses.index(min(uses))
        facts = {"perplexity": uses[place], "size": health["codebook_size"]}
        found.append(say("codes", modality=name, position=place + 1, **facts))
    return f"{'; '.join(found)}.".capitalize()


def _shared_tables(shared: pd.DataFrame) -> list[Block]:
    if shared.empty:
        return [Text("None of the items that were looked at share a code.")]
    titles = shared[["title", "other_title"]].fillna("(no title)").astype(str)
    frame = shared.assign(
        # An item's title stands on the first of its lines.
        title=titles["title"].mask(shared.duplicated(["modality", "item_id"]), ""),
        other_title=titles["other_title"],
    )
    columns = {
        "item": lambda row: row["title"],
        "shares codes with": lambda row: row["other_title"],
        "codes": lambda row: f"{row['shared_codes']} of {row['codes']}",
    }
    blocks: list[Block] = []
    for modality, rows in frame.groupby("modality", sort=False):
        title = f"Items that share {modality} codes"
        table = Table.of_records(title, rows.to_dict("records"), columns, words=2)
        blocks.append(Text(sharing_sentence(str(modality), rows)))
        blocks.append(Folded(f"{title}: {count(len(rows))} pairs", [table]))
    return blocks


def sharing_sentence(modality: str, rows: pd.DataFrame) -> str:
    """Say how much the listed pairs share."""
    return say(
        "sharing",
        modality=modality,
        items=rows["item_id"].nunique(),
        pairs=len(rows),
        full=int((rows["shared_codes"] == rows["codes"]).sum()),
        best=rows.loc[rows["shared_codes"].idxmax()],
    )
