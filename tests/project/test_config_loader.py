"""Configuration is resolved once, and every caller has a copy of its own."""

from kedro.config import OmegaConfigLoader
from paths import CONF

from mmctr.project.config_loader import CachedConfigLoader
from mmctr.settings import CONFIG_LOADER_ARGS


def test_it_is_read_once_and_no_caller_changes_another_ones(monkeypatch):
    asked = {"conf_source": str(CONF), "env": "test", **CONFIG_LOADER_ARGS}
    loader = CachedConfigLoader(**asked)
    loader["catalog"]["train"].clear()
    # With this loader's parameters, which entries take values of.
    expected = OmegaConfigLoader(**asked)["catalog"]
    monkeypatch.setattr(loader, "_read_raw_config", None)
    assert loader["catalog"] == expected
    assert expected["train"]


def test_runtime_parameters_are_in_it():
    loader = CachedConfigLoader(
        str(CONF), env="test", runtime_params={"dataset": "x"}, **CONFIG_LOADER_ARGS
    )
    assert loader["parameters"]["dataset"] == "x"
