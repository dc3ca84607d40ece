"""What goes wrong is said in one message that names it, and damages nothing."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from project_runs import files_below, kedro_run, write_config, write_log

from mmctr.content.embedders.errors import EmbeddingError


def message_of(project: Path, *arguments: str) -> str:
    """The message of a run that must fail as a person should see it fail."""
    result = kedro_run(project, *arguments)
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    # Kedro's words on a dataset, before the sentence that says what to do.
    assert "Failed while" not in result.output
    assert result.output.count("Error: ") == 1
    return result.output.partition("Error: ")[2]


# Parameters.


def test_wrong_parameters_stop_the_run_before_any_work(project):
    """Those of other pipelines than the one asked for too; one message has them all."""
    message = message_of(
        project,
        "--env=test",
        "--pipeline=sample",
        "--params=traning.lr=1,ctr_modeling.training.learning_rte=1,"
        "quantization.methd=x,ctr_modeling.training.patience=often,preparation=3,"
        "dataset=../elsewhere,seed=1,device=tpu",
    )
    for unknown, near in {
        "traning": "ctr_modeling.training",
        "ctr_modeling.training.learning_rte": "ctr_modeling.training.learning_rate",
        "quantization.methd": "quantization.method",
    }.items():
        assert f"'{unknown}' is not a parameter; did you mean '{near}'?" in message
    for wrong in (
        "'ctr_modeling.training.patience' = 'often'",
        "'preparation' = 3",
        "'dataset' = '../elsewhere'",
        "'device' = 'tpu'",
    ):
        assert wrong in message
    assert not (project / "data").exists()


def test_a_wrong_list_in_a_config_file(project):
    params = {"ctr_modeling": {"model": {"attention_units": ["wide"]}}}
    config = write_config(project / "run.yml", env="test", params=params)
    message = message_of(project, f"--config={config}")
    assert "'ctr_modeling.model.attention_units.0' = 'wide'" in message
    assert not (project / "data").exists()


def test_a_password_in_an_address_is_not_printed(project):
    address = "https://me:hush@host/v1"
    result = kedro_run(
        project, "--env=test", f"--params=embedding.openai.base_url={address}"
    )
    assert result.exit_code != 0
    assert "embedding.openai.base_url" in result.output
    assert "hush" not in result.output


def test_a_number_for_a_data_set_name_in_a_config_file_needs_quotes(project):
    (project / "run.yml").write_text("run:\n  env: test\n  params: {dataset: 1e3}\n")
    message = message_of(project, f"--config={project / 'run.yml'}")
    assert "'dataset' = 1000.0" in message
    assert "quotes" in message


# Options.


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("run:\n  pipline: sample\n", ["'pipline' is not an option", "pipeline"]),
        ("pipeline: sample\n", ["under a key 'run'"]),
        ("run: [\n", ["run.yml"]),
        ("- run\n", ["under a key 'run'"]),
    ],
)
def test_an_invalid_config_file_is_refused(project, content, words):
    (project / "run.yml").write_text(content)
    message = message_of(project, f"--config={project / 'run.yml'}")
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--env=nowhere"], ["nowhere"]),
        (["--env=test", "--pipeline=quantisation"], ["quantization"]),
        (["--env=test", "--pipeline=sample", "--pipelines=fusion"], ["together"]),
        (["--env=test", "--nodes=train"], ["'train'", "'train_model'"]),
    ],
)
def test_a_name_that_is_not_there(project, arguments, words):
    message = message_of(project, *arguments)
    for word in words:
        assert word in message


def test_a_broken_configuration_file_is_named(project):
    (project / "conf/local/parameters.yml").write_text("seed: [3\n")
    assert "local/parameters.yml" in message_of(project, "--pipeline=sample")


# Data.


def without_column(path: Path, column: str) -> None:
    pq.write_table(pq.read_table(path).drop_columns([column]), path)


def test_a_missing_raw_file_is_named_and_artifacts_stay(finished_project):
    project = finished_project
    (project / "data/01_raw/test/MicroLens_1M_x1/valid.parquet").unlink()
    before = files_below(project / "data")
    message = message_of(project, "--env=test")
    assert "valid.parquet is missing in" in message
    assert "raw_dir" in message
    assert files_below(project / "data") == before


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("MicroLens_1M_x1/train.parquet", "item_seq"),
        ("MicroLens_1M_x1/train.parquet", "label"),
        ("MicroLens_1M_MMCTR/item_feature.parquet", "item_title"),
    ],
)
def test_a_missing_column_is_named_and_artifacts_stay(finished_project, file, column):
    project = finished_project
    without_column(project / "data/01_raw/test" / file, column)
    before = files_below(project / "data")
    message = message_of(project, "--env=test")
    assert Path(file).name in message
    assert f"'{column}' is missing" in message
    assert files_below(project / "data") == before


@pytest.mark.parametrize(
    ("file", "column"),
    [("interactions.parquet", "timestamp"), ("items.parquet", "item_id")],
)
def test_a_missing_column_of_a_log_is_named(project, file, column):
    raw = write_log(project / "log")
    without_column(raw / file, column)
    message = message_of(project, "--env=interactions", f"--params=raw_dir={raw}")
    assert file in message
    assert f"'{column}' is missing" in message
    assert not (project / "data").exists()


@pytest.mark.parametrize("file", ["interactions.parquet", "items.parquet"])
def test_a_missing_file_of_a_log_is_named(project, file):
    raw = write_log(project / "log")
    (raw / file).unlink()
    message = message_of(project, "--env=interactions", f"--params=raw_dir={raw}")
    assert f"{file} is missing in {raw}" in message


def test_a_folder_that_is_not_there_is_named(project):
    message = message_of(
        project, "--env=interactions", "--params=raw_dir=nowhere,dataset=x"
    )
    assert "nowhere" in message
    assert "does not exist" in message


def test_an_artifact_that_no_pipeline_wrote_yet(raw_project):
    message = message_of(raw_project, "--env=test", "--pipeline=fusion")
    assert "does not exist; run the pipeline that writes it first" in message


@pytest.mark.parametrize(
    ("file", "pipeline"),
    [
        ("03_primary/test/items.parquet", "embedding"),
        ("04_feature/test/vectors/title.npy", "quantization"),
        ("06_models/test/ctr_weights.safetensors", None),
        ("08_reporting/test/preparation.json", None),
    ],
)
def test_a_damaged_artifact_is_named(finished_project, file, pipeline):
    project = finished_project
    path = project / "data" / file
    path.write_bytes(path.read_bytes()[:-20])
    chosen = (
        [f"--pipeline={pipeline}"]
        if pipeline
        else ["--nodes=predict_test,evaluate_predictions"]
    )
    message = message_of(project, "--env=test", *chosen)
    assert path.name in message


# Surroundings.


def test_a_service_that_does_not_answer(finished_project, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hush")
    params = {
        "embedding": {
            "provider": "openai",
            # The discard port: nothing listens there.
            "openai": {"base_url": "http://127.0.0.1:9/v1", "max_retries": 0},
        }
    }
    config = write_config(
        finished_project / "run.yml", env="test", pipeline="embedding", params=params
    )
    before = files_below(finished_project / "data")
    message = message_of(finished_project, f"--config={config}")
    assert "127.0.0.1:9" in message
    assert "hush" not in message
    assert files_below(finished_project / "data") == before


def fail_with(error: Exception):
    def embed(*_: object) -> None:
        raise error

    return embed


EMBED_TITLES = "mmctr.pipelines.embedding.nodes.embed_modalities"


@pytest.mark.parametrize("error", [EmbeddingError("no vectors"), ValueError("odd")])
def test_the_traceback_of_an_expected_error_is_for_those_who_ask(
    finished_project, monkeypatch, error
):
    monkeypatch.setattr(EMBED_TITLES, fail_with(error))
    arguments = ["--env=test", "--pipeline=embedding"]
    message = message_of(finished_project, *arguments)
    assert message.startswith(f"{error}\n")
    assert "--traceback" in message
    result = kedro_run(finished_project, *arguments, "--traceback")
    assert result.exit_code != 0
    assert result.exception is error


@pytest.mark.parametrize("error", [RuntimeError("index out of range"), KeyError("x")])
def test_a_defect_keeps_its_traceback(finished_project, monkeypatch, error):
    monkeypatch.setattr(EMBED_TITLES, fail_with(error))
    result = kedro_run(finished_project, "--env=test", "--pipeline=embedding")
    assert result.exit_code != 0
    assert result.exception is error


# The summary.


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (Path.unlink, "no summary: training_history is missing"),
        (lambda path: path.write_text('{"title": '), "no summary: DatasetError"),
        (lambda path: path.write_text("[]"), "no summary: AttributeError"),
    ],
)
def test_a_run_whose_summary_cannot_be_made_has_not_failed(
    finished_project, caplog, damage, reason
):
    damage(finished_project / "data/08_reporting/test/training.json")
    nodes = "--nodes=evaluate_predictions"
    result = kedro_run(finished_project, "--env=test", nodes)
    assert result.exit_code == 0
    assert "\nnext\n" not in result.output
    assert reason in caplog.text
