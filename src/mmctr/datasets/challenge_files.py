"""The files of the MicroLens_1M_MMCTR challenge, read and checked."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from kedro.io import AbstractDataset

from mmctr.datasets.reading import read_parquet
from mmctr.schemas import (
    CHALLENGE_ITEMS,
    CHALLENGE_ROWS,
    check_frame,
    id_list_column,
    integer_column,
    vector_column,
)

FEATURES = "MicroLens_1M_MMCTR"
SPLITS = "MicroLens_1M_x1"
WITHHELD = "withheld"


@dataclass(frozen=True)
class ChallengeItems:
    """The challenge's items, in file order.

    Attributes:
        item_ids: ``[n_items]`` int64.
        titles: ``n_items`` strings, empty where there is none.
        tags: Flat int64 tag ids without padding, and ``[n_items + 1]`` offsets.
        likes_levels: ``[n_items]`` int64, 0..10.
        views_levels: ``[n_items]`` int64, 0..10.
        image_vectors: ``[n_items, width]`` float32; width 0 where there are none.
    """

    item_ids: np.ndarray
    titles: pa.Array
    tags: tuple[np.ndarray, np.ndarray]
    likes_levels: np.ndarray
    views_levels: np.ndarray
    image_vectors: np.ndarray


@dataclass(frozen=True)
class ChallengeRows:
    """One of the challenge's parts, in file order.

    Attributes:
        user_ids: ``rows`` values of any Arrow type.
        item_ids: ``[rows]`` int64, the targets.
        history: Flat int64 item ids without padding, oldest first, and ``[rows + 1]``
            offsets.
        likes_levels: ``[rows]`` int64, as the row gives them.
        views_levels: ``[rows]`` int64, as the row gives them.
        labels: ``[rows]`` int64, or None where the part is unlabelled.
    """

    user_ids: pa.Array
    item_ids: np.ndarray
    history: tuple[np.ndarray, np.ndarray]
    likes_levels: np.ndarray
    views_levels: np.ndarray
    labels: np.ndarray | None


@dataclass(frozen=True)
class ChallengeSource:
    """Items and parts; ``oracle_auc`` by part where the data's own law is known."""

    items: ChallengeItems
    train: ChallengeRows
    valid: ChallengeRows
    test: ChallengeRows
    oracle_auc: dict[str, float] | None


class ChallengeFiles(AbstractDataset[NoReturn, ChallengeSource]):
    """Read the challenge's two folders; never writes.

    ``MicroLens_1M_MMCTR/item_feature.parquet`` and
    ``MicroLens_1M_x1/{train,valid,test}.parquet`` are needed. A folder ``withheld``
    beside them, as the synthetic sample has it, may hold the test labels and the best
    possible AUC.
    """

    def __init__(
        self,
        *,
        path: str,
        image_column: str | None = "img_emb_CLIPRN50",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Point at the folder.

        Args:
            path: Folder that holds the two folders of the challenge.
            image_column: Column of ``item_feature`` with image vectors; None for none.
            metadata: For plugins such as kedro-viz; not used here.
        """
        self._path = Path(path)
        self._image_column = image_column
        self.metadata = metadata

    def load(self) -> ChallengeSource:
        """Read and check every file.

        Raises:
            FileNotFoundError: Naming the missing file.
            ValueError: Naming file, column and rows of what is wrong.
        """
        splits = self._path / SPLITS
        test = _read_rows(splits / "test.parquet")
        return ChallengeSource(
            items=self._read_items(self._path / FEATURES / "item_feature.parquet"),
            train=_require_labels(_read_rows(splits / "train.parquet"), "train"),
            valid=_require_labels(_read_rows(splits / "valid.parquet"), "valid"),
            test=_with_withheld_labels(test, self._path / WITHHELD),
            oracle_auc=_read_ceiling(self._path / WITHHELD / "ceiling.json"),
        )

    def _read_items(self, path: Path) -> ChallengeItems:
        image = [self._image_column] if self._image_column else []
        table = read_parquet(
            path,
            ["item_id", "item_title", "item_tags", "likes_level", "views_level"],
            image,
        )
        file = str(path)
        titles = pc.fill_null(table["item_title"].cast(pa.string()), "")
        frame = pd.DataFrame(
            {
                "item_id": integer_column(table, "item_id", file),
                "item_title": titles.to_pandas(),
                "likes_level": integer_column(table, "likes_level", file),
                "views_level": integer_column(table, "views_level", file),
            }
        )
        check_frame(frame, CHALLENGE_ITEMS, file)
        has_images = self._image_column in table.column_names
        return ChallengeItems(
            item_ids=frame["item_id"].to_numpy(),
            titles=titles.combine_chunks(),
            tags=id_list_column(table, "item_tags", file),
            likes_levels=frame["likes_level"].to_numpy(),
            views_levels=frame["views_level"].to_numpy(),
            image_vectors=(
                vector_column(table, str(self._image_column), file)
                if has_images
                else np.zeros((table.num_rows, 0), np.float32)
            ),
        )

    def save(self, data: NoReturn) -> None:
        """Raw files are only read."""
        raise NotImplementedError(f"{self._path}: raw files are only read")

    def _exists(self) -> bool:
        return (self._path / SPLITS / "train.parquet").is_file()

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "image_column": self._image_column}


def _read_rows(path: Path) -> ChallengeRows:
    columns = ["user_id", "item_seq", "item_id", "likes_level", "views_level"]
    table = read_parquet(path, columns, ["label"])
    file = str(path)
    scalars = [
        name for name in table.column_names if name not in {"user_id", "item_seq"}
    ]
    frame = pd.DataFrame({name: integer_column(table, name, file) for name in scalars})
    frame["user_id"] = table["user_id"].to_pandas()
    check_frame(frame, CHALLENGE_ROWS, file)
    return ChallengeRows(
        user_ids=table["user_id"].combine_chunks(),
        item_ids=frame["item_id"].to_numpy(),
        history=id_list_column(table, "item_seq", file),
        likes_levels=frame["likes_level"].to_numpy(),
        views_levels=frame["views_level"].to_numpy(),
        labels=frame["label"].to_numpy() if "label" in frame else None,
    )


def _require_labels(rows: ChallengeRows, part: str) -> ChallengeRows:
    if rows.labels is None:
        raise ValueError(f"{part}.parquet: column 'label' is missing")
    return rows


def _with_withheld_labels(rows: ChallengeRows, folder: Path) -> ChallengeRows:
    path = folder / "test_labels.parquet"
    if rows.labels is not None or not path.is_file():
        return rows
    labels = integer_column(read_parquet(path, ["label"], []), "label", str(path))
    if len(labels) != len(rows.item_ids):
        raise ValueError(
            f"{path}: {len(labels)} labels, but test.parquet has {len(rows.item_ids)} "
            "rows; write the sample again"
        )
    check_frame(
        pd.DataFrame({"label": labels}),
        CHALLENGE_ROWS.select_columns(["label"]),
        str(path),
    )
    return ChallengeRows(**{**vars(rows), "labels": labels})


def _read_ceiling(path: Path) -> dict[str, float] | None:
    if not path.is_file():
        return None
    content = json.loads(path.read_text())
    return {part: float(values["auc"]) for part, values in content.items()}
