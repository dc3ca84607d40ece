"""The model before a training: drawn by the seed, or from weights it goes on from."""

from mmctr.ctr.features.row_statistics import StatisticScales
from mmctr.ctr.inputs.click_log import ClickLog
from mmctr.ctr.inputs.field_columns import require_fields
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.inputs.statistic_columns import require_same_statistics
from mmctr.ctr.models import model_class
from mmctr.ctr.models.base import CtrModel
from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.going_on import Parent, take_over


def starting_model(
    table: ItemTable, train: ClickLog, params: CtrParams, parent: Parent | None
) -> CtrModel:
    """Build the model that a training starts with.

    Args:
        table: The items.
        train: Labelled rows.
        params: Features and sizes.
        parent: What it goes on from; None: nothing.

    Raises:
        ValueError: If fields or statistics are missing, or the parent has others.
    """
    statistics = _scales(train, params, parent)
    specs = (*table.fields.specs, *train.fields.specs)
    known = [spec.name for spec in specs if not spec.is_cross]
    require_fields(params.features.fields, known)
    counts = train.item_counts(table.n_items)
    has_empty = train.has_empty_history
    if parent is not None:
        counts = counts + parent.counts
        has_empty = has_empty or parent.has_empty_history
    model = model_class(params.model.name)(
        table,
        counts,
        params,
        statistics,
        train.fields.specs,
        empty_history=has_empty,
    )
    if parent is not None:
        take_over(model, parent, table.vectors, params)
    elif train.facts.kind == "impressions":
        model.start_at(train.click_rate)
    return model


def _scales(
    train: ClickLog, params: CtrParams, parent: Parent | None
) -> StatisticScales:
    if parent is None:
        return StatisticScales.fit(train.statistic_names, train.statistics, params.seed)
    scales = parent.statistics
    require_same_statistics(
        scales.names,
        train.statistic_names,
        of="the weights of ctr_modeling.start_from",
        advice="give the same row_statistics.kinds and windows_days",
    )
    return scales
