"""What training was like, and what other rows are compared with."""

import numpy as np
import pyarrow as pa

from mmctr.data.fields.state import FieldState
from mmctr.serving.reference import count_like, items_with_vector, make_reference

ITEMS = pa.table({"item_id": range(4)})


def rows_of(items: list[int]) -> pa.Table:
    return pa.table(
        {
            "item_id": items,
            "item_seq": pa.array([[1]] * len(items), pa.list_(pa.int32())),
        }
    )


def test_targets_without_a_vector_are_counted_by_modality():
    title = np.array([[0, 0], [1, 0], [0, 0], [0, 2]], np.float32)
    vectors = {"title": title, "image": np.zeros((4, 0), np.float32)}
    with_vector = items_with_vector(vectors)
    state, scores = FieldState(), np.array([0.1, 0.2, 0.3, 0.4])
    train = rows_of([1, 1, 2, 3])
    reference = make_reference(train, train, ITEMS, scores, state, with_vector)
    shares = reference.fields["title vector"]
    assert dict(zip(shares.bins, shares.shares, strict=True)) == {
        "missing": 0.25,
        "there": 0.75,
    }
    assert "image vector" not in reference.fields
    # 0 is an item that the bundle lacks.
    log = rows_of([0, 0, 3, 2])
    found = count_like(reference, state, log, ITEMS, scores, with_vector)
    assert found["field title vector"] == [3, 1]
