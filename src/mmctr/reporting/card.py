"""What the model card says, collected from the artifacts of a run."""

from typing import Any

import yaml

from mmctr.reporting import sentences
from mmctr.reporting.data_sections import leak_sentence
from mmctr.reporting.facts import Record
from mmctr.reporting.model_sections import KINDS, judged_part
from mmctr.reporting.pages import render_card
from mmctr.reporting.run_sections import image_maker
from mmctr.reporting.words import (
    NOTHING,
    count,
    interval,
    moment,
    number,
    percent,
    with_interval,
)

WEIGHTS = "ctr_weights.safetensors"
_HASHED = ("ctr_weights", "codes", "item_table", "title_vectors", "image_vectors")


def write_card(
    report: dict[str, Any],
    audit: dict[str, Any],
    codebook: dict[str, Any],
    titles: dict[str, Any],
    covers: dict[str, Any],
    history: dict[str, Any],
    metrics: dict[str, Any],
    details: dict[str, Any],
    record: Record,
) -> str:
    """Fill the card.

    Args:
        report: ``preparation.json``.
        audit: ``audit.json``.
        codebook: ``codebook.json``.
        titles: ``embedding.json``.
        covers: ``image_embedding.json``.
        history: ``training.json``.
        metrics: ``metrics.json``.
        details: ``evaluation_details.json``.
        record: What the manifest knows by now.

    Returns:
        Markdown.
    """
    part = judged_part(metrics)
    found, closer = metrics[part], details[part]
    share = percent(closer["confidence"], 0)
    judged = (
        f"On {count(found['rows'])} rows of {part}; brackets are {share} intervals "
        f"over users ({count(closer['resamples'])} resamples). "
        f"{sentences.verdict(metrics, part)}"
    )
    return render_card(
        record=record,
        model=_model(history, codebook, titles, covers, record),
        parts=_parts(report),
        data=leak_sentence(audit),
        training=_training(history, record),
        judged=judged,
        ranking=_ranking(found),
        losses=(
            "Logloss "
            f"{with_interval(found['logloss'], closer['logloss']['interval'])}, NE "
            f"{with_interval(found['ne'], closer['ne']['interval'])}, calibration "
            f"error {number(found['ece'])}."
        ),
        slices=[_slice(each) for each in closer["slices"]],
        limits=_limits(report, codebook, titles, history, metrics, details),
        config=_config(report, record),
        inputs=sorted(record.inputs.items()),
        outputs=[(x, record.outputs[x]) for x in _HASHED if x in record.outputs],
        versions=[(k, v or "unknown") for k, v in record.versions.items()],
    )


def _model(
    history: dict[str, Any],
    codebook: dict[str, Any],
    titles: dict[str, Any],
    covers: dict[str, Any],
    record: Record,
) -> list[tuple[str, str]]:
    made = record.made.get("ctr_weights", {})
    codes = [
        f"{name}: {count(health['positions'])} of {count(health['codebook_size'])} "
        f"codewords ({record.parameters.get('quantization.method', 'unknown')})"
        for name, health in codebook.items()
        if health
    ]
    return [
        ("weights", f"{WEIGHTS}, {count(history['weights'])} numbers"),
        ("architecture", "Deep Interest Network: attention of the target to a history"),
        ("form of content", history["content"]),
        ("item features", ", ".join(history["features"])),
        ("codes", "; ".join(codes) or "none"),
        ("title vectors", f"{titles['version'] or titles['provider']}, "
         f"{count(titles['width'])} wide"),
        ("image vectors", "none" if not covers["width"] else
         f"{image_maker(covers)}, {count(covers['width'])} wide"),
        ("made", moment(made.get("at"))),
        ("commit", record.versions.get("commit") or "unknown"),
        ("seed", NOTHING if record.seed is None else str(record.seed)),
    ]  # fmt: skip


def _parts(report: dict[str, Any]) -> list[list[str]]:
    return [
        [
            name,
            count(found["rows"]),
            "hidden"
            if found["positive_rows"] is None
            else count(found["positive_rows"]),
            count(found["users"]),
            NOTHING if name == "train" else count(found["users"] - found["warm_users"]),
            NOTHING if name == "train" else count(found["rows_with_cold_item"]),
        ]
        for name, found in report["parts"].items()
    ]


