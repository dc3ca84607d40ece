"""The files of the MicroLens_1M_MMCTR challenge, read and checked."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview
from pandera.pandas import DataFrameSchema

from mmctr.data.datasets.columns import (
    id_column,
    id_list_column,
    integer_column,
    text_column,
    vector_column,
)
from mmctr.data.datasets.layout import RawColumn, RawFile, preview_files
from mmctr.data.datasets.reading import read_padded_ids, read_parquet, refuse_link
from mmctr.data.raw_schemas import (
    CHALLENGE_ITEMS,
    CHALLENGE_ROWS,
    CHALLENGE_TEST_ROWS,
    check_frame,
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
        user_ids: ``rows`` values, int64 or string.
        item_ids: ``[rows]`` int64, the targets.
        history: Flat int64 item ids without padding, oldest first, and ``[rows + 1]``
            offsets.
        likes_levels: ``[rows]`` int64, as the row gives them; of test, perhaps none of
            0 to 10.
        views_levels: The same.
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
        items = self._read_items(self._path / FEATURES / "item_feature.parquet")
        train, valid = (
            _read_rows(splits / f"{part}.parquet", CHALLENGE_ROWS)
            for part in ("train", "valid")
        )
        test = _read_rows(splits / "test.parquet", CHALLENGE_TEST_ROWS)
        _require_one_type(splits, train, valid, test)
        return ChallengeSource(
            items=items,
            train=_require_labels(train, "train"),
            valid=_require_labels(valid, "valid"),
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
        titles = text_column(table, "item_title", file)
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
            titles=titles,
            tags=id_list_column(table, "item_tags", file, padded_in_front=False),
            likes_levels=frame["likes_level"].to_numpy(),
            views_levels=frame["views_level"].to_numpy(),
            image_vectors=(
                vector_column(
                    table, str(self._image_column), file, frame["item_id"].tolist()
                )
                if has_images
                else np.zeros((table.num_rows, 0), np.float32)
            ),
        )

    def layout(self) -> dict[str, RawFile]:
        """Every file that is read, by its name below the folder."""
        items = {
            "item_id": RawColumn("number"),
            "item_title": RawColumn("text"),
            "item_tags": RawColumn("list"),
            "likes_level": RawColumn("number"),
            "views_level": RawColumn("number"),
        }
        if self._image_column:
            items[self._image_column] = RawColumn("list", needed=False)
        rows = {
            "user_id": RawColumn("id"),
            "item_id": RawColumn("number"),
            "item_seq": RawColumn("list"),
            "likes_level": RawColumn("number"),
            "views_level": RawColumn("number"),
        }
        files = {f"{FEATURES}/item_feature.parquet": RawFile(items)}
        for part in ("train", "valid", "test"):
            label = RawColumn("number", needed=part != "test")
            files[f"{SPLITS}/{part}.parquet"] = RawFile({**rows, "label": label})
        labels = {"label": RawColumn("number")}
        files[f"{WITHHELD}/test_labels.parquet"] = RawFile(labels, needed=False)
        files[f"{WITHHELD}/ceiling.json"] = RawFile(needed=False)
        return files

    def files(self) -> dict[str, Path]:
        """Where they lie; those that need not be there too."""
        return {name: self._path / name for name in self.layout()}

    def save(self, data: NoReturn) -> None:
        """Raw files are only read."""
        raise DatasetError(f"{self._path}: raw files are only read")

    def _exists(self) -> bool:
        return (self._path / SPLITS / "train.parquet").is_file()

    def preview(self) -> TablePreview:
        """What files there are, for kedro-viz."""
        return preview_files(self.files())

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "image_column": self._image_column}


def _read_rows(path: Path, schema: DataFrameSchema) -> ChallengeRows:
    columns = ["user_id", "item_id", "likes_level", "views_level"]
    table = read_parquet(path, columns, ["label"], beside=["item_seq"])
    file = str(path)
    scalars = [name for name in table.column_names if name != "user_id"]
    frame = pd.DataFrame({name: integer_column(table, name, file) for name in scalars})
    user_ids = id_column(table, "user_id", file)
    frame["user_id"] = user_ids.to_pandas()
    check_frame(frame, schema, file)
    return ChallengeRows(
        user_ids=user_ids,
        item_ids=frame["item_id"].to_numpy(),
        history=read_padded_ids(path, "item_seq"),
        likes_levels=frame["likes_level"].to_numpy(),
        views_levels=frame["views_level"].to_numpy(),
        labels=frame["label"].to_numpy() if "label" in frame else None,
    )


def _require_one_type(folder: Path, *parts: ChallengeRows) -> None:
    types = [str(part.user_ids.type) for part in parts]
    if len(set(types)) > 1:
        raise ValueError(
            f"{folder}: column 'user_id' is {', '.join(types)} in train, valid and "
            "test; write all as numbers or all as text"
        )


def _require_labels(rows: ChallengeRows, part: str) -> ChallengeRows:
    if rows.labels is None:
        raise ValueError(
            f"{SPLITS}/{part}.parquet: column 'label' is missing; only test may be "
            "unlabelled"
        )
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
    refuse_link(path)
    try:
        content = json.loads(path.read_text())
        return {part: float(values["auc"]) for part, values in content.items()}
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: an 'auc' for each part is wanted ({error!r}); write the sample "
            "again or delete the file"
        ) from error
