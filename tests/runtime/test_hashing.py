"""Equal content has one hash; what did not change is not read again."""

import hashlib
import os
import time
import zipfile
from pathlib import Path

import pytest

from mmctr.runtime import hashing
from mmctr.runtime.hashing import FileHashes, content_hash


def write_zip(path: Path, year: int, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), text)
    return path


def test_a_file_has_the_hash_of_its_bytes(tmp_path):
    file = tmp_path / "a.npy"
    file.write_bytes(b"bytes")
    assert content_hash(file) == hashlib.sha256(b"bytes").hexdigest()


def test_a_zip_has_the_hash_of_what_is_in_it(tmp_path):
    one = write_zip(tmp_path / "one.zip", 2001, prediction="0.5")
    other = write_zip(tmp_path / "other.zip", 2002, prediction="0.5")
    third = write_zip(tmp_path / "third.zip", 2002, prediction="0.6")
    assert one.read_bytes() != other.read_bytes()
    assert content_hash(one) == content_hash(other) != content_hash(third)


def test_a_damaged_zip_has_the_hash_of_its_bytes(tmp_path):
    file = tmp_path / "broken.zip"
    file.write_bytes(b"PK")
    assert content_hash(file) == hashlib.sha256(b"PK").hexdigest()


def test_a_folder_has_the_hash_of_its_files_and_names(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "1.jpg").write_bytes(b"cover")
    assert content_hash(tmp_path / "one") == content_hash(tmp_path / "other")
    (tmp_path / "other/sub/1.jpg").rename(tmp_path / "other/sub/2.jpg")
    assert content_hash(tmp_path / "one") != content_hash(tmp_path / "other")


def test_a_folders_links_are_not_followed(tmp_path):
    (tmp_path / "covers").mkdir()
    before = content_hash(tmp_path / "covers")
    (tmp_path / "secret").write_text("s")
    (tmp_path / "covers/1.jpg").symlink_to(tmp_path / "secret")
    assert content_hash(tmp_path / "covers") == before


def test_what_is_not_there_has_no_hash(tmp_path):
    assert FileHashes().hash(tmp_path / "none") is None


@pytest.fixture
def reads(monkeypatch) -> list[Path]:
    """Files that were read for their hash."""
    read: list[Path] = []

    def note(path: Path) -> str:
        read.append(path)
        return content_hash(path)

    monkeypatch.setattr(hashing, "content_hash", note)
    return read


def test_a_file_that_settled_is_read_once(tmp_path, reads, monkeypatch):
    file = tmp_path / "a"
    file.write_text("one")
    later = time.time_ns() + 10_000_000_000
    monkeypatch.setattr(hashing.time, "time_ns", lambda: later)
    first = FileHashes()
    first.hash(file)
    # Another process goes on with what was remembered.
    assert FileHashes(dict(first.known)).hash(file) == content_hash(file)
    assert reads == [file]
    stat = file.stat()
    file.write_text("two")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert first.hash(file) == content_hash(file)
    assert reads == [file, file]


def test_a_file_that_was_just_written_is_read_again(tmp_path, reads):
    file = tmp_path / "a"
    file.write_text("one")
    hashes = FileHashes()
    hashes.hash(file)
    hashes.hash(file)
    assert reads == [file, file]


def test_files_of_a_folder_are_read_once(tmp_path, reads):
    folder = tmp_path / "vectors"
    folder.mkdir()
    for name in ("one.npy", "two.npy"):
        (folder / name).write_text(name)
    found = FileHashes().by_file("vectors", folder)
    assert sorted(reads) == [folder / "one.npy", folder / "two.npy"]
    assert found == {
        "vectors": content_hash(folder),
        "vectors/one.npy": content_hash(folder / "one.npy"),
        "vectors/two.npy": content_hash(folder / "two.npy"),
    }
