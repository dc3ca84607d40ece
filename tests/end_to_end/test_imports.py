"""What a command imports: each in a process of its own, as it is typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from project_runs import REPOSITORY

# A process for each.
pytestmark = pytest.mark.system

SLOW_TO_IMPORT = (
    "faiss",
    "fuxictr",
    "openai",
    "pytorch_lightning",
    "ray",
    "sentence_transformers",
    "sklearn",
    "torch",
    "transformers",
)

# The console script's function, which ends the process; what it imported by then is
# written to a file, since the standard output is the command's.
COMMAND = """
import json, sys
from pathlib import Path
from kedro.framework.cli import main

seen, sys.argv = sys.argv[1], ["kedro", *sys.argv[2:]]
try:
    main()
finally:
    Path(seen).write_text(json.dumps(sorted(sys.modules)))
"""


def imported_by(project: Path, seen: Path, *arguments: str) -> set[str]:
    """Run ``kedro ARGUMENTS`` in the project's folder; what of the slow it imported."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, str(seen), *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    modules = set(json.loads(seen.read_text()))
    assert "mmctr.project.hooks.after_run" in modules  # it was this project's command
    return modules.intersection(SLOW_TO_IMPORT)


@pytest.mark.parametrize(
    "arguments",
    [("registry", "list"), ("registry", "describe", "ctr_modeling"), ("--help",)],
    ids=" ".join,
)
def test_a_command_that_only_lists_imports_nothing_slow(arguments, project, tmp_path):
    assert imported_by(project, tmp_path / "seen.json", *arguments) == set()


def test_writing_the_sample_imports_nothing_slow(project, tmp_path):
    run = ("run", "--env", "test", "--pipeline", "sample")
    assert imported_by(project, tmp_path / "seen.json", *run) == set()


@pytest.mark.parametrize(
    ("pipeline", "needed", "not_needed"),
    [
        ("preparation", set(), set(SLOW_TO_IMPORT)),
        ("fusion", set(), set(SLOW_TO_IMPORT)),
        # The provider of env test is lsa.
        ("embedding", {"sklearn"}, set(SLOW_TO_IMPORT) - {"sklearn"}),
        (
            "quantization",
            {"faiss", "torch"},
            {"fuxictr", "pytorch_lightning", "ray", "sentence_transformers"},
        ),
        (
            "ctr_modeling",
            {"fuxictr", "pytorch_lightning", "torch"},
            # FuxiCTR's MLP_Block is in use, and brings ray, sklearn and transformers.
            {"faiss", "openai", "sentence_transformers"},
        ),
        ("reporting", set(), set(SLOW_TO_IMPORT)),
    ],
)
def test_a_pipeline_imports_what_it_needs(
    pipeline, needed, not_needed, finished_project, tmp_path
):
    run = ("run", "--env", "test", "--pipeline", pipeline)
    imported = imported_by(finished_project, tmp_path / "seen.json", *run)
    assert needed <= imported
    assert imported & not_needed == set()
