"""The report and the model card through ``kedro run``."""

import json
from pathlib import Path

import yaml
from found_ablation import ablation
from page_reader import Page
from project_runs import must_run


def report_of(project: Path) -> Page:
    text = (project / "data/08_reporting/test/report.html").read_text("utf-8")
    return Page(text)


def read(project: Path, name: str) -> dict:
    return json.loads((project / "data/08_reporting/test" / name).read_text())


def test_the_page_says_what_the_artifacts_say(road):
    project, _ = road
    page = report_of(project)
    assert page.loads() == []
    assert not page.all("script")
    metrics, manifest = read(project, "metrics.json"), read(project, "manifest.json")
    assert f"{metrics['test']['gauc']:.4f}" in page.section("overview").words
    rows = read(project, "preparation.json")["parts"]["test"]["rows"]
    assert f"test {rows}" in page.section("data").words
    assert (
        f"{manifest['outputs']['ctr_weights'][:12]}" in page.section("manifest").words
    )
    times = read(project, "run.json")["nodes"]["train_model"]
    assert f"train_model ctr_modeling earlier {times['seconds']:.1f} s" in (
        page.section("cost").words
    )
    assert "write_model_card reporting this" in page.section("cost").words
    slices = read(project, "evaluation_details.json")["test"]["slices"]
    assert {each["kind"] for each in slices} == {
        "all", "target", "history", "popularity",
    }  # fmt: skip
    for each in slices[1:]:
        assert f"{each['auc']:.4f}" in page.section("slices").words


def test_a_run_of_the_report_alone_names_it(road):
    _, outputs = road
    assert "report: data/08_reporting/test/report.html" in outputs["reporting"]


def test_the_report_follows_an_ablation_and_nothing_else_is_made_again(
    finished_project,
):
    project = finished_project
    folder = project / "data/08_reporting/test"
    again = ("--env", "test", "--only-missing-outputs")
    before = {
        path: path.stat().st_mtime_ns for path in folder.iterdir() if path.is_file()
    }
    must_run(project, *again)
    report = folder / "report.html"
    assert report.stat().st_mtime_ns == before[report]
    assert "has not run" in report_of(project).section("ablation").words

    (folder / "ablation_details.json").write_text(json.dumps(ablation()))
    must_run(project, *again)
    assert "rq_$codes$_<b>" in report_of(project).section("ablation").words
    made = {path for path in before if path.stat().st_mtime_ns != before[path]}
    assert {path.name for path in made} == {
        "report.html", "run.json", "manifest.json",
    }  # fmt: skip
    # It is no raw file, though the report is made of it.
    assert not [x for x in read(project, "manifest.json")["inputs"] if "ablation" in x]

    settled = report.stat().st_mtime_ns
    must_run(project, *again)
    assert report.stat().st_mtime_ns == settled


def test_the_card_makes_the_same_weights_again(raw_project, road):
    """Its file names every value that counts: the environment's are not needed."""
    card = (road[0] / "data/06_models/test/model_card.md").read_text("utf-8")
    options = card.split("```yaml\n")[1].split("```", maxsplit=1)[0]
    assert "env" not in yaml.safe_load(options)["run"]
    (raw_project / "again.yml").write_text(options)
    must_run(raw_project, "--config", "again.yml", "--to-outputs", "ctr_weights")
    one, other = (
        read(project, "manifest.json")["outputs"]["ctr_weights"]
        for project in (road[0], raw_project)
    )
    assert one == other
    assert one in card
