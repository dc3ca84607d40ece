"""The section on slices of the rows: for whom the model is good."""

from collections.abc import Mapping
from typing import Any

from mmctr.reporting import sentences
from mmctr.reporting.blocks import Picture, Pictures, Section, Table, Text
from mmctr.reporting.pages import say
from mmctr.reporting.run_figures import draw_slices
from mmctr.reporting.sentences import MIN_SLICE_ROWS, has_enough_rows
from mmctr.reporting.words import count, measured, percent

KINDS = {
    "target": "target",
    "history": "items in the history",
    "popularity": "clicks of the target in train",
}
"""Kinds of slices, and what their names count."""


def rows_of_slice(kind: str, name: str) -> str:
    """Say in words which rows a slice has."""
    end = "" if name == "1" else "s"
    return {
        "target": f"rows with a {name}",
        "history": f"rows with {name} item{end} in the history",
        "popularity": f"rows whose target has {name} click{end} in train",
    }[kind]


def slices_section(part: str, details: dict[str, Any]) -> Section:
    """Show for whom the model is good: by target, history and popularity."""
    whole = details["slices"][0]["auc"]
    pictures = [
        Picture.of(
            f"slices_{kind}",
            draw_slices(found, whole, KINDS[kind]),
            sentences.slices(found, KINDS[kind], part),
        )
        for kind, found in slices_by_kind(details).items()
    ]
    note = Text(say("about_slices", least=details["min_pairs"], fewest=MIN_SLICE_ROWS))
    blocks = [Pictures(pictures), *slice_tables(details), note]
    return Section("slices", "Slices", blocks)


def slices_by_kind(details: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Group the slices by kind, without that of all rows."""
    by_kind = {
        kind: [each for each in details["slices"] if each["kind"] == kind]
        for kind in KINDS
    }
    return {kind: found for kind, found in by_kind.items() if found}


def slice_tables(details: Mapping[str, Any]) -> list[Table]:
    """Write one table per kind of slice."""
    columns = {
        "rows": lambda each: count(each["rows"]),
        "users": lambda each: count(each["users"]),
        "AUC": lambda each: measured(each, "auc"),
        "pairs": lambda each: count(each["pairs"]),
        "ordered right": lambda each: measured(each, "pair_auc"),
        "clicked": lambda each: percent(each["click_rate"]),
        "predicted": lambda each: percent(each["mean_probability"]),
    }
    # All rows, the first slice, are above the warm and the cold ones.
    every = {"target": details["slices"][:1]}
    return [
        Table.of_records(
            f"By {KINDS[kind]}",
            shown,
            {KINDS[kind]: lambda each: each["name"], **columns},
            faint=[n for n, each in enumerate(shown) if not has_enough_rows(each)],
        )
        for kind, found in slices_by_kind(details).items()
        for shown in [[*every.get(kind, ()), *found]]
    ]
