"""The benchmarks measure what they say; how fast is never asserted."""

import json

import pytest
import torch

from benchmarks.machine import cpu_model, matmul_gflops
from benchmarks.report import empty_results, save, table


def test_the_machine_has_a_name_and_a_rate():
    assert cpu_model()
    assert matmul_gflops(torch.float32, rounds=1) > 0


def test_a_rate_needs_a_round():
    with pytest.raises(ValueError, match="at least 1"):
        matmul_gflops(torch.float32, rounds=0)


def test_results_have_the_fixed_interface():
    results = empty_results()
    assert set(results) == {"din", "vqvae", "loader", "growth", "machine"}
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
