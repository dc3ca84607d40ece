"""The files of the sample: layout, cold items, new users, ceiling, determinism."""

import numpy as np
import pyarrow as pa
import pytest

from mmctr.data.datasets import TablePieces
from mmctr.data.sample import tables
from mmctr.data.sample.params import SampleParams
from mmctr.evaluation import auc
from mmctr.pipelines.sample.nodes import generate_sample

TABLES = [
    "item_feature",
    "item_seq",
    "item_info",
    "train",
    "valid",
    "test",
    "test_labels",
]


def _params(**changes):
    tiny = {
        "n_items": 200,
        "n_topics": 6,
        "train_users": 300,
        "valid_users": 60,
        "test_users": 80,
        "text_width": 16,
        "image_width": 24,
        "title_width": 20,
    }
    return SampleParams(**{"name": "tiny", "seed": 11, **tiny, **changes})


def _generate(params):
    """The sample with its tables whole."""
    return {
        name: pa.concat_tables(value) if isinstance(value, TablePieces) else value
        for name, value in generate_sample(params).items()
    }


@pytest.fixture(scope="module")
def sample():
    return _generate(_params())


@pytest.fixture(scope="module")
def default_sample():
    """Narrow vectors save time: they change neither items nor clicks."""
    widths = {"text_width": 8, "image_width": 8, "title_width": 8}
    return _generate(SampleParams(name="sample", seed=20242025, **widths))


def _lists(table, column):
    flat = table[column].combine_chunks().flatten().to_numpy()
    return flat.reshape(table.num_rows, -1)


