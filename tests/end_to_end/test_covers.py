"""Cover images through ``kedro run``: drawn ones, and ten real ones."""

import json
import os
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw
from project_runs import REPOSITORY, TINY, kedro_run, must_run, write_config, write_log

SHARED = Path(os.environ.get("MMCTR_SHARED_DATA", REPOSITORY.parent / "shared/data"))
SLICE = SHARED / "microlens_slice"
WIDTH, COVERS = 1280, 16


def draw_covers(folder: Path, item_ids: list[str]) -> Path:
    """A picture of its own for every item, in two sub-folders."""
    rng = np.random.default_rng(3)
    for number, item_id in enumerate(item_ids):
        colour, ground, place = (
            tuple(x) for x in rng.integers(0, 200, (3, 3)).tolist()
        )
        image = Image.new("RGB", (80, 60), ground)
        box = (place[0] % 40, place[1] % 30, 79, 59)
        ImageDraw.Draw(image).ellipse(box, fill=colour)
        path = folder / str(number % 2) / f"{item_id}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
    return folder


def settings(raw: Path, dataset: str, **images: object) -> dict[str, object]:
    embedding = {**TINY["embedding"], "images": images}
    return {**TINY, "raw_dir": str(raw), "dataset": dataset, "embedding": embedding}


def report_of(project: Path, dataset: str) -> dict[str, object]:
    path = project / "data/08_reporting" / dataset / "embedding.json"
    return json.loads(path.read_text())["image"]


def test_covers_become_codes_and_predictions(project):
    raw = write_log(project / "log", optional_columns=False)
    ids = pq.read_table(raw / "items.parquet")["item_id"].to_pylist()
    covers = draw_covers(project / "covers", ids[:COVERS])
    next(covers.rglob(f"{ids[5]}.jpg")).write_bytes(b"cut short")
    params = settings(raw, "drawn", path=str(covers), max_missing_share=0.8)
    config = write_config(project / "run.yml", env="interactions", params=params)
    must_run(project, "--config", config)

    vectors = np.load(project / "data/04_feature/drawn/vectors/image.npy")[1:]
    assert (vectors.shape, vectors.dtype) == ((60, WIDTH), np.float32)
    norms = np.ones(60)
    norms[[5, *range(COVERS, 60)]] = 0
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), norms, atol=1e-6)
    report = report_of(project, "drawn")
    assert report["provider"] == "efficientnet_lite0"
    missing = 60 - COVERS
    assert (report["missing"], report["broken"]) == (missing, 1)
    assert report["zero_rows"] == missing + 1
    assert report["broken_examples"] == [
        {"file": f"1/{ids[5]}.jpg", "reason": report["broken_examples"][0]["reason"]}
    ]
    np.testing.assert_array_equal(vectors[norms == 0], 0)

    # The same covers in a zip: the same vectors, to the last bit.
    with ZipFile(project / "covers.zip", "w") as file:
        for path in covers.rglob("*.jpg"):
            file.write(path, path.relative_to(project))
    params = settings(raw, "drawn", path="covers.zip", max_missing_share=0.8)
    config = write_config(project / "zip.yml", env="interactions", params=params)
    must_run(project, "--config", config, "--pipeline", "embedding")
    again = np.load(project / "data/04_feature/drawn/vectors/image.npy")[1:]
    np.testing.assert_array_equal(again, vectors)


def test_what_is_wrong_with_the_covers_is_said_in_one_message(project):
    write_log(project / "log", optional_columns=False)
    (project / "item_images.rar").write_bytes(b"Rar!\x1a\x07\x01\x00")
    data = "--params=raw_dir=log,dataset=x,device=cpu,embedding.provider=lsa"
    env = "--env=interactions"
    must_run(project, env, "--pipelines=preparation", data)
    for path, words in {
        "item_images.rar": ["is a rar", "unrar x item_images.rar covers/"],
        "nowhere": [f"there is no {project}/nowhere", "embedding.images.path"],
        "log": [f"60 of 60 items have no cover in {project}/log", "max_missing_share"],
    }.items():
        params = f"{data},embedding.images.path={path}"
        result = kedro_run(project, env, "--pipelines=embedding", params)
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit), result.exception
        message = result.output.partition("Error: ")[2]
        for word in words:
            assert word in message
        assert not (project / "data/04_feature/x/vectors/image.npy").exists()


@pytest.mark.system
@pytest.mark.skipif(
    not (SLICE / "covers").is_dir(), reason=f"the real covers are not at {SLICE}"
)
def test_ten_real_covers_go_through(project):
    """By the command line alone; all other items of the slice have none."""
    run = ["--env=interactions", "--pipelines=preparation,embedding"]
    must_run(
        project,
        *run,
        f"--params=raw_dir={SLICE},dataset=slice,device=cpu,embedding.provider=lsa,"
        f"embedding.images.path={SLICE}/covers,embedding.images.max_missing_share=1",
    )
    mapping = pq.read_table(project / "data/03_primary/slice/item_id_mapping.parquet")
    names = {int(path.stem) for path in (SLICE / "covers").glob("*.jpg")}
    rows = [i for i, x in enumerate(mapping["original_id"].to_pylist()) if x in names]
    vectors = np.load(project / "data/04_feature/slice/vectors/image.npy")[1:]
    assert vectors.shape == (mapping.num_rows, WIDTH)
    assert np.flatnonzero(vectors.any(axis=1)).tolist() == rows
    np.testing.assert_allclose(np.linalg.norm(vectors[rows], axis=1), 1, atol=1e-6)
    report = report_of(project, "slice")
    assert (report["rows"] - report["missing"], report["broken"]) == (10, 0)
    assert report["without_item"] == 0
