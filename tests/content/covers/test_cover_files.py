"""Covers are found by item id, and nothing outside folder or zip is read."""

import os
import stat
import struct
import zlib
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_LZMA, ZipFile, ZipInfo

import pytest
from drawn_covers import write_folder, write_zip

from mmctr.content.covers.cover_files import BrokenCoverError, find_covers, open_covers

LIMIT = 1000
SECRET = b"what lies outside"


def contents(path: Path, *item_ids: str) -> dict[str, bytes | str]:
    """Read what is found of the items: the bytes, or why there are none."""
    with open_covers(path) as covers:
        read: dict[str, bytes | str] = {}
        for item, entry in find_covers(covers, item_ids).by_item.items():
            try:
                read[item] = entry.read(LIMIT)
            except BrokenCoverError as error:
                read[item] = str(error)
        return read


def found(path: Path, *item_ids: str):
    """What is found, closed again."""
    with open_covers(path) as covers:
        return find_covers(covers, item_ids)


@pytest.fixture(params=["folder", "zip", "stored zip"])
def pack(request, tmp_path):
    """Write files into either kind of covers."""

    def write(files: dict[str, bytes]) -> Path:
        if request.param == "folder":
            return write_folder(tmp_path / "covers", files)
        return write_zip(tmp_path / "covers.zip", files, deflate=request.param == "zip")

    return write


def test_the_file_name_is_the_item_id_in_whatever_folder(pack):
    path = pack(
        {"1.jpg": b"one", "deep/er/2.PNG": b"two", "Q/3.b.webp": b"three", "b.gif": b""}
    )
    assert contents(path, "1", "2", "3.b", "b", "nine") == {
        "1": b"one",
        "2": b"two",
        "3.b": b"three",
        "b": b"",
    }


def test_other_files_are_counted_and_hidden_ones_passed_over(pack):
    path = pack(
        {
            "1.jpg": b"one",
            "7.jpg": b"of no item",
            "01.jpg": b"another id",
            "2.txt": b"no image",
            "2": b"no image",
            ".1.jpg": b"hidden",
            "__MACOSX/1.jpg": b"hidden",
            ".thumbs/1.jpg": b"hidden",
        }
    )
    there = found(path, "1", "2")
    assert list(there.by_item) == ["1"]
    assert there.without_item == 2
    assert there.without_item_examples == ["01.jpg", "7.jpg"]
    assert there.no_images == 2
    assert there.unsafe == []


def test_two_files_of_an_item_are_an_error_that_names_both(pack):
    path = pack({"a/1.jpg": b"x", "b/1.png": b"y", "a/2.jpg": b"z"})
    with pytest.raises(ValueError, match="1 items .*1: a/1.jpg, b/1.png"):
        found(path, "1", "2")
    # Of files that belong to no item nobody needs to choose.
    assert list(found(path, "2").by_item) == ["2"]


def test_a_file_over_the_limit_is_broken(pack):
    path = pack({"1.jpg": bytes(LIMIT), "2.jpg": bytes(LIMIT + 1)})
    read = contents(path, "1", "2")
    assert read["1"] == bytes(LIMIT)
    assert "larger than embedding.images.max_file_mb" in str(read["2"])


def test_links_are_not_followed(tmp_path):
    outside = write_folder(tmp_path / "outside", {"2.jpg": SECRET, "1.jpg": SECRET})
    covers = write_folder(tmp_path / "covers", {"3.jpg": b"three"})
    (covers / "1.jpg").symlink_to(outside / "1.jpg")
    (covers / "linked").symlink_to(outside)
    (covers / "up").symlink_to("..")
    os.mkfifo(covers / "4.jpg")
    there = found(covers, "1", "2", "3", "4")
    assert list(there.by_item) == ["3"]
    assert there.unsafe == ["1.jpg", "4.jpg", "linked", "up"]
    # The folder that the parameter names may be a link itself.
    (tmp_path / "link").symlink_to(covers)
    assert contents(tmp_path / "link", "3") == {"3": b"three"}


def test_a_file_that_becomes_a_link_is_not_followed_either(tmp_path):
    secret = write_folder(tmp_path / "outside", {"1.jpg": SECRET}) / "1.jpg"
    path = write_folder(tmp_path / "covers", {"1.jpg": b"one"})
    with open_covers(path) as covers:
        entry = find_covers(covers, ["1"]).by_item["1"]
        (path / "1.jpg").unlink()
        (path / "1.jpg").symlink_to(secret)
        with pytest.raises(BrokenCoverError):
            entry.read(LIMIT)
        (path / "1.jpg").unlink()
        with pytest.raises(BrokenCoverError, match="No such file"):
            entry.read(LIMIT)


