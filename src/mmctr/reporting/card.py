"""What the model card says, collected from the artifacts of a run."""

from pathlib import PurePath
from typing import Any

import yaml

from mmctr.ctr.models.heads import OWN_HEAD
from mmctr.reporting import sentences
from mmctr.reporting.blocks import Table
from mmctr.reporting.cautions import cautions, origin_of_rows
from mmctr.reporting.data_sections import leak_sentence, part_table
from mmctr.reporting.facts import Record
from mmctr.reporting.model_sections import judged_part, loss_table, ranking_table
from mmctr.reporting.pages import render, say
from mmctr.reporting.run_sections import vector_maker
from mmctr.reporting.slice_sections import KINDS, slice_tables, slices_by_kind
from mmctr.reporting.statistics_sections import (
    frozen_sentence,
    protocol_sentence,
    protocol_tables,
)
from mmctr.reporting.top_blocks import top_block
from mmctr.reporting.words import NOTHING, count, moment

WEIGHTS = "ctr_weights.safetensors"
_SETTINGS = {
    "batch size": "batch_size",
    "learning rate": "learning_rate",
    "loss": "loss",
    "L2 of embeddings": "embedding_l2",
    "L2 of the network": "network_l2",
    "epochs at most": "max_epochs",
    "longest history": "max_history",
    "precision": "precision",
}
_ARCHITECTURES = {
    "din": "Deep Interest Network: attention of the target to a history",
    "target_only": "the target alone, without a history",
    "mean_pool": "the target beside the mean of a history",
    "mhta": "multi-head attention of the target to a history",
    "stca": "stacked attention of the target to a history",
    "transformer": "a transformer over history and target",
    "qin": "Quadratic Interest Network: ReLU attention of the target to a history",
}
_CALIBRATION = "ctr_modeling.calibration.method"
_HASHED = ("ctr_weights", "codes", "item_table", "vectors")


def write_model_card(
    preparation_report: dict[str, Any],
    data_audit: dict[str, Any],
    codebook: dict[str, Any],
    embedding_report: dict[str, Any],
    training_history: dict[str, Any],
    metrics: dict[str, Any],
    evaluation_details: dict[str, Any],
    manifest: dict[str, Any] | None,
) -> str:
    """Say what the model is, how good it is, and what it is not for.

    Args:
        preparation_report: Rows, users, items.
        data_audit: Leaks.
        codebook: Health of the codes.
        embedding_report: How vectors were made, by modality.
        training_history: Validations.
        metrics: The model beside its baselines.
        evaluation_details: Calibration, ROC and slices.
        manifest: What was made before, and of what; None if unknown.

    Returns:
        Markdown.
    """
    part, record = judged_part(metrics), Record.of(manifest)
    found, closer = metrics[part], evaluation_details[part]
    hashed = {name: record.outputs[name] for name in _HASHED if name in record.outputs}
    return render(
        "model_card.md",
        dataset=record.dataset,
        cautions=cautions(metrics, part),
        model=_model(training_history, codebook, embedding_report, record),
        parts=part_table(preparation_report),
        data=leak_sentence(data_audit),
        statistics=f"{protocol_sentence(metrics)} {frozen_sentence(metrics)}",
        training=_training(training_history, record),
        judged=say(
            "card_judged",
            part=part,
            rows=found["rows"],
            details=closer,
            verdict=sentences.verdict(metrics, part),
            against_trees=sentences.against_trees(metrics, part),
        ),
        tables=[
            ranking_table(part, found),
            *_first_rows(part, found),
            *protocol_tables(metrics),
            loss_table(part, found, closer),
        ],
        slices=slice_tables(closer),
        limits=_limits(
            preparation_report,
            codebook,
            embedding_report,
            training_history,
            metrics,
            closer,
        ),
        config=_config(preparation_report, record),
        inputs=Table("", ("raw file", "sha256"), sorted(record.inputs.items())),
        outputs=Table("", ("artifact", "sha256"), list(hashed.items())),
        versions=Table(
            "",
            ("code", "version"),
            [(name, version or "unknown") for name, version in record.versions.items()],
        ),
    )


def _first_rows(part: str, found: dict[str, Any]) -> list[Table]:
    """Write hit rate and NDCG, where there are groups of enough rows."""
    block = top_block(part, found)
    return [block] if isinstance(block, Table) else []


