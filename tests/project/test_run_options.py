"""What an option names is there, or the nearest name is given."""

import click
import pytest

from mmctr.project.run_options import check_environment, check_run_options


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"pipeline": "sample"},
        {"pipelines": ["fusion", "quantization"], "to_nodes": ["build_item_table"]},
        {"node_names": ("train_model",), "runner": "ThreadRunner"},
        {"runner": "kedro.runner.SequentialRunner", "runner_params": {"is_async": 1}},
        {"from_inputs": ["item_table"], "to_outputs": ["metrics"]},
        {"env": "local"},
    ],
)
def test_names_that_are_there_pass(options):
    check_run_options(options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pipeline": "fuson"}, "--pipeline: there is no 'fuson'; did you mean 'fusi"),
        ({"pipelines": ["sample", "qq"]}, "--pipeline: there is no 'qq'; known: __d"),
        ({"node_names": ["train"]}, "'train'; did you mean 'train_model'"),
        (
            {"pipeline": "fusion", "from_nodes": ["train_model"]},
            "no 'train_model' of pipeline fusion; known: build_item_table",
        ),
        ({"from_inputs": ["item_tabel"]}, "did you mean 'item_table'"),
        ({"to_outputs": ["metric"]}, "did you mean 'metrics'"),
        ({"tags": ["x"]}, "--tags: there is no 'x'; known: none"),
        (
            {"namespaces": ["fussion"]},
            "--namespaces: there is no 'fussion'; did you mean",
        ),
        ({"runner": "threadrunner"}, "did you mean 'ThreadRunner'"),
        ({"runner": "no.such.Runner"}, "--runner: there is no 'no.such.Runner'"),
        ({"runner": "os.path"}, "is not a Kedro runner"),
        ({"runner": "ParallelRunner"}, "use ThreadRunner or SequentialRunner"),
        ({"runner_params": {"is_asyn": True}}, "did you mean 'is_async'"),
    ],
)
def test_a_name_that_is_not_there_is_answered(options, words):
    with pytest.raises(click.UsageError) as caught:
        check_run_options(options)
    assert words in str(caught.value)


def test_environments_are_folders(tmp_path, monkeypatch):
    for name in ("base", "production", ".hidden"):
        (tmp_path / name).mkdir()
    check_environment("production", str(tmp_path))
    with pytest.raises(click.UsageError, match="did you mean 'production'"):
        check_environment("prodution", str(tmp_path))
    with pytest.raises(click.UsageError, match="known: base, production$"):
        check_environment("zzz", str(tmp_path))
    monkeypatch.setenv("KEDRO_ENV", "bas")
    with pytest.raises(click.UsageError, match="KEDRO_ENV: there is no 'bas'"):
        check_environment(None, str(tmp_path))


def test_an_archive_of_environments_is_left_to_kedro(tmp_path):
    check_environment("any", str(tmp_path / "conf.tar.gz"))
