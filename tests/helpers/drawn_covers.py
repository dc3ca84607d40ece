"""Pictures to test with, drawn from a seed, and every way of packing them."""

import io
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
from PIL import Image, ImageDraw


def picture(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Shapes of random kind, place and colour on a coloured ground."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(rng.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = (int(rng.integers(-length // 4, length)) for length in size)
        width, height = (int(rng.integers(length // 6, length)) for length in size)
        shape = [draw.ellipse, draw.rectangle][int(rng.integers(2))]
        shape(
            (x, y, x + width, y + height), fill=tuple(rng.integers(0, 256, 3).tolist())
        )
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The image as the content of a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files by their path inside the folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_zip(path: Path, files: Mapping[str, bytes], *, deflate: bool = True) -> Path:
    """Write the same files as a zip."""
    with ZipFile(path, "w", ZIP_DEFLATED if deflate else ZIP_STORED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return path
