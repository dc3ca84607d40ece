"""Nodes of the preparation pipeline."""

import numpy as np
import pyarrow as pa

from mmctr.datasets import ChallengeSource, InteractionSource
from mmctr.pipelines.preparation.challenge import prepare_challenge
from mmctr.pipelines.preparation.interactions import prepare_interactions
from mmctr.pipelines.preparation.params import PreparationParams


def prepare_tables(
    source: ChallengeSource | InteractionSource, params: PreparationParams
) -> tuple[
    pa.Table, np.ndarray, pa.Table, pa.Table, pa.Table, pa.Table, dict[str, object]
]:
    """Turn either kind of source into the primary tables.

    Args:
        source: What the catalogue's ``source`` entry has read.
        params: Split, histories and negatives.

    Returns:
        item_feature, image_vectors, item_id_mapping, train, valid, test and the report;
        see :class:`mmctr.pipelines.preparation.tables.PrimaryTables`.
    """
    if isinstance(source, ChallengeSource):
        tables = prepare_challenge(source, params)
    else:
        tables = prepare_interactions(source, params)
    return (
        tables.item_feature,
        tables.image_vectors,
        tables.item_id_mapping,
        tables.train,
        tables.valid,
        tables.test,
        tables.report,
    )
