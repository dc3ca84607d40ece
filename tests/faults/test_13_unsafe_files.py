"""Case 13: nothing that a file holds is executed, and no path leads outside."""

import json
import os
import pickle
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from fault_runs import kedro, said
from PIL import Image
from project_runs import files_below, write_config


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, int]]:
        return (os.mkdir, (str(self.marker), 0o700))


def write_npy(path: Path, payload: Payload) -> None:
    np.save(path, np.array([payload], dtype=object), allow_pickle=True)


def write_torch(path: Path, payload: Payload) -> None:
    torch.save({"dnn.weight": payload}, path)


def write_pickle(path: Path, payload: Payload) -> None:
    path.write_bytes(pickle.dumps(payload))


LOADERS = {
    write_npy: lambda path: np.load(path, allow_pickle=True),
    write_torch: lambda path: torch.load(path, weights_only=False),
    write_pickle: lambda path: pickle.loads(path.read_bytes()),
}


@pytest.mark.parametrize("write", LOADERS)
def test_the_payload_is_a_real_one(tmp_path, write):
    file = tmp_path / "payload"
    with file.open("wb"):
        write(file, Payload(tmp_path / "executed"))
    if not file.stat().st_size:  # numpy adds its own ending
        file = file.with_suffix(".npy")
    LOADERS[write](file)
    assert (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("place", "write", "node", "words"),
    [
        (
            "04_feature/test/vectors/title.npy",
            write_npy,
            "quantize_items",
            "title.npy is damaged, or of another format",
        ),
        (
            "06_models/test/ctr_weights.safetensors",
            write_torch,
            "predict_test",
            "ctr_weights.safetensors is damaged, or of another format",
        ),
    ],
)
def test_an_artifact_is_never_unpickled(finished_project, place, write, node, words):
    """Not even with ``accept_changed``."""
    project = finished_project
    marker = project / "executed"
    write(project / "data" / place, Payload(marker))
    before = files_below(project / "data")
    done = kedro(
        project, "run", "--env=test", f"--nodes={node}", "--params=accept_changed=true"
    )
    assert done.returncode == 1, said(done)
    assert words in said(done)
    assert not marker.exists()
    assert files_below(project / "data") == before


def test_ready_vectors_are_never_unpickled(finished_project):
    project = finished_project
    marker = project / "executed"
    write_npy(project / "vectors.npy", Payload(marker))
    done = kedro(
        project,
        *("run", "--env=test", "--nodes=embed_items"),
        "--params=embedding.provider=precomputed,embedding.precomputed.path=vectors.npy",
    )
    assert done.returncode == 1, said(done)
    assert "vectors.npy is no readable .npy file" in said(done)
    assert not marker.exists()


def test_a_hostile_zip_of_covers_gives_no_more_than_its_covers(finished_project):
    """A bomb, a member that lies about its size, paths that lead out, and a link."""
    project = finished_project
    ids = pq.read_table(project / "data/03_primary/test/item_id_mapping.parquet")
    first, second, third, fourth, fifth = map(str, ids["original_id"].to_pylist()[:5])
    covers = project / "covers.zip"
    Image.new("RGB", (20, 20), "red").save(project / "cover.png")
    (project / "secret.png").write_bytes((project / "cover.png").read_bytes())
    with zipfile.ZipFile(covers, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(project / "cover.png", f"{first}.png")
        archive.writestr(f"{second}.png", bytes(40 << 20))
        archive.writestr(f"{third}.png", b"x" * 50_000)
        archive.write(project / "cover.png", f"../../escaped/{fourth}.png")
        link = zipfile.ZipInfo(f"{fifth}.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, str(project / "secret.png"))
    forge_size(covers, f"{third}.png", claimed=10)
    images = {"path": str(covers), "max_missing_share": 1, "replace_given": True}
    config = write_config(
        project / "run.yml",
        env="test",
        pipeline="embedding",
        params={"embedding": {"images": images}},
    )
    done = kedro(project, "run", f"--config={config}")
    assert done.returncode == 0, said(done)
    report = json.loads(
        (project / "data/08_reporting/test/embedding.json").read_text()
    )["image"]
    assert report["broken"] == 2
    reasons = {each["file"]: each["reason"] for each in report["broken_examples"]}
    assert "is larger than embedding.images.max_file_mb" in reasons[f"{second}.png"]
    assert f"{third}.png" in reasons
    vectors = np.load(project / "data/04_feature/test/vectors/image.npy")
    assert np.flatnonzero(vectors.any(axis=1)).tolist() == [1]
    assert not list(project.parent.rglob("escaped"))


def forge_size(archive: Path, name: str, claimed: int) -> None:
    """Give a member another unpacked size in the zip's directory."""
    content = bytearray(archive.read_bytes())
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(name.encode()))
    content[place + 24 : place + 28] = struct.pack("<I", claimed)
    archive.write_bytes(bytes(content))


@pytest.mark.parametrize("name", ["dataset=../x", "sample.name=../x"])
def test_a_name_that_leads_out_is_refused(project, name):
    done = kedro(project, "run", "--env=test", "--pipeline=sample", f"--params={name}")
    assert done.returncode == 1
    assert f"'{name.partition('=')[0]}' = '../x'" in said(done)
    assert not (project / "data").exists()
    assert not list(project.parent.rglob("x"))


@pytest.mark.parametrize(
    ("place", "chosen"),
    [
        ("04_feature/test/vectors/title.npy", "--nodes=quantize_items"),
        ("01_raw/test/MicroLens_1M_x1/train.parquet", "--pipeline=preparation"),
    ],
)
def test_a_link_is_not_followed(finished_project, place, chosen):
    """Even to the very same content."""
    project = finished_project
    file = project / "data" / place
    elsewhere = project / f"elsewhere{file.suffix}"
    shutil.move(file, elsewhere)
    file.symlink_to(elsewhere)
    before = files_below(project / "data")
    done = kedro(project, "run", "--env=test", chosen)
    assert done.returncode == 1, said(done)
    assert f"{file} is a link, which is not followed" in said(done)
    assert files_below(project / "data") == before