@pytest.mark.parametrize(
    "name",
    [
        "../1.jpg",
        "a/../../1.jpg",
        "/1.jpg",
        "/etc/1.jpg",
        "C:/1.jpg",
        "..\\1.jpg",
        "\\\\host\\share\\1.jpg",
    ],
)
def test_a_path_that_leads_out_of_a_zip_is_refused(tmp_path, name):
    write_folder(tmp_path, {"1.jpg": SECRET})
    (tmp_path / "sub").mkdir()
    path = write_zip(tmp_path / "sub" / "covers.zip", {name: b"evil", "2.jpg": b"two"})
    there = found(path, "1", "2")
    assert list(there.by_item) == ["2"]
    assert there.unsafe == [name.replace("\\", "/")]
    assert [x.name for x in (tmp_path / "sub").iterdir()] == ["covers.zip"]


def test_folders_of_a_zip_from_windows(tmp_path):
    path = write_zip(tmp_path / "covers.zip", {"covers\\1.jpg": b"one"})
    assert contents(path, "1") == {"1": b"one"}


def test_a_link_in_a_zip_is_refused(tmp_path):
    secret = write_folder(tmp_path / "outside", {"1.jpg": SECRET}) / "1.jpg"
    with ZipFile(tmp_path / "covers.zip", "w") as file:
        link = ZipInfo("1.jpg")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, str(secret))
    there = found(tmp_path / "covers.zip", "1")
    assert (there.by_item, there.unsafe) == ({}, ["1.jpg"])


def test_the_same_name_twice_in_a_zip(tmp_path):
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        ZipFile(tmp_path / "covers.zip", "w") as file,
    ):
        file.writestr("1.jpg", b"first")
        file.writestr("1.jpg", b"second")
    with pytest.raises(ValueError, match="more than one cover .*1.jpg, 1.jpg"):
        found(tmp_path / "covers.zip", "1")


@pytest.mark.parametrize("method", [ZIP_BZIP2, ZIP_LZMA])
def test_methods_without_a_limit_are_refused(tmp_path, method):
    with ZipFile(tmp_path / "covers.zip", "w", method) as file:
        file.writestr("1.jpg", bytes(500))
    assert "other than deflate" in str(contents(tmp_path / "covers.zip", "1")["1"])


def test_an_encrypted_member_is_broken(tmp_path):
    path = write_zip(tmp_path / "covers.zip", {"1.jpg": b"one"})
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    path.write_bytes(data)
    assert contents(path, "1") == {"1": "is encrypted"}


@pytest.mark.parametrize("declared", [10, LIMIT, 2**31])
def test_a_bomb_is_refused_by_its_declared_and_its_real_size(tmp_path, declared):
    """100 MB of zeros that claim to be small, and a claim that is large."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(100))
    packed += packer.flush()
    name = b"1.jpg"
    sizes = struct.pack("<IIIHH", 0, len(packed), declared, len(name), 0)
    start = struct.pack("<4s5H", b"PK\x03\x04", 20, 0, 8, 0, 0) + sizes + name
    entry = struct.pack("<4s6H", b"PK\x01\x02", 20, 20, 0, 8, 0, 0) + sizes
    entry += struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = struct.pack(
        "<4s4HIIH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(start + packed), 0
    )
    path = tmp_path / "covers.zip"
    path.write_bytes(start + packed + entry + end)
    reason = str(contents(path, "1")["1"])
    assert "larger than" in reason if declared > LIMIT else "CRC" in reason


def test_a_damaged_member_spares_the_others(tmp_path):
    path = write_zip(
        tmp_path / "covers.zip", {"1.jpg": b"one", "2.jpg": b"two"}, deflate=False
    )
    path.write_bytes(path.read_bytes().replace(b"one", b"eno", 1))
    read = contents(path, "1", "2")
    assert "can't be unpacked" in str(read["1"])
    assert read["2"] == b"two"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("item_images.rar", b"Rar!\x1a\x07\x01\x00", "unrar x item_images.rar covers/"),
        ("images.zip", b"Rar!\x1a\x07\x01\x00", "is a rar"),
        ("covers.zip", b"PK\x03\x04 cut short", "neither a folder nor a whole zip"),
        ("covers.tar", b"", "neither a folder nor a whole zip"),
    ],
)
def test_what_is_neither_folder_nor_zip(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match="embedding.images.path") as caught:
        found(tmp_path / name)
    assert words in str(caught.value)


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="there is no .*nowhere"):
        found(tmp_path / "nowhere")


def test_names_that_would_break_a_message_are_escaped(pack):
    path = pack({"a\n/1.jpg": b"x", "b/1.jpg": b"y"})
    with pytest.raises(ValueError, match="more than one") as caught:
        found(path, "1")
    assert "\n" not in str(caught.value)
