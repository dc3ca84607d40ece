"""Items are listed with those that share their codes."""

import numpy as np
import pyarrow as pa

from mmctr.content.quantizers.params import QuantizationParams
from mmctr.content.quantizers.shared_codes import list_shared_codes

PARAMS = QuantizationParams(seed=1)


def test_items_are_listed_with_those_that_share_their_codes():
    titles = [f"title {number}" for number in range(1, 31)]
    titles[4], titles[5] = "", None
    items = pa.table({"item_id": range(1, 31), "title": titles})
    codes = np.arange(1, 91).reshape(30, 3).astype(np.int32)
    codes[20] = codes[10]
    codes[12, :2] = codes[10, :2]
    none = np.empty((30, 0), dtype=np.int32)
    table = list_shared_codes(items, {"title": codes, "image": none}, PARAMS)
    assert set(table["modality"]) == {"title"}
    assert set(table["item_id"]) >= {11, 21}
    rows = table[table["item_id"] == 11]
    assert rows["other_title"].tolist() == ["title 21", "title 13"]
    assert rows["shared_codes"].tolist() == [3, 2]
    assert set(rows["codes"]) == {3}
    again = list_shared_codes(items, {"title": codes, "image": none}, PARAMS)
    assert table.equals(again)
    empty = list_shared_codes(items, {"title": none, "image": none}, PARAMS)
    assert len(empty) == 0
    assert list(empty.columns) == list(table.columns)
