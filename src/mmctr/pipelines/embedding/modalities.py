"""What each modality of a data set is made of."""

import logging
import re
from collections.abc import Mapping

import pyarrow as pa

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.content.providers import TEXT_PROVIDER
from mmctr.content.vectors import ModalityParams
from mmctr.data.datasets import ItemContents
from mmctr.runtime.suggestions import suggest

logger = logging.getLogger(__name__)

_ENDING = "_vector"


def find_modalities(
    contents: ItemContents, params: EmbeddingParams
) -> dict[str, ModalityParams]:
    """List the modalities that parameters name, and those that the items have.

    Args:
        contents: The source's columns. One whose name ends in ``_vector`` and whose
            rows are lists of numbers is a modality without being named.
        params: Modalities by name, and the covers.

    Returns:
        By name, those of the parameters first.
    """
    named = {name: each for name, each in params.modalities.items() if each}
    cover = params.images.modality
    if params.images.path is not None and cover not in named:
        named[cover] = ModalityParams(column=f"{cover}{_ENDING}", optional=True)
    for column in _other_vectors(contents, named):
        name = column.removesuffix(_ENDING)
        if name in {column, ""} or not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name):
            continue
        if name not in params.modalities and name not in named:
            named[name] = ModalityParams(column=column)
    return named


def log_modalities(
    contents: ItemContents,
    params: EmbeddingParams,
    modalities: Mapping[str, ModalityParams],
) -> None:
    """Say which columns of vectors are modalities without being named, or are none.

    Args:
        contents: The source's columns.
        params: Modalities by name.
        modalities: From :func:`find_modalities`.
    """
    for name, each in modalities.items():
        if name not in params.modalities and each.column in contents.types:
            logger.info(
                "modality %s: vectors of the items' column %s", name, each.column
            )
    for column in _other_vectors(contents, modalities):
        if pa.types.is_floating(contents.types[column].value_type):
            logger.info(
                "the items' column %s has vectors that no modality is made of; "
                "--params embedding.modalities.NAME.column=%s takes them",
                column,
                column,
            )


def _other_vectors(
    contents: ItemContents, modalities: Mapping[str, ModalityParams]
) -> list[str]:
    used = {each.column for each in modalities.values()}
    return [x for x in contents.types if contents.is_vectors(x) and x not in used]


def text_of(
    name: str,
    modality: ModalityParams,
    items: pa.Table,
    contents: ItemContents,
    params: EmbeddingParams,
) -> list[str | None] | None:
    """Give the text of every item, if the modality is made of text.

    Args:
        name: Of the modality.
        modality: Its column or file.
        items: Prepared items; a column of text that they have comes from there.
        contents: The source's columns.
        params: Says what embeds the text.

    Returns:
        ``n_items`` texts; None where there is no text to embed: the column has vectors,
        is missing and may be, or no item has a text.

    Raises:
        ValueError: If the column is missing and must not be, or has another type.
    """
    by_row = TEXT_PROVIDER.load(params.provider_of(modality)).depends_on
    column = modality.column
    if column is None:
        return [None] * items.num_rows
    if column in items.column_names and pa.types.is_string(items[column].type):
        texts: list[str | None] = items[column].to_pylist()
    elif column not in contents.types:
        if not modality.optional:
            raise ValueError(_missing(name, column, contents))
        logger.info("modality %s: the items have no column %s", name, column)
        return None
    elif contents.is_vectors(column):
        return None
    elif contents.is_text(column):
        texts = list(contents.texts(column))
    else:
        raise ValueError(
            f"embedding.modalities.{name}.column: the items' column {column} is "
            f"{contents.types[column]}; expected text, or vectors as lists of numbers"
        )
    if by_row != "row" and not any(text and text.strip() for text in texts):
        logger.warning(
            "modality %s: no item has a text in column %s, so there are no %s vectors",
            name,
            column,
            name,
        )
        return None
    return texts


def _missing(name: str, column: str, contents: ItemContents) -> str:
    return (
        f"embedding.modalities.{name}.column: the items have no column {column} "
        f"({suggest(column, contents.types)}); they have "
        f"{', '.join(contents.types)}. Name one of them, or leave the "
        f"modality out: --params embedding.modalities.{name}=null"
    )
