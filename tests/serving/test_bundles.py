"""A bundle is whole, or refused in one sentence."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from mmctr import Scorer
from mmctr.runtime.sealed_folder import MANIFEST
from mmctr.serving.bundle import Bundle
from mmctr.serving.errors import BundleError

# All use a run of the pipelines.
pytestmark = pytest.mark.system

LOADED = """
import json, sys, time
begun = time.perf_counter()
from mmctr import Scorer
seconds = time.perf_counter() - begun
scores = Scorer.load(sys.argv[1]).score(["i1", "i2"], ["i3"])
kedro = [name for name in sys.modules if name.split(".")[0] == "kedro"]
print(json.dumps({"seconds": seconds, "kedro": kedro, "scores": scores.tolist()}))
"""


def files_of(folder: Path) -> list[str]:
    """All files, by relative path."""
    return sorted(
        x.relative_to(folder).as_posix() for x in folder.rglob("*") if x.is_file()
    )


def refused(folder: Path) -> str:
    """The sentence that refuses a bundle."""
    with pytest.raises(BundleError) as caught:
        Scorer.load(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    return message


def test_a_bundle_is_loaded_from_elsewhere_without_kedro(bundle, shared, tmp_path):
    """Moved, read-only, from a folder that is no project, in a process of its own."""
    moved = tmp_path / "moved"
    shutil.copytree(bundle, moved)
    for path in (*moved.rglob("*"), moved):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {name: (moved / name).read_bytes() for name in files_of(moved)}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(moved)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["seconds"] < 2
    assert found["kedro"] == []
    assert found["scores"] == shared.score(["i1", "i2"], ["i3"]).tolist()
    assert before == {name: (moved / name).read_bytes() for name in files_of(moved)}


def _scores_as(user: int, folder: str, path: str) -> None:
    """Score as another user of this machine, from a folder of theirs."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    os.chdir("/")
    Scorer.load(folder).score(["i1", "i2"], ["i3"]).tofile(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_bundle_is_scored_by_another_user(bundle, shared):
    expected = shared.score(["i1", "i2"], ["i3"])
    with tempfile.TemporaryDirectory() as shelf:
        os.chmod(shelf, 0o755)
        found = Path(shelf) / "found"
        found.touch()
        found.chmod(0o666)
        copied = Path(shelf) / "bundle"
        shutil.copytree(bundle, copied)
        child = get_context("fork").Process(
            target=_scores_as, args=(65_534, str(copied), str(found))
        )
        child.start()
        child.join(60)
        assert child.exitcode == 0
        assert np.array_equal(np.fromfile(found), expected)


def test_nothing_names_this_machine(bundle, project):
    for name in files_of(bundle):
        assert str(project).encode() not in (bundle / name).read_bytes(), name


def test_every_file_is_guarded(copy):
    rng = np.random.default_rng(0)
    for name in files_of(copy):
        path = copy / name
        whole = path.read_bytes()
        for _ in range(12):
            broken = bytearray(whole)
            place = rng.integers(len(broken))
            broken[place] ^= int(rng.integers(1, 256))
            path.write_bytes(broken)
            # A space for another one in the manifest says the same.
            if name != MANIFEST or json.loads(whole) != _read(broken):
                with pytest.raises(BundleError):
                    Bundle.load(copy)
        path.write_bytes(whole[:-1])
        assert name in refused(copy)
        path.unlink()
        assert name in refused(copy)
        path.write_bytes(whole)
    Scorer.load(copy)


def _read(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None


def test_what_is_no_bundle_or_has_more_files_is_refused(copy, tmp_path):
    assert "is no folder" in refused(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    assert MANIFEST in refused(tmp_path / "empty")
    (copy / "more.txt").write_text("more")
    assert "more.txt" in refused(copy)


def resealed(folder: Path, change) -> None:
    """Change bundle.json as somebody would who also writes the hash."""
    from mmctr.runtime.hashing import content_hash

    path = folder / "bundle.json"
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["sha256"]["bundle.json"] = content_hash(path)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_another_format_is_refused(copy):
    resealed(copy, lambda facts: facts.update(format=99))
    assert "has format 99" in refused(copy)


def test_parts_that_do_not_fit_are_refused(copy):
    resealed(copy, lambda facts: facts["ctr"]["model"].update(embedding_dim=7))
    assert "don't fit each other" in refused(copy)


def test_code_that_a_bundle_names_must_be_there(copy):
    resealed(copy, lambda facts: facts["ctr"]["model"].update(name="nowhere:Model"))
    said = refused(copy)
    assert "names code that it does not contain" in said
    assert "there is no module nowhere here; install its package" in said


def test_other_scores_than_expected_are_refused(copy):
    resealed(copy, lambda facts: facts["ctr"]["training"].update(max_history=1))
    assert "have other scores here" in refused(copy)


def test_a_missing_package_is_named(bundle, monkeypatch):
    for name in [x for x in sys.modules if x.startswith("mmctr.serving.")]:
        if not name.endswith((".scorer", ".errors")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(BundleError, match="needs safetensors.*, which isn't installed"):
        Scorer.load(bundle)