def _training(history: dict[str, Any], record: Record) -> str:
    known = record.parameters
    settings = {
        "batch size": known.get("ctr_modeling.training.batch_size"),
        "learning rate": known.get("ctr_modeling.training.learning_rate"),
        "L2 of embeddings": known.get("ctr_modeling.training.embedding_l2"),
        "epochs at most": known.get("ctr_modeling.training.max_epochs"),
        "longest history": known.get("ctr_modeling.training.max_history"),
        "precision": known.get("ctr_modeling.training.precision"),
    }
    told = ", ".join(f"{k} {v}" for k, v in settings.items() if v is not None)
    return (
        f"{count(history['steps'])} steps on {history['device']}"
        f"{f'; {told}' if told else ''}. {sentences.training(history)} The weights are "
        "those of that validation."
    )


def _ranking(found: dict[str, Any]) -> list[list[str]]:
    model = [
        "**model**",
        with_interval(found["auc"], found["auc_interval"]),
        with_interval(found["gauc"], found["gauc_interval"]),
        NOTHING,
        NOTHING,
    ]
    rows = [model]
    for name, each in found["baselines"].items():
        label = name.replace("_", " ")
        if each is None:
            rows.append([label, "absent", "absent", NOTHING, NOTHING])
            continue
        differences = (each["auc_difference"], each["gauc_difference"])
        told = [interval(ends, sign="+") for ends in differences]
        rows.append([label, number(each["auc"]), number(each["gauc"]), *told])
    if "oracle_auc" in found:
        best = number(found["oracle_auc"])
        rows.append(["best possible", best, NOTHING, NOTHING, NOTHING])
    return rows


def _slice(each: dict[str, Any]) -> list[str]:
    counted = {k: v for k, v in KINDS.items() if k != "target"}.get(each["kind"])
    return [
        f"{counted}: {each['name']}" if counted else each["name"],
        count(each["rows"]),
        with_interval(each["auc"], each["auc_interval"]),
        count(each["pairs"]),
        with_interval(each["pair_auc"], each["pair_auc_interval"]),
    ]


def _limits(
    report: dict[str, Any],
    codebook: dict[str, Any],
    titles: dict[str, Any],
    history: dict[str, Any],
    metrics: dict[str, Any],
    details: dict[str, Any],
) -> list[str]:
    """What these numbers say against it."""
    part = judged_part(metrics)
    closer = details[part]
    rows = report["parts"][part]
    cold = next((x for x in closer["slices"] if x["name"] == "cold target"), None)
    warm = next((x for x in closer["slices"] if x["name"] == "warm target"), None)
    unseen = report["items"] - report["items_in_train"]
    lines = []
    if metrics["test"] is None:
        lines.append(
            "Test has no labels: the numbers are of valid, by which the weights were "
            "chosen, so a little too good."
        )
    lines.append(
        f"Cold items: {percent(unseen / report['items'])} of the items are in no "
        f"train row, and {percent(rows['rows_with_cold_item'] / rows['rows'])} of the "
        f"rows of {part} have one as target."
        + (
            f" Of {count(cold['pairs'])} pairs of them within a group "
            f"{with_interval(cold['pair_auc'], cold['pair_auc_interval'])} are ordered "
            f"right; of pairs of warm items, "
            f"{with_interval(warm['pair_auc'], warm['pair_auc_interval'])}."
            if cold and warm and cold["pair_auc"] is not None
            else " There are too few pairs of them in a group to say how well they are "
            "ordered."
        )
    )
    lines.append(f"Calibration: {sentences.calibration(closer['calibration'], part)}")
    for kind, label in KINDS.items():
        found = [each for each in closer["slices"] if each["kind"] == kind]
        if kind != "target" and len(found) > 1:
            lines.append(sentences.slices(found, label, part))
    if history["best_step"] == history["validations"][-1]["step"]:
        lines.append("Training was best at its last validation: it may be unfinished.")
    absent = [name for name, health in codebook.items() if health is None]
    if absent:
        lines.append(f"There are no {' and no '.join(absent)} vectors.")
    if titles["zero_rows"]:
        lines.append(f"{count(titles['zero_rows'])} items have no title vector.")
    lines.append("One seed: how much another would change is not in the intervals.")
    return lines


def _config(report: dict[str, Any], record: Record) -> str:
    """Options of ``kedro run`` that make the same again."""
    named = {"dataset": record.dataset, "raw_dir": record.raw_dir, "seed": record.seed}
    options: dict[str, Any] = {}
    if report["source"] == "interactions":
        options["env"] = "interactions"
    options["params"] = {**named, **record.nested()}
    return yaml.safe_dump({"run": options}, sort_keys=False, allow_unicode=True)
