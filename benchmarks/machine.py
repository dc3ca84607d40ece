"""What the machine is, and how fast it multiplies matrices."""

import platform
import statistics
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import torch

from mmctr.runtime.linear import linear

LIBRARIES = ("torch", "fuxictr", "pytorch-lightning", "numpy", "pandas", "pyarrow")
# Shapes of the model's own layers, and one square that no layer of it reaches.
SHAPES = ((4096, 1536, 512), (4096, 512, 256), (2048, 2048, 2048))


@contextmanager
def without_onednn() -> Iterator[None]:
    """Let ``mmctr.runtime.linear`` multiply as torch does by default, with MKL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with torch.backends.mkldnn.flags(enabled=False):
            yield


def matmul_gflops(
    dtype: torch.dtype, *, rounds: int = 5, onednn: bool = False
) -> float:
    """Measure the rate of matrix products ``[m, k] @ [k, n]`` on the CPU.

    Args:
        dtype: Of both factors.
        rounds: Timed repetitions a shape, after one that is not counted.
        onednn: By ``mmctr.runtime.linear`` in place of ``torch.mm``.

    Returns:
        10^9 floating point operations a second: the median of the rounds, at the
        fastest of :data:`SHAPES`.

    Raises:
        ValueError: If there is no round.
    """
    if rounds < 1:
        raise ValueError(f"matmul: rounds must be at least 1, not {rounds}")
    return max(_rate(shape, dtype, rounds, onednn=onednn) for shape in SHAPES)


def describe_machine() -> dict[str, object]:
    """Versions, processor, threads, memory and the limits in fp32 and bf16."""
    return {
        "cpu": cpu_model(),
        "threads": torch.get_num_threads(),
        "memory_gb": round(_memory_gb(), 1),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
        "fp32_gflops": matmul_gflops(torch.float32),
        "fp32_onednn_gflops": matmul_gflops(torch.float32, onednn=True),
        "bf16_gflops": matmul_gflops(torch.bfloat16),
    }


def cpu_model() -> str:
    """Name of the processor; where the name is short, its family and model too."""
    file = Path("/proc/cpuinfo")
    if not file.exists():
        return platform.processor() or platform.machine()
    lines = (line.partition(":") for line in file.read_text().splitlines())
    fields = {name.strip(): value.strip() for name, _, value in lines}
    name = fields.get("model name", platform.machine())
    family, model = fields.get("cpu family"), fields.get("model")
    return f"{name} (family {family}, model {model})" if family else name


def _rate(
    shape: tuple[int, int, int], dtype: torch.dtype, rounds: int, *, onednn: bool
) -> float:
    m, k, n = shape
    left, right = torch.ones(m, k, dtype=dtype), torch.ones(n, k, dtype=dtype)
    out = torch.empty(m, n, dtype=dtype)
    seconds = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        if onednn:
            linear(left, right)
        else:
            torch.mm(left, right.T, out=out)
        seconds.append(time.perf_counter() - start)
    return 2 * m * k * n / statistics.median(seconds[1:]) / 1e9


def _memory_gb() -> float:
    file = Path("/proc/meminfo")
    if not file.exists():
        return float("nan")
    return int(file.read_text().split()[1]) / 2**20
