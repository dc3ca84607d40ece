"""Settings and tables of the nodes' tests."""

import numpy as np
import pyarrow as pa
import pytest
from ctr_node_rows import N_ITEMS

from mmctr.ctr.params import CtrParams


@pytest.fixture(scope="module")
def params():
    return CtrParams.model_validate(
        {
            "features": {},
            "model": {"embedding_dim": 4, "attention_units": [4], "dnn_units": [8]},
            "training": {"batch_size": 64, "max_epochs": 2, "learning_rate": 0.01},
            "evaluation": {"resamples": 30, "seed": 1},
            "seed": 1,
            "device": "cpu",
        }
    )


@pytest.fixture(scope="module")
def item_table():
    rng = np.random.default_rng(0)
    codes = rng.integers(1, 6, (N_ITEMS + 1, 3))
    codes[0] = 0
    levels = pa.array(np.append(0, rng.integers(4, 15, N_ITEMS)), pa.int32())
    facts = {"kind": "level", "size": "15", "width": "1", "known_only": "True"}
    likes = pa.field("field_likes", pa.int32(), metadata=facts)
    return pa.table(
        {
            "item_id": pa.array(np.arange(N_ITEMS + 1), pa.int32()),
            "title_codes": pa.array(codes.tolist(), pa.list_(pa.int32())),
            "image_codes": pa.array([[]] * (N_ITEMS + 1), pa.list_(pa.int32())),
        }
    ).append_column(likes, levels)


@pytest.fixture(scope="module")
def mapping():
    return pa.table(
        {
            "item_id": np.arange(1, N_ITEMS + 1),
            "original_id": [f"item-{number}" for number in range(N_ITEMS)],
        }
    )