def _bytes(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _items_of(table):
    history = _lists(table, "item_seq")
    return set(np.union1d(history[history > 0], table["item_id"].to_numpy()).tolist())


def test_columns_and_types_are_the_challenges(sample):
    int_list, float_list = pa.list_(pa.int64()), pa.list_(pa.float32())
    levels = {"likes_level": pa.int64(), "views_level": pa.int64()}
    unlabelled = {
        "user_id": pa.int64(),
        "item_seq": int_list,
        "item_id": pa.int64(),
        **levels,
    }
    expected = {
        "item_feature": {
            "item_id": pa.int64(),
            "item_title": pa.string(),
            "item_tags": int_list,
            **levels,
            "txt_emb_BERT": float_list,
            "img_emb_CLIPRN50": float_list,
        },
        "item_seq": {"user_id": pa.int64(), "item_seq": int_list},
        "item_info": {
            "item_id": pa.int64(),
            "item_tags": int_list,
            "item_emb_d128": float_list,
        },
        "train": {**unlabelled, "label": pa.int64()},
        "valid": {**unlabelled, "label": pa.int64()},
        "test": unlabelled,
        "test_labels": {"label": pa.int64()},
    }
    for name, columns in expected.items():
        schema = sample[name].schema
        assert dict(zip(schema.names, schema.types, strict=True)) == columns, name
    assert _lists(sample["item_feature"], "txt_emb_BERT").shape == (200, 16)
    assert _lists(sample["item_feature"], "img_emb_CLIPRN50").shape == (200, 24)
    assert _lists(sample["item_info"], "item_emb_d128").shape == (201, 128)
    assert _lists(sample["train"], "item_seq").shape == (1200, 100)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_says_that_it_is_synthetic(sample, name):
    assert sample[name].schema.metadata == {b"mmctr": b"synthetic"}


def test_row_zero_of_item_info_is_padding_and_row_i_is_item_i(sample):
    info, feature = sample["item_info"], sample["item_feature"]
    np.testing.assert_array_equal(info["item_id"].to_numpy(), np.arange(201))
    np.testing.assert_array_equal(feature["item_id"].to_numpy(), np.arange(1, 201))
    tags = _lists(info, "item_tags")
    assert not tags[0].any()
    assert not _lists(info, "item_emb_d128")[0].any()
    np.testing.assert_array_equal(tags[1:], _lists(feature, "item_tags"))


def test_levels_of_a_row_are_those_of_its_item(sample):
    feature = sample["item_feature"]
    for part in ("train", "valid", "test"):
        row = sample[part]["item_id"].to_numpy() - 1
        for level in ("likes_level", "views_level"):
            expected = feature[level].to_numpy()[row]
            np.testing.assert_array_equal(sample[part][level].to_numpy(), expected)


def test_users_of_the_parts_are_disjoint_and_have_four_rows(sample):
    parts = [sample[part]["user_id"].to_numpy() for part in ("train", "valid", "test")]
    for rows, users in zip(parts, (300, 60, 80), strict=True):
        assert len(set(rows)) == users
        np.testing.assert_array_equal(rows, np.repeat(rows[::4], 4))
    assert len(set(np.concatenate(parts))) == 440


def test_item_seq_has_the_history_of_every_user(sample):
    table = sample["item_seq"]
    np.testing.assert_array_equal(table["user_id"].to_numpy(), np.arange(1, 441))
    history = _lists(table, "item_seq")
    for part in ("train", "valid", "test"):
        users = sample[part]["user_id"].to_numpy()
        expected = history[users - 1]
        np.testing.assert_array_equal(_lists(sample[part], "item_seq"), expected)


def test_cold_items_are_targets_of_both_labels_in_test_only(default_sample):
    cold = set(range(1, 4001)) - _items_of(default_sample["train"])
    test_items = default_sample["test"]["item_id"].to_numpy()
    labels = default_sample["test_labels"]["label"].to_numpy()
    is_cold = np.isin(test_items, list(cold))
    assert len(cold) >= 480
    assert is_cold.mean() > 0.01
    assert set(labels[is_cold]) == {0, 1}
    valid_items = default_sample["valid"]["item_id"].to_numpy()
    assert np.isin(valid_items, list(cold)).any()


def test_ceiling_lies_in_its_band_and_far_above_popularity(default_sample):
    for part in ("valid", "test"):
        ceiling = default_sample["ceiling"][part]
        assert set(ceiling) == {"auc", "gauc"}
        assert 0.85 <= ceiling["auc"] <= 0.95
        assert 0.85 <= ceiling["gauc"] <= 0.95
    train = default_sample["train"]
    is_click = train["label"].to_numpy() == 1
    clicks = np.bincount(train["item_id"].to_numpy()[is_click], minlength=4001)
    score = clicks[default_sample["test"]["item_id"].to_numpy()].astype(float)
    labels = default_sample["test_labels"]["label"].to_numpy()
    assert auc(labels, score) < default_sample["ceiling"]["test"]["auc"] - 0.2


def test_the_seed_alone_decides_every_byte(sample):
    again, other = _generate(_params()), _generate(_params(seed=12))
    for name in TABLES:
        assert _bytes(again[name]) == _bytes(sample[name]), name
        assert _bytes(other[name]) != _bytes(sample[name]), name
    assert again["ceiling"] == sample["ceiling"]


def test_more_test_users_change_neither_items_nor_train_clicks(sample):
    more = _generate(_params(test_users=90))
    assert more["item_feature"].equals(sample["item_feature"])
    for column in ("item_seq", "item_id", "label"):
        assert more["train"][column].equals(sample["train"][column])


def test_big_tables_come_in_pieces_that_make_up_the_whole(monkeypatch, sample):
    monkeypatch.setattr(tables, "PIECE", 70)
    pieces = generate_sample(_params())
    rows = {"item_feature": 70, "item_seq": 70, "train": 280, "valid": 240, "test": 280}
    for name, most in rows.items():
        assert isinstance(pieces[name], TablePieces), name
        sizes = [piece.num_rows for piece in pieces[name]]
        assert max(sizes) == most
        assert sum(sizes) == sample[name].num_rows
        assert _bytes(pa.concat_tables(pieces[name]).combine_chunks()) == _bytes(
            sample[name].combine_chunks()
        )


def test_title_vectors_say_what_the_text_vectors_say(sample):
    """Of one view: an item's neighbours are the same in both, of noise not all."""
    title, text = (
        sample["title_vectors"],
        _lists(sample["item_feature"], "txt_emb_BERT"),
    )
    assert title.shape == (200, 20)
    assert title.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(title, axis=1), 1, atol=1e-5)
    centred = [x - x.mean(axis=0) for x in (title, text)]
    likeness = [(x @ x.T)[np.triu_indices(200, 1)] for x in centred]
    assert np.corrcoef(*likeness)[0, 1] > 0.5
