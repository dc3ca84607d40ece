"""What a training could be asked to do otherwise on a log like this."""

from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.params import TrainingParams

FEW_ROWS = 500_000
"""Rows of train below which clicks of impressions are few for a large model."""


def settings_advice(train: ClickLog, training: TrainingParams) -> str:
    """Name the settings for small logs of impressions where a run lacks them.

    Args:
        train: Rows.
        training: Without weight decay a model memorises few clicks.

    Returns:
        A sentence; empty where there is nothing to say.
    """
    is_small = train.facts.kind == "impressions" and len(train) < FEW_ROWS
    if not is_small or training.weight_decay > 0:
        return ""
    return (
        f"Train has {int(train.label.sum()):,} clicks in {len(train):,} impressions, "
        "and the model has no weight decay (ctr_modeling.training.weight_decay=0), so "
        "that it may memorise them. There are settings for such logs: kedro run "
        "--config conf/impressions.yml, with the same --params"
    )
