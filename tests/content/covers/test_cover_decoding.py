"""Any bytes become RGB pixels or one kind of error."""

import io
import struct
import zlib

import numpy as np
import pytest
from drawn_covers import encoded, picture
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmctr.content.covers.cover_decoding import decode_cover
from mmctr.content.covers.cover_files import BrokenCoverError

MEGAPIXEL = 10**6
RED = (200, 30, 40)


def pixels(data: bytes) -> np.ndarray:
    image = decode_cover(data, max_pixels=MEGAPIXEL)
    assert image.mode == "RGB"
    return np.asarray(image)


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_format_gives_the_same_picture(kind):
    image = Image.new("RGB", (40, 30), RED)
    seen = pixels(encoded(image, kind))
    assert seen.shape == (30, 40, 3)
    np.testing.assert_allclose(seen, np.asarray(image), atol=4)


@pytest.mark.parametrize(
    ("image", "kind", "expected"),
    [
        (Image.new("L", (8, 8), 90), "PNG", (90, 90, 90)),
        (Image.new("1", (8, 8), 1), "PNG", (255, 255, 255)),
        (Image.new("RGB", (8, 8), RED).convert("CMYK"), "JPEG", RED),
        (Image.new("RGB", (8, 8), RED).quantize(4), "PNG", RED),
        (Image.new("RGBA", (8, 8), (*RED, 255)), "PNG", RED),
        (Image.new("RGBA", (8, 8), (*RED, 0)), "PNG", (255, 255, 255)),
        (Image.new("RGBA", (8, 8), (0, 0, 0, 51)), "WEBP", (204, 204, 204)),
        (Image.new("LA", (8, 8), (10, 0)), "PNG", (255, 255, 255)),
        (Image.fromarray(np.full((8, 8), 40_000, np.uint16)), "PNG", (156, 156, 156)),
        (Image.fromarray(np.full((8, 8), 65_535, np.uint16)), "TIFF", (255,) * 3),
    ],
    ids=[
        "grey",
        "one bit",
        "CMYK",
        "palette",
        "opaque",
        "transparent is white",
        "half transparent",
        "grey and transparent",
        "16 bits",
        "16 bits, TIFF",
    ],
)
def test_every_mode_becomes_rgb(image, kind, expected):
    seen = pixels(
        encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {}))
    )
    np.testing.assert_allclose(seen, np.broadcast_to(expected, seen.shape), atol=4)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_counts(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, "blue", "green")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert getattr(Image.open(io.BytesIO(data)), "n_frames", 1) == 3
    np.testing.assert_allclose(pixels(data)[4, 4], RED, atol=6)


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (3, Image.Transpose.ROTATE_180),
        (6, Image.Transpose.ROTATE_270),
        (8, Image.Transpose.ROTATE_90),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
    ],
)
def test_a_rotated_photograph_is_put_upright(orientation, turn):
    image = picture(3, (40, 24))
    exif = Image.Exif()
    exif[0x0112] = orientation
    seen = pixels(encoded(image, "JPEG", quality=95, exif=exif))
    again = pixels(encoded(image, "JPEG", quality=95))
    np.testing.assert_array_equal(
        seen, np.asarray(Image.fromarray(again).transpose(turn))
    )


def test_damaged_exif_costs_no_picture():
    plain = encoded(picture(1), "JPEG")
    broken = encoded(picture(1), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    np.testing.assert_array_equal(pixels(broken), pixels(plain))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"no image at all", "is not one of JPEG, PNG"),
        (b"<html><body>404 Not Found</body></html>", "is not one of"),
        (b"\x89PNG\r\n\x1a\n", "."),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not one of"),
        (encoded(picture(1), "JPEG")[:-900], "truncated"),
        (encoded(picture(1), "PNG")[:-200], "truncated"),
        (encoded(picture(1), "JPEG")[:40], "."),
        (encoded(picture(1), "PNG").replace(b"IHDR", b"IHDX"), "."),
        (encoded(Image.new("F", (8, 8), 0.5), "TIFF"), "floating-point"),
        (png_that_claims(1001, 1000), "1001 x 1000 pixels.*max_megapixels = 1"),
        (png_that_claims(20_000, 20_000), "bomb"),
        (png_that_claims(2**31 - 1, 2**31 - 1), "bomb"),
        (png_that_claims(0, 10), "."),
        (png_that_claims(900, 900), "truncated"),
    ],
)
def test_what_is_no_whole_image_says_why(data, words):
    with pytest.raises(BrokenCoverError, match=words):
        decode_cover(data, max_pixels=MEGAPIXEL)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (1000, 1000)])
def test_odd_sizes_are_images(size):
    assert pixels(encoded(Image.new("RGB", size, RED))).shape == (*size[::-1], 3)


ORIGINALS = [
    encoded(picture(5, (30, 20)), kind)
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
]


@settings(deadline=None, max_examples=200)
@given(
    original=st.sampled_from(ORIGINALS),
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=20
    ),
    kept=st.floats(0, 1),
)
def test_damaged_bytes_are_an_image_or_a_broken_cover(original, changes, kept):
    """And never a crash, whatever bytes change and wherever the file is cut."""
    data = bytearray(original)
    for place, value in changes:
        data[int(place * len(data))] = value
    try:
        seen = pixels(bytes(data[: int(kept * len(data)) + 1]))
    except BrokenCoverError as error:
        assert str(error)
    else:
        assert seen.ndim == 3


@settings(deadline=None, max_examples=100)
@given(
    start=st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0", b"RIFF"]),
    rest=st.binary(max_size=300),
)
def test_random_bytes_are_no_crash(start, rest):
    try:
        pixels(start + rest)
    except BrokenCoverError as error:
        assert str(error)
