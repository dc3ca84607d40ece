"""The sections on the run itself: ablation, cost, time, parameters, hashes."""

from functools import partial
from typing import Any

from mmctr.reporting import sentences
from mmctr.reporting.ablation_figures import compared_with, draw_minus
from mmctr.reporting.ablation_page import comparison_table
from mmctr.reporting.blocks import (
    Block,
    Picture,
    Pictures,
    Section,
    Table,
    Text,
)
from mmctr.reporting.facts import Record
from mmctr.reporting.pages import say
from mmctr.reporting.run_figures import draw_times
from mmctr.reporting.words import (
    NOTHING,
    cell,
    count,
    difference,
    listed,
    moment,
    number,
    seconds,
    with_sd,
)

_DRAWN = 12
"""Nodes that are drawn; the table has them all."""

_VECTOR_COUNTS = (
    ("items", "rows"),
    ("width", "width"),
    ("zero vectors", "zero_rows"),
    ("distinct texts", "unique_titles"),
    ("found in the cache", "cached"),
    ("sent", "sent"),
    ("requests", "requests"),
    ("tokens", "tokens"),
    ("covers missing", "missing"),
    ("covers broken", "broken"),
)
"""Label, and key of the reports that have it."""

_COMPUTATION = {
    "library": "library",
    "threads": "threads",
    "OMP_NUM_THREADS": "omp_num_threads",
    "instructions": "cpu",
    "MKL": "mkl",
    "oneDNN": "onednn",
}
"""Label and key of what the manifest records of a training's computation."""

_HASH = 12
"""Digits of a hash in a table; the manifest has all 64."""


def ablation_section(ablation: dict[str, Any] | None, record: Record) -> Section:
    """Show what codes are worth, if the ablation has run."""
    if ablation is None:
        return Section("ablation", "Ablation", [Text(say("no_ablation"))])
    at = record.made.get("ablation_details", {}).get("at")
    facts = {"budget": sentences.budget(ablation), "at": at and moment(at)}
    blocks: list[Block] = [Text(say("ablation", **facts))]
    if record.differs("ablation_details", ("train", "valid", "test")):
        text = "The rows have changed since the ablation: run it again."
        blocks.append(Text(text, warns=True))
    others = compared_with(ablation)
    pictures = [
        Picture.of(
            f"minus_{other}",
            draw_minus(ablation, [other]),
            sentences.arms(ablation, other),
        )
        for other in others
    ]

    def minus(arm: dict[str, Any], other: str) -> str:
        found = arm["against"][other]["gauc"]
        unknown = arm["name"] == other or found["delta"] is None
        return NOTHING if unknown else difference(found)

    table = Table.of_records(
        "Arms, largest gAUC first",
        sorted(ablation["arms"], key=lambda arm: -(arm["gauc_mean"] or 0)),
        {
            "arm": lambda arm: arm["name"],
            "gAUC": lambda arm: with_sd(arm["gauc_mean"], arm["gauc_sd"]),
            "AUC": lambda arm: with_sd(arm["auc_mean"], arm["auc_sd"]),
            **{f"gAUC minus {x}": partial(minus, other=x) for x in others},
            "bits": lambda arm: count(arm["bits_per_item"]),
            "time": lambda arm: seconds(arm["seconds"]),
        },
        note=say("about_arms", confidence=ablation["confidence"]),
    )
    blocks += [Pictures(pictures), table]
    listed = comparison_table(ablation["comparisons"])
    if listed.rows:
        blocks.append(listed)
    return Section("ablation", "Ablation", blocks, folded=True)


