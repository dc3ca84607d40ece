"""Case 4: a table that is not as it must be is named, and nothing is written."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from changed_tables import first, first_vector, replaced, rewrite
from fault_runs import kedro, said
from project_runs import files_below, kedro_run

CHALLENGE = "data/01_raw/test"
ITEMS = "MicroLens_1M_MMCTR/item_feature.parquet"
TRAIN = "MicroLens_1M_x1/train.parquet"


CHALLENGE_FAULTS = {
    "missing": (TRAIN, lambda t: t.drop_columns(["views_level"]), ["'views_level' is"]),
    "text": (TRAIN, replaced("item_id", lambda x: list(map(str, x))), ["is string"]),
    "fraction": (TRAIN, replaced("item_id", first(1.5)), ["rows [0, 1] hold [1.5"]),
    "negative": (TRAIN, replaced("item_id", first(-3)), ["'item_id' must be 1 or abo"]),
    "label": (
        TRAIN,
        replaced("label", first(2)),
        ["'label' must be 0 or 1; rows [0, 1"],
    ),
    "level": (ITEMS, replaced("likes_level", first(11)), ["'likes_level'", "0 to 10"]),
    "length": (TRAIN, replaced("item_seq", first([0, 1])), ["rows [0, 1] have [2, 2]"]),
    "no list": (TRAIN, replaced("item_seq", first(None)), ["is empty in rows [0, 1]"]),
    "width": (
        ITEMS,
        replaced("img_emb_CLIPRN50", first([1.0])),
        ["'img_emb_CLIPRN50' has vectors of length 24, but rows [0, 1] have [1, 1]"],
    ),
    "NaN": (
        ITEMS,
        replaced("img_emb_CLIPRN50", first_vector(float("nan"))),
        [
            "'img_emb_CLIPRN50' has NaN or infinite values in rows [0, 1] "
            "(item_id [1, 2])"
        ],
    ),
    "infinite": (
        ITEMS,
        replaced("img_emb_CLIPRN50", first_vector(float("-inf"))),
        ["NaN or infinite values in rows [0, 1] (item_id [1, 2])", "compute"],
    ),
    "twice": (
        ITEMS,
        replaced("item_id", first(7)),
        ["'item_id' has repeated values in"],
    ),
    "beyond int64": (
        ITEMS,
        replaced("item_id", lambda x: pa.array([2**63 + 1, *x[1:]], pa.uint64())),
        [
            "'item_id' must hold whole numbers that uint64 and int64 hold exactly; "
            "rows [0]"
        ],
    ),
    "no rows": (TRAIN, lambda t: t.slice(0, 0), ["no rows"]),
}


@pytest.fixture(scope="module")
def broken(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which everything has run; every fault is undone afterwards."""
    folder = tmp_path_factory.mktemp("tables") / "project"
    shutil.copytree(finished, folder)
    return folder


@pytest.mark.parametrize("fault", CHALLENGE_FAULTS)
def test_a_broken_challenge_file_is_named_and_artifacts_stay(broken, fault):
    """Some in a process of their own, the rest in this one."""
    file, change, words = CHALLENGE_FAULTS[fault]
    path = broken / CHALLENGE / file
    sound = path.read_bytes()
    rewrite(path, change)
    before = files_below(broken / "data")
    try:
        if fault in {"missing", "NaN", "label", "no rows"}:
            done = kedro(broken, "run", "--env=test", "--pipeline=preparation")
            code, text = done.returncode, said(done)
        else:
            ran = kedro_run(broken, "--env=test", "--pipeline=preparation")
            code, text = ran.exit_code, " ".join(ran.output.split())
            assert "Traceback" not in text
        assert code == 1
        for word in [path.name, *words]:
            assert word in text, text
        assert files_below(broken / "data") == before
    finally:
        path.write_bytes(sound)


