"""What the manifest records of threads and kernels."""

import subprocess
import sys
from importlib import metadata

import pytest
import torch

from mmctr.pipeline_registry import register_pipelines
from mmctr.project.provenance.computation import LIBRARIES, computation_of


@pytest.mark.parametrize("threads", [1, 2])
def test_a_training_has_its_threads_and_kernels(monkeypatch, threads):
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    torch.set_num_threads(threads)
    try:
        found = computation_of("train_model")
    finally:
        torch.set_num_threads(before)
    assert found == {
        "library": f"torch {metadata.version('torch')}",
        "omp_num_threads": "4",
        "threads": threads,
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "mkl": torch.backends.mkl.is_available(),
        "onednn": torch.backends.mkldnn.is_available(),
    }


def test_trees_have_their_library_and_no_kernels_of_torch(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = computation_of("score_by_trees")
    assert found["library"].startswith("lightgbm 4")
    assert found["omp_num_threads"] is None
    assert "threads" not in found


def test_other_nodes_have_none():
    assert computation_of("prepare_tables") is None


def test_the_named_nodes_are_there():
    nodes = {node.name for node in register_pipelines()["__default__"].nodes}
    assert set(LIBRARIES) <= nodes


def test_torch_is_not_imported_for_it():
    code = (
        "import sys; from mmctr.project.provenance.computation import computation_of; "
        "computation_of('train_model'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
