"""The sections on the run itself: ablation, cost, time, parameters, hashes."""

from typing import Any

from mmctr.reporting import sentences
from mmctr.reporting.blocks import (
    Block,
    Folded,
    Picture,
    Pictures,
    Section,
    Table,
    Text,
)
from mmctr.reporting.facts import Record
from mmctr.reporting.figures import draw_arms, draw_times
from mmctr.reporting.svg import inline_svg
from mmctr.reporting.words import (
    NOTHING,
    cell,
    count,
    moment,
    number,
    percent,
    seconds,
    signed,
)

_DRAWN = 12
"""So many nodes are drawn; the table has them all."""

_HASH = 12
"""Digits of a hash in a table; the manifest has all 64."""


def ablation_section(ablation: dict[str, Any] | None, record: Record) -> Section:
    """What codes are worth, where that was asked."""
    if ablation is None:
        text = Text(
            "The ablation has not run on this data set: `kedro run --pipeline ablation`"
            ", with the same --env and --params, adds its table here."
        )
        return Section("ablation", "Ablation", [text])
    rows, seeds = ablation["rows"], ablation["seeds"]
    tested = "a part of valid" if ablation["test_is_part_of_valid"] else "test"
    blocks: list[Block] = [
        Text(
            f"{len(ablation['arms'])} arms, {len(seeds)} seed(s) each, "
            f"{count(rows['train'])} train rows; settings chosen on "
            f"{count(rows['valid'])} rows of valid, reported once on "
            f"{count(rows['test'])} rows of {tested}. A run of its own"
            f"{_made_at(record, 'ablation_details')}: its arms have its budget, so "
            "compare them with each other."
        )
    ]
    if record.differs("ablation_details", ("train", "valid", "test")):
        blocks.append(
            Text(
                "The rows are not those that the ablation had: run it again.",
                warns=True,
            )
        )
    arms = sorted(ablation["arms"], key=lambda arm: -(arm["gauc_mean"] or 0))
    others = [x for x in (ablation["control"], ablation["rival"]) if x is not None]
    others = list(dict.fromkeys(others))
    pictures = []
    for other in others:
        sentence = sentences.arms(ablation, other)
        compared = [arm for arm in arms if arm["name"] != other]
        label = f"gAUC minus that of {other}"
        figure = draw_arms(compared, other, label)
        svg = inline_svg(figure, sentence, f"minus_{other}")
        pictures.append(Picture(svg, sentence, sentence))
    table = Table(
        "Arms, largest gAUC first",
        ("arm", "gAUC", "AUC", *(f"gAUC minus {x}" for x in others), "bits", "time"),
        [
            [
                arm["name"],
                _with_sd(arm["gauc_mean"], arm["gauc_sd"]),
                _with_sd(arm["auc_mean"], arm["auc_sd"]),
                *(_difference(arm, other) for other in others),
                count(arm["bits_per_item"]),
                seconds(arm["seconds"]),
            ]
            for arm in arms
        ],
        note="Mean and standard deviation over seeds; differences are paired, with "
        f"{percent(ablation['confidence'], 0)} intervals.",
    )
    return Section("ablation", "Ablation", [*blocks, Pictures(pictures), table])


def cost_section(
    titles: dict[str, Any], covers: dict[str, Any], times: dict[str, Any] | None
) -> Section:
    """What vectors cost, and how long each step took.

    Args:
        titles: ``embedding.json``.
        covers: ``image_embedding.json``.
        times: ``run.json`` as it is when the report is made; None: not known.
    """
    blocks: list[Block] = [_vectors(titles, covers)]
    if times is None:
        blocks.append(Text("How long the steps took was not written down."))
        return Section("cost", "Cost and time", blocks)
    last = times["last_run"]["nodes"]
    nodes = times["nodes"]
    longest = sorted(nodes, key=lambda name: -nodes[name]["seconds"])[:_DRAWN]
    sentence = sentences.times(nodes)
    figure = draw_times({name: nodes[name] for name in longest})
    earlier = [name for name in nodes if name not in last]
    note = "Up to the making of this report, which reads them."
    if earlier:
        note += " Nodes that an earlier run made are marked."
    return Section(
        "cost",
        "Cost and time",
        [
            *blocks,
            Pictures(
                [Picture(inline_svg(figure, sentence, "times"), sentence, sentence)]
            ),
            Table(
                "Time and memory by node",
                ("node", "pipeline", "run", "time", "largest process"),
                [
                    [
                        name,
                        node["pipeline"],
                        "this" if name in last else "earlier",
                        seconds(node["seconds"]),
                        f"{number(node['peak_gb'], 2)} GB",
                    ]
                    for name, node in nodes.items()
                ],
                words=3,
                note=note,
            ),
        ],
    )


