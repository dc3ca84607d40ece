"""The image vectors of a raw item table, read only by the step that uses them."""

from typing import Any, NamedTuple

import numpy as np
from pandera.pandas import DataFrameSchema

from mmctr.data.columns import vector_column
from mmctr.data.datasets.raw_file import RawFile
from mmctr.data.datasets.raw_folder import RawFolder
from mmctr.data.raw_schemas import raw_column


class GivenVectors(NamedTuple):
    """Image vectors that a source gives, and the items that they belong to."""

    item_ids: list[Any]
    """The source's own ids, ``n_items`` of them, in its order."""
    vectors: np.ndarray
    """``[n_items, d]`` float32; d is 0 where the source has none."""


class RawImageVectors(RawFolder[GivenVectors]):
    """Read one column of the source's item table; never write."""

    def __init__(
        self,
        *,
        path: str,
        file: str,
        image_column: str,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Point at the column.

        Args:
            path: The source's folder.
            file: The item table below it; row i is item i + 1.
            image_column: Its column of vectors, which may be missing.
            metadata: For plugins such as kedro-viz; not used here.
        """
        super().__init__(path=path, image_column=image_column, metadata=metadata)
        self._file = file

    def load(self) -> GivenVectors:
        """Read ids and vectors; of width 0 where the column is missing.

        Raises:
            FileNotFoundError: Naming the missing file.
            ValueError: Naming file, column and rows of what is wrong.
        """
        table = self._read(self._file)
        item_ids = table["item_id"].to_pylist()
        file = str(self._path / self._file)
        vectors = vector_column(table, self._image_column, file, item_ids)
        return GivenVectors(item_ids, vectors)

    def layout(self) -> dict[str, RawFile]:
        """The file and its two columns."""
        columns = {
            "item_id": raw_column("id", None, ""),
            str(self._image_column): raw_column("vectors", None, "", required=False),
        }
        return {self._file: RawFile(DataFrameSchema(columns))}
