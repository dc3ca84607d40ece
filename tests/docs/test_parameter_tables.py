"""The table of parameters is that of the models and of conf/."""

from pathlib import Path

import pytest
from parameter_tables import Row, parameter_page, parameter_rows
from project_runs import REPOSITORY

from mmctr.project.params import ProjectParams


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return {row.name: row for row in parameter_rows(REPOSITORY / "conf")}


def test_every_section_has_rows(rows):
    sections = {name.partition(".")[0] for name in rows}
    assert sections == set(ProjectParams.model_fields)


def test_every_parameter_is_described(rows):
    assert [name for name, row in rows.items() if not row.meaning] == []


def test_a_row_says_what_a_value_may_be(rows):
    assert rows["seed"].kind == "whole number, at least 0"
    assert rows["preparation.valid_fraction"].kind == "number, over 0, under 1"
    assert rows["embedding.openai.dimensions"].kind == (
        "whole number or `null`, at least 1"
    )
    assert rows["quantization.vqvae.alpha"].kind == (
        "number, at least 0 or `std`, `plain`"
    )
    assert rows["ctr_modeling.model.dnn_units"].kind.startswith("list of whole number")
    assert rows["strict"].kind == "true or false"


def test_a_row_has_the_value_of_base_and_where_it_differs(rows):
    levels = rows["quantization.rq_kmeans.levels"]
    assert (levels.base, levels.elsewhere) == ("`4`", "`interactions`: `8`")
    assert "`microlens`: `64`" in rows["ctr_modeling.model.embedding_dim"].elsewhere
    assert rows["embedding.precomputed.path"].base == "`null`"


def test_keys_that_the_user_chooses_have_a_name_for_it(rows):
    assert "ablation.arms.NAME.kind" in rows
    assert rows["tuning.space.NAME.int.low"].base == ""


def test_the_page_is_a_table_a_model_with_no_broken_row():
    page = parameter_page(REPOSITORY / "conf")
    for section in ("project", "embedding", "quantization", "tuning"):
        assert page.count(f"\n## {section}\n") == 1
    batch = page.partition("\n### embedding.openai.batch\n")[2].partition("###")[0]
    assert "| `poll_seconds` | number, over 0 | `30.0` |" in batch
    for line in page.splitlines():
        if line.startswith("|"):
            assert line.replace("\\|", "").count("|") == 5, line


def test_a_value_changed_in_conf_is_the_pages(tmp_path: Path):
    import shutil

    conf = shutil.copytree(REPOSITORY / "conf", tmp_path / "conf")
    file = conf / "base" / "parameters" / "embedding.yml"
    file.write_text(file.read_text().replace("dry_run: false", "dry_run: true", 1))
    rows = {row.name: row for row in parameter_rows(conf)}
    assert rows["embedding.openai.dry_run"].base == "`true`"
    assert rows["embedding.progress"].base == "`false`"
