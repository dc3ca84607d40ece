"""The template of docs/extend.md as it stands, from the check to the report."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from paths import REPOSITORY
from project_runs import TINY, copy_project, kedro_run, write_config, write_log

import mmctr

PAGE = (REPOSITORY / "docs" / "extend.md").read_text()
TEMPLATE, CHECKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
OWN = yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL).group(1))
HERE = Path(mmctr.__file__).parents[1]


def merged(values: dict, others: dict) -> dict:
    """Values with others in their place, section by section."""
    return values | {
        name: merged(values.get(name, {}), other) if isinstance(other, dict) else other
        for name, other in others.items()
    }


def command(project: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """``python -m ARGUMENTS`` in the folder of a project."""
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=project,
        env={"PYTHONPATH": str(HERE), "PATH": "", "HOME": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small log, and the template in ``src/``."""
    folder = copy_project(tmp_path_factory.mktemp("own_code"))
    raw = write_log(folder / "log", optional_columns=False)
    (folder / "src" / "own_code.py").write_text(TEMPLATE)
    run = merged(TINY, OWN["run"]["params"])
    params = {**run, "raw_dir": str(raw), "dataset": "own"}
    write_config(folder / "run.yml", env="interactions", params=params)
    return folder


@pytest.fixture(scope="module")
def finished(project: Path) -> Path:
    """The same behind ``kedro run``."""
    done = command(project, "kedro", "run", "--config", "run.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def test_the_checks_approve_it(project, monkeypatch):
    """Those that the page shows."""
    monkeypatch.syspath_prepend(project / "src")
    assert CHECKS.count("check_") == 10
    exec(CHECKS, {})


@pytest.mark.system
def test_a_run_uses_it_and_reports_it(finished):
    """Vectors, codes, model, metric and baseline, to the bundle and the page."""
    reporting = finished / "data" / "08_reporting" / "own"
    metrics = json.loads((reporting / "metrics.json").read_text())["test"]
    assert 0 <= metrics["own"]["clicks_over_half"]["value"] <= 1
    baseline = metrics["baselines"]["recently_clicked"]
    assert len(baseline["own"]["clicks_over_half"]["difference"]) == 2
    page = (reporting / "report.html").read_text()
    assert "own metrics" in page
    assert "recently clicked" in page
    bundle = finished / "data" / "06_models" / "own" / "bundle"
    facts = json.loads((bundle / "bundle.json").read_text())
    assert facts["ctr"]["model"]["name"] == "own_code:OurModel"
    quantizer = json.loads((bundle / "quantizers" / "title.json").read_text())
    assert (quantizer["method"], quantizer["params"]["positions"]) == (
        "own_code:Signs",
        8,
    )


@pytest.mark.system
def test_the_bundle_needs_it_and_says_so(finished, tmp_path):
    """In the project's folder it is found; elsewhere there is a sentence."""
    bundle = finished / "data" / "06_models" / "own" / "bundle"
    rows = tmp_path / "rows.csv"
    rows.write_text("item_id,history\ntoy-1003,toy-1006\n")
    there = command(finished, "mmctr", "score", bundle, rows)
    assert there.returncode == 0, there.stderr
    elsewhere = command(tmp_path, "mmctr", "score", bundle, rows)
    assert elsewhere.returncode != 0
    assert "names code that it does not contain" in elsewhere.stderr
    assert "own_code:OurModel: there is no module own_code here" in elsewhere.stderr
    assert "make it again" not in elsewhere.stderr
    assert "Traceback" not in elsewhere.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("quantization.method=elsewhere:Signs", "no module elsewhere here"),
        ("quantization.method=own_code:Sign", "did you mean 'Signs'"),
        ("embedding.provider=own_code:Signs", "lacks depends_on, embed, version"),
        ("quantization.method=own_code:Signs,quantization.options.wide=1", "wide: Ext"),
        ("ctr_modeling.model.name=own_code:Other", "module own_code has no Other"),
    ],
)
def test_what_can_not_be_used_ends_a_run_before_any_work(
    project, monkeypatch, change, message
):
    """With a sentence, and no artifact."""
    monkeypatch.syspath_prepend(project / "src")
    params = f"raw_dir={project / 'log'},dataset=none,{change}"
    result = kedro_run(project, "--env", "interactions", "--params", params)
    assert result.exit_code != 0
    assert message in f"{result.output} {result.exception}"
    assert not (project / "data" / "03_primary" / "none").exists()
