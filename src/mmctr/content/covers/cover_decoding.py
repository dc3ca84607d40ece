"""Bytes of a cover to pixels; the bytes may be anything."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmctr.content.covers.cover_files import BrokenCoverError

# No other decoders: they start programs (EPS) or are rarely needed.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


def decode_cover(data: bytes, *, max_pixels: int) -> Image.Image:
    """Decode an image.

    The content determines the format, not the file's name. The first frame of an
    animation is used; EXIF rotation is applied; transparent parts become white; 16 bits
    per channel become 8; colour profiles are ignored.

    Args:
        data: Content of the file.
        max_pixels: Largest width times height that is decoded.

    Returns:
        The image as RGB with 8 bits per channel.

    Raises:
        BrokenCoverError: If it is not a complete image of a known format, or too large.
    """
    if not data:
        raise BrokenCoverError("is empty")
    try:
        with warnings.catch_warnings():
            # Pillow warns of oddities that it can handle.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                width, height = image.size
                if width * height > max_pixels:
                    raise BrokenCoverError(
                        f"has {width} x {height} pixels, over "
                        f"embedding.images.max_megapixels = {max_pixels / 1e6:g}"
                    )
                image.load()
                return _to_rgb(_upright(image))
    except BrokenCoverError:
        raise
    except UnidentifiedImageError as error:
        raise BrokenCoverError(f"is not one of {', '.join(_FORMATS)}") from error
    except Exception as error:  # decoders raise anything at hostile bytes
        raise BrokenCoverError(f"can't be decoded ({error})") from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF does not affect the pixels
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise BrokenCoverError("holds floating-point pixels of unknown range")
    if image.mode.startswith("I"):
        # convert() would cut 16 bits at 255 in place of scaling them.
        levels = np.clip(np.asarray(image), 0, 2**16 - 1)
        image = Image.fromarray((levels >> 8).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        image = Image.alpha_composite(white, layer)
    return image.convert("RGB")