def cost_section(
    vectors: dict[str, dict[str, Any]], times: dict[str, Any] | None
) -> Section:
    """Show what vectors cost, and how long each step took.

    Args:
        vectors: ``embedding.json``, how vectors were made by modality.
        times: ``run.json`` as it is when the report is made; None if unknown.
    """
    made = _vector_table(vectors)
    if times is None:
        text = Text("How long the steps took was not recorded.")
        return Section("cost", "Cost and time", [made, text], folded=True)
    nodes, last = times["nodes"], times["last_run"]["nodes"]
    longest = sorted(nodes, key=lambda name: -nodes[name]["seconds"])[:_DRAWN]
    picture = Picture.of(
        "times",
        draw_times({name: nodes[name] for name in longest}),
        sentences.times(nodes),
    )
    note = "Up to the making of this report, which reads them."
    if set(nodes) - set(last):
        note += " Nodes that an earlier run made are marked."
    table = Table.of_records(
        "Time and memory by node",
        nodes,
        {
            "node": str,
            "pipeline": lambda name: nodes[name]["pipeline"],
            "run": lambda name: "this" if name in last else "earlier",
            "time": lambda name: seconds(nodes[name]["seconds"]),
            "largest process": lambda name: f"{number(nodes[name]['peak_gb'], 2)} GB",
        },
        words=3,
        note=note,
    )
    blocks = [made, Pictures([picture]), table]
    return Section("cost", "Cost and time", blocks, folded=True)


def parameters_section(record: Record) -> Section:
    """Show the values that the artifacts were made with."""
    sections: dict[str, list[list[str]]] = {}
    for name, value in sorted(record.parameters.items()):
        section, _, rest = name.partition(".")
        sections.setdefault(section, []).append([rest or name, cell(value)])
    tables: list[Block] = [
        Table(name, ("parameter", "value"), rows, words=2)
        for name, rows in sections.items()
    ]
    if not tables:
        return Section("parameters", "Parameters", [_no_record()])
    text = Text(say("about_parameters"))
    mixed = [
        Text(f"Artifacts disagree on {name}: see the manifest.", warns=True)
        for name in record.mixed
    ]
    return Section("parameters", "Parameters", [text, *mixed, *tables], folded=True)


def manifest_section(record: Record) -> Section:
    """Show hashes of what went in and came out, and versions."""
    if not record.outputs:
        return Section("manifest", "Manifest", [_no_record()])
    outputs = [
        [name, made.get("node", NOTHING), moment(made.get("at")), value[:_HASH]]
        for name, value in sorted(record.outputs.items())
        for made in [record.made.get(name, {})]
    ]
    inputs = [[name, value[:_HASH]] for name, value in sorted(record.inputs.items())]
    versions = [[name, value or NOTHING] for name, value in record.versions.items()]
    text = Text(say("manifest", record=record, digits=_HASH))
    tables = [
        Table(title, header, rows, words=4)
        for title, header, rows in (
            ("What was made", ("artifact", "by", "at", "sha256"), outputs),
            ("What went in", ("file", "sha256"), inputs),
            ("Code", ("package", "version"), versions),
        )
    ]
    blocks = [text, *_computations(record), *tables]
    return Section("manifest", "Manifest", blocks, folded=True)


def _computations(record: Record) -> list[Block]:
    """Threads and kernels of trainings and predictions, where they are recorded."""
    rows = []
    for node, found in record.computations().items():
        values = [found.get(key) for key in _COMPUTATION.values()]
        rows.append([node, *(NOTHING if x is None else cell(x) for x in values)])
    header = ("by", *_COMPUTATION)
    return [Table("Threads and kernels", header, rows, words=2)] if rows else []


def _vector_table(reports: dict[str, dict[str, Any]]) -> Table:
    found = list(reports.values())
    costs = [each.get("cost_bound_usd") for each in found]
    rows = [
        ["made by", *map(vector_maker, found)],
        *(
            [label, *(count(x.get(key)) for x in found)]
            for label, key in _VECTOR_COUNTS
        ),
        ["cost, at most", *(NOTHING if x is None else f"${x:,.4f}" for x in costs)],
        ["time", *(seconds(each["seconds"]) for each in found)],
    ]
    together = [name for name, each in reports.items() if each.get("embedded_with")]
    note = ""
    if together:
        note = f"Texts of {listed(together)} were embedded in one call: what was found "
        note += "in the cache, sent and paid, and the time, is that of all of them."
    return Table("What vectors cost", ("", *reports), rows, note=note)


def vector_maker(report: dict[str, Any]) -> str:
    """Say what made the vectors of a modality."""
    maker = str(report["version"] or report["provider"])
    return {"given": "the source"}.get(maker, maker)


def _no_record() -> Text:
    return Text("What made the artifacts was not recorded.", warns=True)
