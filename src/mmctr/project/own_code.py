"""Code of one's own that parameters name, imported before any work."""

from collections.abc import Collection

from mmctr.content.providers import COVER_PROVIDER
from mmctr.ctr.models import MODEL
from mmctr.evaluation.own import load_own
from mmctr.evaluation.params import BASELINE, METRIC
from mmctr.project.params import ProjectParams


def load_own_code(params: ProjectParams, sections: Collection[str]) -> None:
    """Import what some sections name, and check its settings.

    What is the project's own is left alone: it needs its libraries only where it is
    used.

    Args:
        params: All parameters.
        sections: Such as ``embedding``: those that a run uses.

    Raises:
        ValueError: If code can't be imported, lacks what it must have, or a setting is
            wrong; it names the parameter.
    """
    if "embedding" in sections:
        embedding = params.embedding
        for modality in (None, *embedding.modalities.values()):
            provider = embedding.provider
            if modality is not None:
                provider = embedding.provider_of(modality)
            embedding.settings_of(provider, modality)
        if embedding.images.path and embedding.images.provider not in COVER_PROVIDER:
            COVER_PROVIDER.load(embedding.images.provider)
    if "quantization" in sections:
        quantization = params.quantization
        own = quantization.by_modality(quantization.modalities)
        for each in (quantization, *own.values()):
            _ = each.own
    if "ctr_modeling" in sections:
        name = params.ctr_modeling.model.name
        if name not in MODEL:
            MODEL.load(name)
        load_own(METRIC, params.ctr_modeling.evaluation.metrics)
        load_own(BASELINE, params.ctr_modeling.evaluation.baselines)
