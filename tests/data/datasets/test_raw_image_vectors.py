"""Image vectors come from the source's file, as the source itself reads them."""

import numpy as np
import pytest
from kedro.io.core import DatasetError
from raw_files import write_challenge, write_log

from mmctr.data.datasets import ChallengeFiles, RawImageVectors


def vectors_of(folder, file="items.parquet", column="image_vector") -> RawImageVectors:
    return RawImageVectors(path=str(folder), file=file, image_column=column)


def test_they_are_those_of_the_source_in_the_items_order(tmp_path):
    source = ChallengeFiles(path=str(write_challenge(tmp_path))).load()
    file = "MicroLens_1M_MMCTR/item_feature.parquet"
    ids, found = vectors_of(tmp_path, file, "img_emb_CLIPRN50").load()
    assert ids == list(range(1, len(found) + 1))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, source.image_vectors)


def test_text_ids_and_a_missing_column_will_do(tmp_path):
    write_log(tmp_path, items={"item_id": ["a", "b", "c"]})
    ids, found = vectors_of(tmp_path).load()
    assert ids == ["a", "b", "c"]
    assert found.shape == (3, 0)


def test_a_broken_vector_is_named_with_its_item(tmp_path):
    write_log(tmp_path, items={"image_vector": [[1.0], [np.nan], [2.0]]})
    with pytest.raises(DatasetError, match=r"items.parquet: .*rows \[1\] \(item_id"):
        vectors_of(tmp_path).load()


def test_a_missing_file_is_named_and_nothing_is_written(tmp_path):
    with pytest.raises(DatasetError, match=r"items\.parquet is missing"):
        vectors_of(tmp_path).load()
    with pytest.raises(DatasetError, match="only read"):
        vectors_of(tmp_path).save(np.zeros((1, 1)))
