"""The files of the MicroLens_1M_MMCTR challenge, read and checked."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mmctr.data.columns import id_list_column, vector_column
from mmctr.data.datasets.raw_file import RawFile, read_padded_ids
from mmctr.data.datasets.raw_folder import RawFolder
from mmctr.data.raw_schemas import (
    CHALLENGE_ROWS,
    CHALLENGE_TEST_ROWS,
    challenge_items_schema,
)
from mmctr.data.reading.location import link_problem

ITEMS = "MicroLens_1M_MMCTR/item_feature.parquet"
SPLITS = "MicroLens_1M_x1"
LABELS = "withheld/test_labels.parquet"
CEILING = "withheld/ceiling.json"


@dataclass(frozen=True)
class ChallengeSource:
    """Items and parts, with the source's own ids.

    Attributes:
        items: One row per item, in file order: ``item_id`` (int64), ``title`` (string,
            empty where there is none), ``tags`` (lists of int64 without padding),
            ``likes_level`` and ``views_level`` (int64, 0..10).
        image_vectors: ``[n_items, width]`` float32; width 0 where there are none.
        train: One row per impression, in file order: ``user_id`` (int64 or string),
            ``item_id`` (int64, the target), ``item_seq`` (lists of int64 without
            padding, oldest first), ``likes_level``, ``views_level`` and ``label``
            (int64).
        valid: The same.
        test: The same; levels may be invalid, and ``label`` may be missing.
        oracle_auc: The best possible AUC by part, where the data's law is known.
    """

    items: pa.Table
    image_vectors: np.ndarray
    train: pa.Table
    valid: pa.Table
    test: pa.Table
    oracle_auc: dict[str, float] | None


class ChallengeFiles(RawFolder[ChallengeSource]):
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
        """Point at the folder that holds the two; see :class:`RawFolder`."""
        super().__init__(path=path, image_column=image_column, metadata=metadata)

    def load(self) -> ChallengeSource:
        """Read and check every file.

        Raises:
            FileNotFoundError: Naming the missing file.
            ValueError: Naming file, column and rows of what is wrong.
        """
        train, valid, test = (
            self._read_rows(f"{SPLITS}/{part}.parquet")
            for part in ("train", "valid", "test")
        )
        _require_one_type(self._path / SPLITS, train, valid, test)
        items, images = self._read_items()
        return ChallengeSource(
            items=items,
            image_vectors=images,
            train=train,
            valid=valid,
            test=self._with_withheld_labels(test),
            oracle_auc=_read_ceiling(self._path / CEILING),
        )

    def layout(self) -> dict[str, RawFile]:
        """Every file that is read, by its name below the folder."""
        return {
            ITEMS: RawFile(challenge_items_schema(self._image_column)),
            f"{SPLITS}/train.parquet": RawFile(CHALLENGE_ROWS),
            f"{SPLITS}/valid.parquet": RawFile(CHALLENGE_ROWS),
            f"{SPLITS}/test.parquet": RawFile(CHALLENGE_TEST_ROWS),
            LABELS: RawFile(CHALLENGE_ROWS.select_columns(["label"]), needed=False),
            CEILING: RawFile(needed=False),
        }

    def _read_items(self) -> tuple[pa.Table, np.ndarray]:
        table, file = self._read(ITEMS), str(self._path / ITEMS)
        item_ids = table["item_id"].to_pylist()
        images = vector_column(table, self._image_column, file, item_ids)
        tags = id_list_column(table, "item_tags", file, padded_in_front=False)
        columns = {"item_id": table["item_id"], "title": table["item_title"]}
        levels = {name: table[name] for name in ("likes_level", "views_level")}
        return pa.table({**columns, "tags": tags, **levels}), images

    def _read_rows(self, name: str) -> pa.Table:
        table = self._read(name, unread="item_seq")
        history = read_padded_ids(self._path / name, "item_seq")
        return table.append_column("item_seq", history)

    def _with_withheld_labels(self, rows: pa.Table) -> pa.Table:
        path = self._path / LABELS
        if "label" in rows.column_names or not path.is_file():
            return rows
        labels = self._read(LABELS)["label"]
        if len(labels) != rows.num_rows:
            raise ValueError(
                f"{path}: {len(labels)} labels, but test.parquet has "
                f"{rows.num_rows} rows; write the sample again"
            )
        return rows.append_column("label", labels)


def _require_one_type(folder: Path, *parts: pa.Table) -> None:
    types = [str(part["user_id"].type) for part in parts]
    if len(set(types)) > 1:
        raise ValueError(
            f"{folder}: column 'user_id' is {', '.join(types)} in train, valid and "
            "test; write all as numbers or all as text"
        )


def _read_ceiling(path: Path) -> dict[str, float] | None:
    if not path.is_file():
        return None
    if link := link_problem(path):
        raise ValueError(link)
    try:
        content = json.loads(path.read_text())
        return {part: float(values["auc"]) for part, values in content.items()}
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: expected an 'auc' for each part ({error!r}); write the sample "
            "again or delete the file"
        ) from error
