"""The model's card."""

import copy
import inspect
import re
from typing import Any

import pytest
import yaml
from found_artifacts import found

from mmctr.reporting.card import write_model_card


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return taken(found())


def taken(artifacts: dict[str, Any]) -> dict[str, Any]:
    names = inspect.signature(write_model_card).parameters
    return {name: artifacts[name] for name in names}


def config_of(card: str) -> dict[str, Any]:
    """The file that makes the model again."""
    return yaml.safe_load(card.split("```yaml\n")[1].split("```", maxsplit=1)[0])["run"]


def test_it_says_what_the_run_found(made):
    card = write_model_card(**made)
    assert card.startswith("# Model card: toys\n")
    measured = made["metrics"]["test"]
    low, high = measured["auc_interval"]
    assert f"| **model** | {measured['auc']:.4f} [{low:.4f}, {high:.4f}] |" in card
    for name in measured["baselines"]:
        assert f"| {name.replace('_', ' ')} |" in card
    for words in (
        "codes (positional)",
        "| seed | 7 |",
        "123,456 numbers",
        "batch size 512",
        "| ctr_weights",
        "1234567890abc",
        "Apache-2.0",
        "| torch | 2.13.0 |",
        "12.5 % of the items are in no train row",
        "2 items have no title vector",
        "- Calibration, fitted on valid, moved the calibration error",
        "The largest gap on test",
    ):
        assert words in card.replace("`", ""), words
    assert "None" not in card


def test_it_has_the_first_rows_of_groups_where_there_are_any(made):
    card = write_model_card(**made)
    assert "hit rate at 5" not in card
    artifacts = copy.deepcopy(made)
    part = artifacts["metrics"]["test"]
    part |= {"groups_at_5": 1234, "hit_rate_at_5": 0.75}
    part |= {"hit_rate_at_5_interval": [0.7, 0.8]}
    card = write_model_card(**artifacts)
    assert "| hit rate at 5" in card
    assert "0.7500 [0.7000, 0.8000]" in card


def test_headings_are_those_of_a_model_card(made):
    card = write_model_card(**made)
    headings = [line for line in card.splitlines() if line.startswith("## ")]
    assert headings == [
        "## The model",
        "## The data",
        "## What it is for",
        "## What it is not for",
        "## Training",
        "## How good it is",
        "## Limits",
        "## To make it again",
        "## Licence",
    ]


def test_its_config_names_no_folder_of_this_machine(made):
    changed = copy.deepcopy(made)
    for manifest in (x for x in changed.values() if isinstance(x, dict)):
        if "raw_dir" in manifest.get("parameters", {}):
            manifest["parameters"]["raw_dir"] = "/home/jane/toys"
    card = write_model_card(**changed)
    assert config_of(card)["params"]["raw_dir"] == "DIR/toys"
    assert "jane" not in card


def test_its_config_has_what_the_weights_were_made_with(made):
    config = config_of(write_model_card(**made))
    assert config["env"] == "interactions"
    assert config["params"]["dataset"] == "toys"
    assert config["params"]["raw_dir"] == "data/01_raw/toys"
    assert config["params"]["ctr_modeling"] == {
        "model": {"dnn_units": [64, 32]},
        "seed": 7,
        "training": {"batch_size": 512},
    }
    assert "ablation" not in config["params"]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"name": "din", "head": "own"}, "Deep Interest Network: attention"),
        ({"name": "stca", "head": "dcn_v2"}, "stacked attention .*; head dcn_v2"),
        ({"name": "mine.models:Mine"}, "mine.models:Mine"),
    ],
)
def test_it_says_which_model_it_is(made, model, words):
    manifest = copy.deepcopy(made["manifest"])
    entry = manifest["made"]["ctr_weights"]["parameters"]
    entry |= {f"ctr_modeling.model.{name}": value for name, value in model.items()}
    card = write_model_card(**{**made, "manifest": manifest})
    assert re.search(rf"\| architecture \| {words} ?[^|]*\|", card)


def test_tables_hold_names_with_bars(made):
    card = write_model_card(**made)
    assert "`data/01_raw/a\\|b.parquet`" in card


def test_an_unlabelled_test_is_a_limit():
    card = write_model_card(**taken(found(labelled=False)))
    assert "Test has no labels: the numbers are of valid" in card
    assert "On 240 rows of valid" in card
    assert "| test | 240 | hidden |" in card


def test_a_training_cut_short_is_a_limit(made):
    assert "may be unfinished" not in write_model_card(**made)
    history = copy.deepcopy(made["training_history"])
    history |= {"best": 0.69, "best_step": 30}
    card = write_model_card(**{**made, "training_history": history})
    assert "may be unfinished" in card


def test_without_a_manifest_it_still_says_how_good_it_is(made):
    card = write_model_card(**{**made, "manifest": None})
    assert "# Model card: unknown" in card
    assert f"{made['metrics']['test']['auc']:.4f}" in card
