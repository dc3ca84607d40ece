"""What the items' vectors would be made of."""

from collections.abc import Callable

from kedro.io import DatasetError

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.vectors import ModalityParams
from mmctr.data.datasets import ItemContents
from mmctr.pipelines.embedding.modalities import find_modalities
from mmctr.project.doctor.findings import Finding, Level

_NAME, _TITLE = "modalities", "title"


def describe_modalities(
    load: Callable[[], ItemContents], params: EmbeddingParams
) -> Finding:
    """Show every modality and its source.

    Args:
        load: Reads the items' ids and the types of their columns.
        params: Modalities by name, and the covers.
    """
    try:
        contents = load()
    except (OSError, ValueError, DatasetError) as error:
        return Finding(Level.WARNING, _NAME, str(error))
    found = find_modalities(contents, params)
    if not found:
        return Finding(Level.OK, _NAME, "none: items have no vectors and no codes")
    width = max(map(len, found))
    lines = [
        f"{name:<{width + 1}}{_source(name, each, contents, params)}"
        for name, each in found.items()
    ]
    missing = [
        name
        for name, each in found.items()
        if each.column and each.column not in contents.types and not each.optional
    ]
    if missing:
        remedy = f"correct embedding.modalities.{missing[0]}.column"
        return Finding(Level.ERROR, _NAME, "\n".join(lines), remedy)
    return Finding(Level.OK, _NAME, "\n".join(lines))


def _source(
    name: str, modality: ModalityParams, contents: ItemContents, params: EmbeddingParams
) -> str:
    """What a modality is made of, in words."""
    column, provider = modality.column, params.provider_of(modality)
    covers = params.images
    if provider == "precomputed" and (modality.path or column in contents.types):
        return f"vectors of the file {modality.path or params.precomputed.path}"
    if column in contents.types:
        if contents.is_vectors(column):
            return f"vectors of the column {column}"
        return f"text of the column {column}, embedded by {provider}"
    if covers.path is not None and covers.modality == name:
        return f"the covers in {covers.path}"
    texts = [x for x in contents.types if x != "item_id" and contents.is_text(x)]
    if column != _TITLE or not texts:
        return f"none: the items have no column {column}"
    return (
        f"none: the items have no column {column}; is it {' or '.join(texts)}? "
        f"--params preparation.reading.columns.{_TITLE}={texts[0]}"
    )
