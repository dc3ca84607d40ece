"""Wiring of the quantization pipeline that belongs to no other room."""

from typing import Any


def report_codebooks(
    title_codebook: dict[str, Any], image_codebook: dict[str, Any]
) -> dict[str, Any]:
    """Put the health of both codebooks side by side.

    Args:
        title_codebook: The titles' health from :func:`quantize_items`.
        image_codebook: The images'.

    Returns:
        ``{"title": health, "image": health}``, None for an absent modality.
    """
    return {"title": _health(title_codebook), "image": _health(image_codebook)}


def _health(codebook: dict[str, Any]) -> dict[str, Any] | None:
    if not codebook["present"]:
        return None
    return {key: value for key, value in codebook.items() if key != "present"}
