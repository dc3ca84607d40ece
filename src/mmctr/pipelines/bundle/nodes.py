"""Nodes of the bundle pipeline; torch is imported when they run."""

from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.params import FieldsParams
from mmctr.data.log_facts import LogFacts
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.row_statistics.params import RowStatisticsParams
from mmctr.reporting.cautions import relative_probabilities
from mmctr.runtime.code_commit import code_commit

# Kedro resolves these annotations in every command.
ByName = dict[str, Any]


def describe_training(
    train: pa.Table,
    test: pa.Table,
    item_table: pa.Table,
    vectors: dict[str, np.ndarray],
    test_predictions: pa.Table,
    preparation_state: dict,
) -> dict[str, Any]:
    """Say what rows and scores were like, to see later how others have drifted.

    Args:
        train: Primary rows.
        test: The same.
        item_table: Row i is item i.
        vectors: By modality; row i is item i.
        test_predictions: Scores of test.
        preparation_state: What encodes fields.

    Returns:
        See :class:`mmctr.serving.reference.Reference`.
    """
    from mmctr.data.fields.state import FieldState
    from mmctr.serving.reference import items_with_vector, make_reference

    scores = test_predictions["probability"].to_numpy()
    state = FieldState.model_validate(preparation_state)
    return make_reference(
        train, test, item_table, scores, state, items_with_vector(vectors)
    ).model_dump()


def make_bundle(
    ctr_weights: ByName,
    item_table: pa.Table,
    items: pa.Table,
    item_id_mapping: pa.Table,
    cold_items: np.ndarray,
    vectors: dict[str, np.ndarray],
    vector_centers: dict[str, np.ndarray],
    quantizer_weights: ByName,
    quantizer_settings: ByName,
    events: pa.Table,
    test_rows: pa.Table,
    test_predictions: pa.Table,
    preparation_state: dict,
    preparation_report: dict,
    embedding_report: dict,
    row_statistics_report: dict,
    training_history: dict,
    metrics: dict,
    model_card: str,
    reference: dict,
    params: CtrParams,
    row_statistics: RowStatisticsParams,
    embedding: EmbeddingParams,
    fields: FieldsParams,
    preparation: PreparationParams,
) -> ByName:
    """Pack all that scoring needs into one folder.

    Args:
        ctr_weights: With their calibrations.
        item_table: Row i is item i, row 0 is padding.
        items: Titles.
        item_id_mapping: The source's own ids.
        cold_items: Items that train lacks, bool ``[n_items]``.
        vectors: By modality ``[n_items + 1, d]`` float32, row 0 zero.
        vector_centers: What was subtracted from them.
        quantizer_weights: By modality.
        quantizer_settings: By modality.
        events: What row statistics count.
        test_rows: Some become requests with expected scores.
        test_predictions: Their scores.
        preparation_state: What encodes fields.
        preparation_report: What the log is.
        embedding_report: What made the vectors.
        row_statistics_report: What statistics may know.
        training_history: The model's features.
        metrics: How good it is.
        model_card: For people.
        reference: What rows and scores were like in training.
        params: Features and sizes.
        row_statistics: Windows and the like.
        embedding: Providers.
        fields: Fields of time.
        preparation: How the log became rows.

    Returns:
        Relative path -> content; see :class:`mmctr.serving.bundle.Bundle`.
    """
    from mmctr.ctr.training.refit import final_weights
    from mmctr.data.fields.state import FieldState
    from mmctr.serving import making
    from mmctr.serving.bundle import Bundle
    from mmctr.serving.facts import FORMAT, BundleFacts
    from mmctr.serving.reference import Reference

    kinds = params.features.statistics
    params, embedding = making.without_paths(params, embedding)
    log = LogFacts.of(preparation_report)
    original = item_id_mapping["original_id"]
    facts = BundleFacts(
        format=FORMAT,
        dataset_kind=log.kind,
        trained_items=items.num_rows,
        ctr=params,
        row_statistics=row_statistics.model_copy(update={"kinds": kinds}),
        embedding=making.embedded_as(embedding, embedding_report),
        preparation=preparation,
        fields=fields,
        modalities=making.modalities_of(vectors, embedding_report, embedding),
        events=making.event_facts(preparation_report, row_statistics_report),
        negative_keep=log.negative_keep,
        probability=relative_probabilities(preparation_report),
        features=training_history["features"],
        metrics=making.measured(metrics),
        versions=making.versions(),
        commit=code_commit(),
        parent=training_history.get("went_on_from", {}).get("bundle"),
    )
    bundle = Bundle(
        facts=facts,
        weights=final_weights(ctr_weights),
        item_table=item_table,
        items=pa.table(
            {
                "original_id": original,
                "title": items["title"],
                "in_train": ~cold_items,
                **making.dates_of(items),
            }
        ),
        vectors=vectors,
        centers=vector_centers,
        quantizer_weights=quantizer_weights,
        quantizer_settings=quantizer_settings,
        fields=FieldState.model_validate(preparation_state),
        events=making.needed_events(events, params, fields),
        sample=making.sample_requests(
            test_rows, test_predictions["probability"], original
        ),
        reference=Reference.model_validate(reference),
        card=model_card,
    )
    return bundle.files()
