"""Where a log may lie: folders here, links, and a store."""

import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest
import s3fs
from log_forms import LOG, SAME
from moto.server import ThreadedMotoServer

from mmctr.data.datasets import InteractionLog, LogItemContents
from mmctr.data.reading.log import read_log
from mmctr.data.reading.params import ReadingParams

FOLLOW = {"follow_links": True}


def read(path: Path | str, **params: object):
    return read_log(str(path), None, ReadingParams(**params))


@pytest.fixture
def store(monkeypatch) -> Iterator[s3fs.S3FileSystem]:
    """An S3 server on this machine, with an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    filesystem = s3fs.S3FileSystem()
    filesystem.mkdir("bucket")
    yield filesystem
    filesystem.rm("bucket", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.mark.parametrize("form", ["base", "csv.gz", "folder", "hive partitions"])
def test_a_store_is_read_as_a_folder_is(tmp_path, store, form):
    store.put(str(SAME[form].written(tmp_path)), "bucket/log", recursive=True)
    found, expected = read("s3://bucket/log"), read(tmp_path)
    assert found.log.equals(expected.log)
    assert found.items.equals(expected.items)
    assert found.notes == expected.notes


def test_versions_of_a_store_are_told_without_reading(tmp_path, store):
    store.put(str(SAME["folder"].written(tmp_path)), "bucket/log", recursive=True)
    dataset = InteractionLog(path="s3://bucket/log")
    before = dataset.remote_hashes()
    assert dataset.files() == {}
    assert dataset.problems() == []
    assert len(before) == 4
    assert dataset.size() == sum(store.size(x) for x in store.find("bucket/log")) > 0
    part = "interactions/part-00001.snappy.parquet"
    pq.write_table(pq.read_table(tmp_path / part).slice(1), tmp_path / part)
    store.put(str(tmp_path / part), f"bucket/log/{part}")
    after = dataset.remote_hashes()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {f"s3://bucket/log/{part}"}


def test_what_a_store_lacks_is_named(tmp_path, store, monkeypatch):
    with pytest.raises(FileNotFoundError, match="missing in s3://bucket/none"):
        read("s3://bucket/none")
    store.put(str(SAME["base"].written(tmp_path)), "bucket/log", recursive=True)
    store.rm("bucket/log/items.parquet")
    with pytest.raises(FileNotFoundError, match="items.parquet is missing in s3://"):
        read("s3://bucket/log")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(ValueError, match=r"raw_dir=s3://bucket/log can't be listed"):
        read("s3://bucket/log")
    assert (
        InteractionLog(path="s3://bucket/log").problems()[0].startswith("raw_dir=s3:")
    )


def test_a_kind_of_address_without_a_library_is_named():
    with pytest.raises(ValueError, match="raw_dir=nowhere://x: "):
        read("nowhere://x")


def test_a_file_address_is_a_path(tmp_path):
    folder = SAME["base"].written(tmp_path)
    assert read(f"file://{folder}").log.equals(read(folder).log)


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    file = SAME["base"].written(tmp_path) / "items.parquet"
    with pytest.raises(ValueError, match=r"items.parquet is a file; name the folder"):
        read(file)


def test_a_table_in_two_forms_is_named(tmp_path):
    SAME["base"].written(tmp_path)
    (tmp_path / "items.csv").write_text("item_id,title\n1,a\n")
    with pytest.raises(ValueError, match="items.parquet and items.csv"):
        read(tmp_path)


def test_a_folder_of_several_kinds_is_named(tmp_path):
    SAME["folder"].written(tmp_path)
    (tmp_path / "interactions/more.csv").write_text("user_id\n1\n")
    with pytest.raises(ValueError, match=r"interactions is a folder.*\.csv, \.parquet"):
        read(tmp_path)


def test_parts_that_do_not_fit_each_other_are_named(tmp_path):
    SAME["folder"].written(tmp_path)
    part = tmp_path / "interactions/part-00001.snappy.parquet"
    table = pq.read_table(part)
    texts = table["user_id"].cast("string")
    pq.write_table(table.set_column(0, "user_id", texts), part)
    with pytest.raises(ValueError, match="part-00001.*does not fit .*part-00000"):
        read(tmp_path)


def test_a_damaged_part_is_named(tmp_path):
    SAME["folder"].written(tmp_path)
    part = tmp_path / "interactions/part-00001.snappy.parquet"
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(ValueError, match="part-00001.*not a whole parquet file"):
        read(tmp_path)


@pytest.mark.parametrize("form", ["base", "folder"])
def test_links_are_followed_only_on_request(tmp_path, form):
    (tmp_path / "cache").mkdir()
    (tmp_path / "log").mkdir()
    folder = SAME[form].written(tmp_path / "cache")
    for root, _, files in os.walk(folder):
        for name in files:
            link = tmp_path / "log" / Path(root).relative_to(folder) / name
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(Path(root) / name)
    with pytest.raises(ValueError, match=r"is a link.*reading\.follow_links=true"):
        read(tmp_path / "log")
    assert read(tmp_path / "log", **FOLLOW).log["user_id"].to_pylist() == LOG["user_id"]
    files = InteractionLog(path=str(tmp_path / "log"), reading=FOLLOW).files()
    assert len(files) == (2 if form == "base" else 4)
    assert all(path.is_symlink() for path in files.values())


@pytest.mark.parametrize("form", ["base", "folder", "csv.gz"])
def test_a_dataset_tells_what_it_reads(tmp_path, form):
    dataset = InteractionLog(path=str(SAME[form].written(tmp_path)))
    files = dataset.files()
    assert {name.partition(".")[0] for name in files} == {"interactions", "items"}
    assert all(path.exists() for path in files.values())
    assert dataset.remote_hashes() == {}
    assert dataset.exists()
    rows = {line[0]: line[1:] for line in dataset.preview()["data"]}
    assert set(rows) == set(files)
    assert "user_id, item_id, timestamp" in {columns for _, columns in rows.values()}


def test_versions_of_a_store_without_etags_differ_by_their_change():
    memory = fsspec.filesystem("memory")
    memory.pipe({f"/log/{x}.csv": b"item_id\n1\n" for x in ("interactions", "items")})
    dataset = InteractionLog(path="memory://log")
    before = dataset.remote_hashes()
    assert dataset.remote_hashes() == before
    memory.pipe("/log/items.csv", b"item_id\n2\n")
    after = dataset.remote_hashes()
    assert {x for x in after if after[x] != before[x]} == {"memory://log/items.csv"}
    memory.rm("/log", recursive=True)


def test_contents_read_the_items_alone_where_their_ids_have_a_type(tmp_path):
    for form, tables in (("base", {"items"}), ("csv.gz", {"items", "interactions"})):
        folder = tmp_path / form
        folder.mkdir()
        contents = LogItemContents(path=str(SAME[form].written(folder)))
        assert {name.partition(".")[0] for name in contents.files()} == tables
        assert contents.exists()


def test_contents_tell_which_column_they_read(tmp_path):
    folder = str(SAME["base"].written(tmp_path))
    hashes = [
        LogItemContents(path=folder, reading={"columns": {"x": name}}).reading_hashes()
        for name in ("emb_a", "emb_b", "emb_a")
    ]
    assert hashes[0] == hashes[2] != hashes[1]


def test_contents_have_the_ids_of_the_log(tmp_path):
    folder = SAME["csv.gz"].written(tmp_path)
    contents = LogItemContents(path=str(folder)).load()
    assert contents.item_ids == [1000, 1001, 1002, 1003]
