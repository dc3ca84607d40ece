"""The section on how the model learned."""

from typing import Any

from mmctr.reporting import sentences
from mmctr.reporting.blocks import (
    Beside,
    Block,
    Picture,
    Pictures,
    Section,
    Table,
    Text,
)
from mmctr.reporting.pages import say
from mmctr.reporting.run_figures import draw_training
from mmctr.reporting.sentences import MEASURES
from mmctr.reporting.words import NOTHING, count, number


def training_section(history: dict[str, Any]) -> Section:
    """Show the training curves, and what was trained."""
    picture = Picture.of(
        "training", draw_training(history), sentences.training(history)
    )
    table = Table.of_records(
        "On valid",
        history["validations"],
        {
            "step": lambda entry: count(entry["step"]),
            "AUC": lambda entry: number(entry["auc"]),
            "gAUC": lambda entry: number(entry["gauc"]),
            "logloss": lambda entry: number(entry["logloss"]),
            "learning rate": lambda entry: f"{entry['learning_rate']:.3g}",
        },
    )
    text = Text(say("trained", history=history))
    blocks: list[Block] = [text, Beside([Pictures([picture]), table])]
    if "seeds" in history:
        blocks.insert(1, _seeds_table(history))
    if "went_on_from" in history:
        blocks.insert(1, Text(say("went_on", start=history["went_on_from"])))
    if "advice" in history:
        blocks.insert(0, Text(history["advice"], warns=True))
    return Section("training", "Training curves", blocks, folded=True)


def _seeds_table(history: dict[str, Any]) -> Table:
    """Compare the mean of several trainings with each of them."""
    return Table.of_records(
        "On valid, before calibration",
        [{"name": "mean of logits", **history["mean_logit"]}, *history["seeds"]],
        {
            "training": lambda each: each.get("name") or f"seed {each['seed']}",
            **{
                label: lambda each, name=name: number(each[name])
                for name, label in MEASURES.items()
            },
            "kept step": lambda each: (
                count(each["best_step"]) if "best_step" in each else NOTHING
            ),
        },
        strong=1,
        note=say("about_seeds"),
    )