def _model(
    history: dict[str, Any],
    codebook: dict[str, Any],
    vectors: dict[str, Any],
    record: Record,
) -> Table:
    made = record.made.get("ctr_weights", {})
    codes = [
        f"{name}: {count(health['positions'])} of {count(health['codebook_size'])} "
        f"codewords ({record.parameters.get('quantization.method', 'unknown')})"
        for name, health in codebook.items()
        if health
    ]
    kinds = dict.fromkeys(name.partition(".")[0] for name in history["statistics"])
    rows = {
        "weights": f"{WEIGHTS}, {count(history['weights'])} numbers",
        "architecture": _architecture(record),
        "form of content": history["content"],
        "item features": ", ".join(history["features"]),
        "row statistics": ", ".join(kinds) or "none",
        "codes": "; ".join(codes) or "none",
        **{
            f"{name} vectors": f"{vector_maker(each)}, {count(each['width'])} wide"
            if each["width"]
            else "none"
            for name, each in vectors.items()
        },
        "start": say("went_on", start=history["went_on_from"])
        if "went_on_from" in history
        else "from scratch",
        "calibration": record.parameters.get(_CALIBRATION, "unknown"),
        "made": moment(made.get("at")),
        "commit": record.versions.get("commit") or "unknown",
        "seed": _seeds(history, record),
    }
    return Table("", ("", ""), list(rows.items()))


def _architecture(record: Record) -> str:
    """The model in words, or the class of one from elsewhere; and a chosen head."""
    name = record.parameters.get("ctr_modeling.model.name", "unknown")
    head = record.parameters.get("ctr_modeling.model.head", OWN_HEAD)
    words = _ARCHITECTURES.get(name, name)
    return words if head == OWN_HEAD else f"{words}; head {head}"


def _seeds(history: dict[str, Any], record: Record) -> str:
    if "seeds" in history:
        seeds = [str(each["seed"]) for each in history["seeds"]]
        return f"{', '.join(seeds)}; the mean of their logits"
    return NOTHING if record.seed is None else str(record.seed)


def _training(history: dict[str, Any], record: Record) -> str:
    known = {
        label: record.parameters.get(f"ctr_modeling.training.{name}")
        for label, name in _SETTINGS.items()
    }
    stated = {label: value for label, value in known.items() if value is not None}
    said = sentences.training(history)
    return say("card_training", history=history, settings=stated, said=said)


def _limits(
    report: dict[str, Any],
    codebook: dict[str, Any],
    vectors: dict[str, Any],
    history: dict[str, Any],
    metrics: dict[str, Any],
    closer: dict[str, Any],
) -> list[str]:
    """List what these numbers say against the model."""
    part = judged_part(metrics)
    lines = [
        _cold_items(report, part, closer),
        f"{say('calibrated', part=part, found=metrics[part])} "
        f"{sentences.calibration(closer['calibration'], part)}",
    ]
    if origin := origin_of_rows(report):
        lines.append(origin)
    if metrics["test"] is None:
        text = "Test has no labels: the numbers are of valid, which also chose the "
        lines.insert(0, f"{text}weights, so they are slightly too good.")
    lines += [
        sentences.slices(found, KINDS[kind], part)
        for kind, found in slices_by_kind(closer).items()
        if kind != "target" and len(found) > 1
    ]
    if history["best_step"] == history["validations"][-1]["step"]:
        lines.append("Training was best at its last validation: it may be unfinished.")
    absent = [name for name, health in codebook.items() if health is None]
    if absent:
        lines.append(f"There are no {' and no '.join(absent)} vectors.")
    lines += [
        f"{count(each['zero_rows'])} items have no {name} vector."
        for name, each in vectors.items()
        if each["width"] and each["zero_rows"]
    ]
    lines.append(say("other_seeds", seeds=history.get("seeds")))
    return lines


def _cold_items(report: dict[str, Any], part: str, details: dict[str, Any]) -> str:
    rows = report["parts"][part]
    slices = {each["name"]: each for each in details["slices"]}
    return say(
        "cold_items",
        part=part,
        unseen=1 - report["items_in_train"] / report["items"],
        cold_rows=rows["rows_with_cold_item"] / rows["rows"],
        cold=slices.get("cold target"),
        warm=slices.get("warm target"),
    )


def _config(report: dict[str, Any], record: Record) -> str:
    """Options of ``kedro run`` that make the same again."""
    raw_dir = record.raw_dir
    if PurePath(raw_dir).is_absolute():
        # A card is read elsewhere, where a folder of this machine says nothing.
        raw_dir = f"DIR/{PurePath(raw_dir).name}"
    named = {"dataset": record.dataset, "raw_dir": raw_dir, "seed": record.seed}
    options: dict[str, Any] = {}
    if report["source"] == "interactions":
        options["env"] = "interactions"
    options["params"] = {**named, **record.nested()}
    return yaml.safe_dump({"run": options}, sort_keys=False, allow_unicode=True)