def parameters_section(record: Record) -> Section:
    """The values that the artifacts were made with."""
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
    text = Text(
        "Those that the results depend on, as each artifact was made with; settings "
        "of choices not in use, and those that change no result, are left out."
    )
    mixed = [
        Text(f"Artifacts disagree on {name}: see the manifest.", warns=True)
        for name in record.mixed
    ]
    folded = Folded(f"{len(record.parameters)} parameters", tables)
    return Section("parameters", "Parameters", [text, *mixed, folded])


def manifest_section(record: Record) -> Section:
    """Hashes of what went in and came out, and versions."""
    if not record.outputs:
        return Section("manifest", "Manifest", [_no_record()])
    outputs = [
        [name, made.get("node", NOTHING), moment(made.get("at")), value[:_HASH]]
        for name, value in sorted(record.outputs.items())
        for made in [record.made.get(name, {})]
    ]
    inputs = [[name, value[:_HASH]] for name, value in sorted(record.inputs.items())]
    versions = [[name, value or NOTHING] for name, value in record.versions.items()]
    return Section(
        "manifest",
        "Manifest",
        [
            Text(
                f"Data set {record.dataset}, seed {record.seed}, commit "
                f"{record.versions.get('commit') or 'unknown'}. Hashes are the first "
                f"{_HASH} digits of the sha256 of a file's content."
            ),
            Folded(
                f"{len(outputs)} artifacts",
                [
                    Table(
                        "What was made",
                        ("artifact", "by", "at", "sha256"),
                        outputs,
                        words=4,
                    )
                ],
            ),
            Folded(
                f"{len(inputs)} raw files",
                [Table("What went in", ("file", "sha256"), inputs, words=2)],
            ),
            Folded(
                f"{len(versions)} versions",
                [Table("Code", ("package", "version"), versions, words=2)],
            ),
        ],
    )


def _vectors(titles: dict[str, Any], covers: dict[str, Any]) -> Table:
    cost = titles["cost_bound_usd"]
    rows = [
        ["made by", titles["version"] or titles["provider"], image_maker(covers)],
        ["items", count(titles["rows"]), count(covers["rows"])],
        ["width", count(titles["width"]), count(covers["width"])],
        ["zero vectors", count(titles["zero_rows"]), count(covers["zero_rows"])],
        ["distinct titles", count(titles["unique_titles"]), NOTHING],
        ["found in the cache", count(titles["cached"]), NOTHING],
        ["sent", count(titles["sent"]), NOTHING],
        ["requests", count(titles["requests"]), NOTHING],
        ["tokens", count(titles["tokens"]), NOTHING],
        ["cost, at most", NOTHING if cost is None else f"${cost:,.4f}", NOTHING],
        ["covers missing or broken", NOTHING, count(_lost(covers))],
        ["time", seconds(titles["seconds"]), seconds(covers["seconds"])],
    ]
    return Table("What vectors cost", ("", "titles", "images"), rows)


def image_maker(covers: dict[str, Any]) -> str:
    """Say what made the image vectors."""
    if covers["version"]:
        return str(covers["version"])
    return {"given": "the source", "none": "none"}.get(
        covers["provider"], str(covers["provider"])
    )


def _lost(covers: dict[str, Any]) -> int:
    return int(covers["missing"] + covers["broken"])


def _difference(arm: dict[str, Any], other: str) -> str:
    found = arm["against"][other]["gauc"]
    if arm["name"] == other or found["delta"] is None:
        return NOTHING
    return f"{signed(found['delta'])} [{signed(found['low'])}, {signed(found['high'])}]"


def _with_sd(mean: float | None, spread: float | None) -> str:
    return number(mean) if spread is None else f"{number(mean)} ± {number(spread)}"


def _made_at(record: Record, name: str) -> str:
    at = record.made.get(name, {}).get("at")
    return f" of {moment(at)}" if at else ""


def _no_record() -> Text:
    return Text("What made the artifacts was not written down.", warns=True)
