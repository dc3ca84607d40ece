"""The wheel, installed by itself, uses a bundle without a project around it."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from sysconfig import get_path

import pyarrow.parquet as pq
import pytest
from http_servers import PATIENCE, Server
from paths import REPOSITORY
from served_runs import bundle_of

# It builds a wheel and makes an environment.
pytestmark = pytest.mark.system


def must(*words: object, folder: Path) -> str:
    """Run a command without this checkout's package; return what it prints."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
        timeout=5 * PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of an environment that has the wheel, and else what this one has."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(
        REPOSITORY / "src" / "mmctr",
        source / "src" / "mmctr",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copytree(REPOSITORY / "conf", source / "conf")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source / name)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    build = ("wheel", "--no-deps", "--no-build-isolation", "-w", folder, source)
    must(*pip, *build, folder=folder)
    (wheel,) = folder.glob("mmctr-*.whl")
    made = folder / "environment"
    venv.create(made, symlinks=True)
    into = get_path("purelib", "venv", {"base": str(made), "platbase": str(made)})
    install = ("install", "--no-deps", "--no-index", "--target", into, wheel)
    must(*pip, *install, folder=folder)
    # What the wheel requires; a checkout that is installed there is not on this path.
    Path(into, "others.pth").write_text(get_path("purelib") + "\n")
    return made / "bin"


def test_it_scores_checks_and_serves_a_bundle(installed, road, tmp_path):
    bundle = shutil.copytree(bundle_of(road[0], "test"), tmp_path / "moved")
    python = installed / "python"
    where = "import mmctr; print(mmctr.__file__)"
    assert str(installed.parent) in must(python, "-c", where, folder=tmp_path)
    run = (python, "-m", "mmctr")
    out = must(
        *(*run, "score", bundle, bundle / "sample.parquet", "-o", "scores.parquet"),
        folder=tmp_path,
    )
    assert "scores.parquet: 20 rows" in out
    scores = pq.read_table(tmp_path / "scores.parquet")["probability"].to_numpy()
    expected = pq.read_table(bundle / "sample.parquet")["probability"].to_numpy()
    assert scores == pytest.approx(expected, abs=1e-6)
    assert "0 errors, 0 warnings" in must(*run, "doctor", bundle, folder=tmp_path)
    with Server(bundle, tmp_path / "log", program=run, PYTHONPATH="") as server:
        assert server.get("/health")[0] == 200
        assert server.post("/rank", {"history": [1], "k": 2})[0] == 200


def test_a_new_project_runs_by_its_makefile(installed, tmp_path):
    python = installed / "python"
    out = must(python, "-m", "mmctr", "new", "ours", folder=tmp_path)
    assert "make run" in out
    project = tmp_path / "ours"
    options = (f"PYTHON={python}", "ARGS=--env test")
    must("make", "run", *options, folder=project)
    assert (project / "data/08_reporting/test/report.html").is_file()
    bundle = project / "data/06_models/test/bundle"
    scored = (python, "-m", "mmctr", "score", bundle, bundle / "sample.parquet")
    assert "probability" in must(*scored, folder=tmp_path)
    listed = must(
        "make", "artifacts", f"PYTHON={python}", "ARGS=--env test", folder=project
    )
    assert "report.html" in listed


def test_without_a_bundle_or_a_project_it_says_what_it_expects(installed, tmp_path):
    done = subprocess.run(
        [str(installed / "python"), "-m", "mmctr", "doctor"],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 2
    assert "name the folder of a bundle: mmctr doctor BUNDLE" in " ".join(
        done.stderr.split()
    )


def test_scoring_loads_neither_kedro_nor_what_serves(installed, road, tmp_path):
    bundle = bundle_of(road[0], "test")
    code = (
        "import sys\n"
        f"sys.argv = ['mmctr', 'score', {str(bundle)!r},"
        f" {str(bundle / 'sample.parquet')!r}]\n"
        "from mmctr.__main__ import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "print(sorted({x.split('.')[0] for x in sys.modules} &"
        " {'kedro', 'fastapi', 'uvicorn', 'openai', 'matplotlib'}))\n"
    )
    out = must(installed / "python", "-c", code, folder=tmp_path)
    assert out.splitlines()[-1] == "[]"
