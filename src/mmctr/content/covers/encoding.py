"""The files of a batch of covers to vectors, in this process or on a worker."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mmctr.content.covers.cover_decoding import decode_cover
from mmctr.content.covers.cover_files import BrokenCoverError, shown_name
from mmctr.content.covers.image_params import ImageParams
from mmctr.content.covers.image_protocol import ImageEmbedder
from mmctr.content.covers.image_report import BrokenCover
from mmctr.content.providers import COVER_PROVIDER
from mmctr.content.same_model import check_same_model


class CoverFile(NamedTuple):
    """Name, key in the cache and content of a cover that was read."""

    name: str
    key: bytes
    data: bytes


class EncodedCovers(NamedTuple):
    """What becomes of a batch.

    Attributes:
        keys: Of usable covers, by the row of the item.
        vectors: ``[rows, d]`` float32, in the order of ``keys``.
        broken: Covers that can't be used.
        from_cache: Whether the vectors were there already.
    """

    keys: dict[int, bytes]
    vectors: np.ndarray
    broken: list[BrokenCover]
    from_cache: bool = False

    @property
    def rows(self) -> list[int]:
        """Of the items."""
        return [*self.keys]


@dataclass
class ReadCovers:
    """A batch that was read.

    Attributes:
        files: By the row of the item; none where all vectors are known.
        broken: Covers that can't be read.
        known: What the cache has of the whole batch.
    """

    files: dict[int, CoverFile] = field(default_factory=dict)
    broken: list[BrokenCover] = field(default_factory=list)
    known: EncodedCovers | None = None

    def add_broken(self, name: str, error: BrokenCoverError) -> None:
        """Note a cover that can't be used."""
        reason = shown_name(str(error))
        self.broken.append(BrokenCover(file=shown_name(name), reason=reason))


@dataclass(frozen=True)
class CoverEncoder:
    """Decodes and embeds the files of a batch.

    Attributes:
        embedder: Makes the vectors.
        params: The limits.
    """

    embedder: ImageEmbedder
    params: ImageParams

    def __call__(self, batch: ReadCovers) -> EncodedCovers:
        """Embed what can be decoded."""
        if batch.known is not None:
            return batch.known
        max_pixels = int(self.params.max_megapixels * 1e6)
        prepared: dict[int, Any] = {}
        for row, file in batch.files.items():
            try:
                image = decode_cover(file.data, max_pixels=max_pixels)
                prepared[row] = self.embedder.prepare(image)
            except BrokenCoverError as error:
                batch.add_broken(file.name, error)
        keys = {row: batch.files[row].key for row in prepared}
        if prepared:
            vectors = self.embedder.embed([*prepared.values()])
        else:
            vectors = np.empty((0, self.embedder.width), np.float32)
        return EncodedCovers(keys, vectors, batch.broken)


@dataclass(frozen=True)
class WorkersCoverEncoder:
    """A :class:`CoverEncoder` whose model a worker loads, once.

    Attributes:
        params: Provider and limits.
        device: As the run has it.
        version: Of the run's own embedder.
    """

    params: ImageParams
    device: str
    version: str

    def __call__(self, batch: ReadCovers) -> EncodedCovers:
        """Embed what can be decoded."""
        return self._encoder(batch)

    @cached_property
    def _encoder(self) -> CoverEncoder:
        kind = COVER_PROVIDER.load(self.params.provider)
        embedder = kind(self.params, device=self.device)
        check_same_model(embedder.version(), self.version)
        return CoverEncoder(embedder, self.params)
