"""The memory estimate before training."""

import logging

import numpy as np
import pytest
from worlds import (
    click_log,
    ctr_params,
    log_with_statistics,
    random_table,
    with_vectors,
)

from mmctr.ctr.training import memory_estimate as memory
from mmctr.ctr.training.memory_estimate import (
    MemoryEstimate,
    estimate_memory,
    warn_if_memory_low,
)
from mmctr.runtime import free_memory


def estimate(**options) -> MemoryEstimate:
    rng = np.random.default_rng(0)
    table = with_vectors(rng, random_table(rng))
    params = ctr_params(**options)
    kinds = params.features.statistics
    logs = [log_with_statistics(rng, rows, kinds) for rows in (300, 40)]
    return estimate_memory(table, *logs, params)


@pytest.mark.parametrize(
    ("part", "options"),
    [
        ("click log", {"features": {"statistics": ["popularity"]}}),
        ("batch", {"features": {"statistics": ["popularity"]}}),
        ("weights", {"features": {"statistics": ["popularity"]}}),
        ("weights", {"training": {"weight_average": 0.9}}),
        ("weights", {"training": {"seeds": 2}}),
        ("batch", {"training": {"batch_size": 4096}}),
        ("batch", {"model": {"attention_units": [512, 512]}}),
        ("weights", {"model": {"embedding_dim": 256}}),
        ("weights", {"model": {"dnn_units": [4096, 4096]}}),
        ("item table", {"features": {"content": "codes+continuous"}}),
        ("item table", {"features": {"content": "continuous+similarity"}}),
    ],
)
def test_larger_settings_need_more_memory(part, options):
    small, large = estimate(), estimate(**options)
    assert large.parts[part] > small.parts[part]
    assert all(size > 0 for size in small.parts.values())


@pytest.mark.parametrize("min_rows", [1, 30])
@pytest.mark.parametrize("entry", ["positional", "bag", "concat", "prefix"])
def test_the_weights_of_every_entry_are_counted(entry, min_rows):
    """As many as the model has."""
    from mmctr.ctr.models.din.model import Din

    rng = np.random.default_rng(0)
    table = random_table(rng)
    params = ctr_params(
        features={"item_id_min_rows": min_rows}, model={"code_entry": entry}
    )
    train = click_log(rng, 300)
    model = Din(table, train.item_counts(table.n_items), params)
    own = sum(weight.numel() for weight in model.parameters())
    counted = estimate_memory(table, train, click_log(rng, 40), params).parts["weights"]
    assert counted == 4 * 5 * own


def test_too_little_memory_is_warned_of_with_advice(caplog, monkeypatch):
    little = MemoryEstimate({"click log": 1e9, "weights": 3e9, "batch": 2e9})
    monkeypatch.setattr(memory, "available_memory", lambda: int(1e9))
    monkeypatch.setattr(memory, "own_memory", lambda: int(1e9))
    with caplog.at_level(logging.INFO):
        warn_if_memory_low(little, ctr_params())
    (warning,) = [x for x in caplog.records if x.levelno == logging.WARNING]
    assert "6.65 GB" in warning.getMessage()
    assert "container has 2.00 GB: lower ctr_modeling.model.embedding_dim" in (
        warning.getMessage()
    )


def test_enough_memory_gives_no_warning(caplog, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: int(9e9))
    monkeypatch.setattr(memory, "own_memory", lambda: int(1e9))
    with caplog.at_level(logging.WARNING):
        warn_if_memory_low(estimate(), ctr_params())
        warn_if_memory_low(estimate(), ctr_params(training={"memory_gb": 5.0}))
    assert not caplog.records
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    warn_if_memory_low(estimate(), ctr_params())


@pytest.mark.parametrize(
    ("limit", "used"),
    [
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ],
)
def test_the_limit_of_a_container_counts(tmp_path, limit, used):
    (tmp_path / "memory").mkdir()
    (tmp_path / limit).write_text("5000\n")
    (tmp_path / used).write_text("2000\n")
    assert free_memory._of_group(tmp_path) == 3000
    (tmp_path / limit).write_text("max\n")
    assert free_memory._of_group(tmp_path) is None
    (tmp_path / limit).write_text("1000\n")
    assert free_memory._of_group(tmp_path) == 0


def test_free_memory_is_read_from_the_kernel(tmp_path):
    path = tmp_path / "meminfo"
    path.write_text("MemTotal: 90 kB\nMemAvailable:   40 kB\n")
    assert free_memory._of_machine(path) == 40 * 1024
    assert free_memory._of_machine(tmp_path / "none") is None
    own = free_memory.own_memory()
    assert own is None or own > 1e7