def test_more_columns_and_another_order_change_nothing(broken):
    """And a column that is not read is not read: one of damaged pages does no harm."""
    outputs = broken / "data/03_primary/test"
    before = files_below(outputs)
    originals = {}
    for file in (ITEMS, TRAIN):
        path = broken / CHALLENGE / file
        originals[path] = path.read_bytes()
        table = pq.read_table(path)
        noise = pa.array([f"unread {i}" * 9 for i in range(table.num_rows)])
        wider = table.append_column("more", noise)
        names = [*reversed(table.column_names)]
        pq.write_table(
            wider.select([*names[:2], "more", *names[2:]]),
            path,
            compression="none",
            use_dictionary=False,
        )
        content = path.read_bytes()
        assert content.count(b"unread 1unread 1") >= 1
        path.write_bytes(content.replace(b"unread 1unread 1", b"\xff" * 16))
    done = kedro(broken, "run", "--env=test", "--pipeline=preparation")
    for path, content in originals.items():
        path.write_bytes(content)
    assert done.returncode == 0, done.stderr
    assert files_below(outputs) == before


def test_items_with_zero_vectors_are_named_and_kept(project, finished):
    shutil.copytree(finished / "data", project / "data")
    rewrite(
        project / CHALLENGE / ITEMS,
        replaced("img_emb_CLIPRN50", lambda x: [*x[:3], [0.0] * 24, *x[4:]]),
    )
    vectors = np.load(project / "data/04_feature/test/vectors/title.npy")[1:]
    vectors[[1, 8]] = 0
    np.save(project / "vectors.npy", vectors)
    titles = "embedding.provider=precomputed,embedding.precomputed.path=vectors.npy"
    done = kedro(
        project,
        "run",
        "--env=test",
        "--pipelines=preparation,embedding",
        f"--params={titles}",
    )
    assert done.returncode == 0, done.stderr
    assert "image vectors: 1 of 200 vectors are all zero, of items [4] (rows [3])" in (
        said(done)
    )
    assert "title vectors: 2 of 200 vectors are all zero, of items [2, 9]" in said(done)
    stored = project / "data/04_feature/test/vectors"
    assert not np.load(stored / "image.npy")[4].any()
    assert not np.load(stored / "title.npy")[9].any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x[:-1], ["has 199 rows but there are 200 items"]),
        (lambda x: x.astype(int), ["holds int64, not floats"]),
        (lambda x: x[:, 0], ["must hold one matrix"]),
        (
            lambda x: np.where(x == x[3, 0], np.nan, x),
            ["holds NaN or infinity", "rows [3] (item_id [4])"],
        ),
        (lambda x: x[:, :0], ["is 0 wide"]),
    ],
)
def test_broken_ready_vectors_are_named(broken, change, words):
    stored = np.load(broken / "data/04_feature/test/vectors/title.npy")[1:]
    np.save(broken / "vectors.npy", change(stored))
    before = files_below(broken / "data")
    titles = "embedding.provider=precomputed,embedding.precomputed.path=vectors.npy"
    ran = kedro_run(broken, "--env=test", "--pipeline=embedding", f"--params={titles}")
    text = " ".join(ran.output.split())
    assert ran.exit_code == 1
    for word in ["vectors.npy", *words]:
        assert word in text
    assert files_below(broken / "data") == before


ARTIFACT_FAULTS = {
    "05_model_input/test/train_rows.parquet": (
        "--nodes=train_model",
        replaced("label", lambda x: pa.array([3, *x[1:]], pa.int8())),
        "column 'label' must be 0 or 1; rows [0] hold 3",
    ),
    "03_primary/test/items.parquet": (
        "--nodes=build_item_table",
        lambda t: t.take(list(range(t.num_rows))[::-1]),
        "column 'item_id' must be 1, 2, 3 and so on, in order",
    ),
    "03_primary/test/item_id_mapping.parquet": (
        "--nodes=embed_items",
        lambda t: t.drop_columns(["original_id"]),
        "column 'original_id' is missing",
    ),
    "05_model_input/test/item_table.parquet": (
        "--nodes=predict_test",
        lambda t: t.slice(0, 0),
        "no rows",
    ),
}


@pytest.mark.parametrize("file", ARTIFACT_FAULTS)
def test_a_table_between_pipelines_that_breaks_its_contract_is_named(broken, file):
    nodes, change, words = ARTIFACT_FAULTS[file]
    path = broken / "data" / file
    sound = path.read_bytes()
    rewrite(path, change)
    before = files_below(broken / "data")
    try:
        changed = "--params=accept_changed=true"
        ran = kedro_run(broken, "--env=test", nodes, changed)
        text = " ".join(ran.output.split())
        assert ran.exit_code == 1
        for word in (file, words, "Delete it and make it again"):
            assert word in text, text
        assert files_below(broken / "data") == before
    finally:
        path.write_bytes(sound)
