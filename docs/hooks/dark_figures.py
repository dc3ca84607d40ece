"""Figures for dark pages, made of the light ones: same hues, lightness turned round."""

import colorsys
import re

PAGE = "#1e2129"
"""The theme's dark page; white becomes it."""

DARKEST = 0.14
"""Its lightness."""

_COLOR = re.compile(r"#([0-9a-fA-F]{6})\b")
_IMAGE = re.compile(r"!\[(?P<words>[^\]]*)\]\((?P<name>[^)\s]+)\.svg\)")


def darken(svg: str) -> str:
    """Give a drawing the colors of a dark page.

    Args:
        svg: A drawing whose colors are written ``#rrggbb``; what has none is black.

    Returns:
        The drawing with each color's lightness ``l`` as ``1 - (1 - DARKEST) * l``.
    """
    light = _turned(re.fullmatch(_COLOR, "#000000"))
    return _COLOR.sub(_turned, svg).replace("<svg ", f'<svg fill="{light}" ', 1)


def dark_name(name: str) -> str:
    """Name the dark version of ``NAME.svg``."""
    return name.removesuffix(".svg") + ".dark.svg"


def in_both_schemes(markdown: str) -> str:
    """Put the dark version of each drawing behind it; the theme shows one of them."""

    def both(image: re.Match) -> str:
        words, name = image["words"], image["name"]
        return (
            f"![{words}]({name}.svg#only-light)![{words}]({dark_name(name)}#only-dark)"
        )

    return _IMAGE.sub(both, markdown)


def _turned(color: re.Match) -> str:
    red, green, blue = (value / 255 for value in bytes.fromhex(color[1]))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    turned = colorsys.hls_to_rgb(hue, 1 - (1 - DARKEST) * lightness, saturation)
    if lightness == 1:
        return PAGE
    return "#" + bytes(round(value * 255) for value in turned).hex()
