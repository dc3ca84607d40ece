"""The benchmarks measure what they say; how fast is never asserted."""

import json
import sys

import numpy as np
import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import din, loader, models
from benchmarks.child import measure
from benchmarks.clock import StepClock, seconds_a_step
from benchmarks.machine import cpu_model, matmul_gflops
from benchmarks.peer import PaddedDin
from benchmarks.report import empty_results, save, table
from benchmarks.steps import flops_a_step, require_equal_losses, train_product
from benchmarks.world import Shape, click_log, item_table, reference_params
from mmctr.ctr.models import MODELS

SMALL = Shape(items=60, positions=4, codes=8, tags=9)


def compare():
    table, log = item_table(SMALL, 1), click_log(SMALL, 24, 1)
    return require_equal_losses(table, log, reference_params(1, dropout=False), 24)


def test_the_machine_has_a_name_and_a_rate():
    assert cpu_model()
    assert matmul_gflops(torch.float32, rounds=1) > 0


def test_a_rate_needs_a_round():
    with pytest.raises(ValueError, match="at least 1"):
        matmul_gflops(torch.float32, rounds=0)


def test_results_have_the_fixed_interface():
    results = empty_results()
    assert set(results) == {
        "din",
        "models",
        "vqvae",
        "loader",
        "long_log",
        "preparation",
        "growth",
        "stages",
        "busy",
        "serving",
        "two_nodes",
        "machine",
    }
    assert set(results["din"]["384"]) == {
        "rows_per_s",
        "peer_rows_per_s",
        "ratio_stock",
        "ratio_tuned",
        "limit_share",
        "peak_gb",
    }
    assert set(results["din"]["2048"]) == {"rows_per_s", "limit_share", "peak_gb"}


def test_the_table_shows_what_was_not_measured_as_a_dash(tmp_path):
    results = empty_results()
    results["loader"]["rows_per_s"] = 1234567.0
    lines = table(results).splitlines()
    assert lines[0].split() == ["din", "384", "rows_per_s", "-"]
    assert any(line.split()[-1] == "1,234,567" for line in lines)
    save(results, tmp_path / "new" / "latest.json")
    assert json.loads((tmp_path / "new" / "latest.json").read_text()) == results


def test_one_command_measures_every_part(monkeypatch, capsys):
    """The JSON has a value for every name of the fixed interface, and the table too."""
    empty, saved = empty_results(), []

    class Part:
        def __init__(self, name):
            self.name = name

        def run(self, rounds):
            return {key: float(rounds) for key in empty[self.name]}

    monkeypatch.setattr(command, "PARTS", {name: Part(name) for name in command.PARTS})
    monkeypatch.setattr(command, "describe_machine", lambda: {"cpu": "a good one"})
    monkeypatch.setattr(command, "save", saved.append)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--rounds", "3"])
    command.main()
    assert set(saved[0]) == set(empty)
    assert saved[0]["vqvae"] == {"train_ratio": 3.0, "encode_ratio": 3.0}
    shown = capsys.readouterr().out
    assert "a good one" in shown
    assert not any(line.endswith(" -") for line in shown.splitlines())


def test_there_is_a_round_at_least(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--rounds", "0"])
    with pytest.raises(SystemExit):
        command.main()


def test_the_peer_computes_the_products_loss():
    ours, theirs = compare()
    assert ours == pytest.approx(theirs, rel=1e-5)


@pytest.mark.parametrize("part", ["embedding", "attention", "dnn"])
def test_a_peer_that_computes_something_else_is_not_timed(monkeypatch, part):
    copy = PaddedDin._copy_from

    def copy_wrongly(self, model):
        copy(self, model)
        with torch.no_grad():
            for weights in getattr(self, part).parameters():
                weights.mul_(1.1)

    monkeypatch.setattr(PaddedDin, "_copy_from", copy_wrongly)
    with pytest.raises(ValueError, match="no time is taken"):
        compare()


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_twin_that_scores_the_same(name, monkeypatch):
    monkeypatch.setattr(models, "WARM_UP", 1)
    monkeypatch.setattr(models, "STEPS", 1)
    found = models.time_model(name, batch_size=24, shape=SMALL)
    assert all(value > 0 for value in found.values())


def test_a_twin_that_scores_otherwise_is_not_timed():
    log = click_log(SMALL, 24, 1)
    with pytest.raises(ValueError, match="no time is taken"):
        models.require_equal_logits(
            lambda batch: batch.label, lambda batch: 1 - batch.label, log[np.arange(24)]
        )


def test_the_products_trainer_takes_the_steps_that_are_timed(monkeypatch):
    ends = iter(range(100, 200, 7))
    monkeypatch.setattr(StepClock, "now", lambda _: next(ends))
    table, log = item_table(SMALL, 1), click_log(SMALL, 5 * 24, 1)
    params = reference_params(1)
    assert train_product(table, log, params, 24, warm_up=2) == 7
    assert next(ends) == 100 + 5 * 7


def test_a_clock_leaves_the_warm_up_out(monkeypatch):
    clock = StepClock()
    for end in (10.0, 11.0, 13.0):
        monkeypatch.setattr(StepClock, "now", lambda _, now=end: now)
        clock.on_train_batch_end()
    assert clock.seconds_a_step(warm_up=1) == 1.5
    for warm_up in (0, 3):
        with pytest.raises(ValueError, match="warm-up"):
            clock.seconds_a_step(warm_up=warm_up)


def test_steps_by_hand_are_counted_behind_the_warm_up():
    calls = []
    seconds = seconds_a_step(lambda: calls.append(1), warm_up=2, steps=3)
    assert len(calls) == 5
    assert seconds >= 0


def test_the_work_of_a_step_is_counted_both_ways():
    log, params = click_log(SMALL, 24, 1), reference_params(1)
    work = flops_a_step(item_table(SMALL, 1), log, params)
    dense = 24 * (1024 * 512 + 512 * 256)
    history = len(log.history) * (6 * 64 * 512 + 512 * 256)
    assert work > 3 * 2 * (dense + history)
    assert flops_a_step(item_table(SMALL, 1), log, params) == work


def test_medians_and_ratios_are_of_the_right_pairs():
    rates = {("din_product", 384, False): 60.0}
    rates |= {("din_peer", 384, False): 2.0, ("din_peer", 384, True): 6.0}
    order = []

    def measure(what, arguments, *, tuned=False):
        order.append(what)
        names = ("limit_share", "peak_gb", "gflop", "limit_gflops")
        rate = rates.get((what, arguments.get("batch_size"), tuned), 0.0)
        return {"rows_per_s": rate, **dict.fromkeys(names, 1.0)}

    results = din.run(2, measure)
    assert order[0] == "din_check"
    assert results["384"]["ratio_stock"] == 30
    assert results["384"]["ratio_tuned"] == 10
    assert set(results) == {"384", "2048", "8192"}
    for size, expected in empty_results()["din"].items():
        assert set(expected) <= set(results[size])


def test_the_loader_is_timed_on_every_row(tmp_path):
    path = str(tmp_path / "train.parquet")
    assert loader.write(path=path, rows=500) == {"rows": 500}
    assert loader.load(path=path)["rows_per_s"] > 0


@pytest.mark.system
def test_a_measurement_whose_process_fails_says_why(tmp_path):
    with pytest.raises(RuntimeError, match="FileNotFoundError"):
        measure("loader_load", {"path": str(tmp_path / "missing.parquet")})
