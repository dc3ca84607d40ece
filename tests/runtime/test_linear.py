"""Products of many rows: the same as torch's, whatever kernel they take."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from mmctr.runtime.linear import RowsLinear, linear, spare_rows, uses_onednn

CPU = torch.device("cpu")
# Large enough for oneDNN, odd in every size, and one that torch multiplies itself.
SHAPES = [(4099, 129, 67), (4096, 1025, 64), (1031, 640, 1024), (7, 5, 3)]
# Those that MKL multiplies otherwise with more threads.
NARROW = [(64, 291, 10), (6, 384, 512), (140, 11, 256), (900, 5, 600), (9000, 64, 1)]


@pytest.fixture(autouse=True)
def _two_threads():
    """Whatever a test before has set."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("shape", SHAPES + NARROW)
@pytest.mark.parametrize("with_bias", [True, False])
def test_it_is_a_linear_layer_with_its_gradients(shape, with_bias):
    m, k, n = shape
    generator = torch.Generator().manual_seed(1)
    rows, weight, bias, into = (
        torch.randn(size, generator=generator) for size in ((m, k), (n, k), n, (m, n))
    )
    results = []
    for function in (linear, functional.linear):
        inputs = [x.clone().requires_grad_() for x in (rows, weight, bias)]
        out = function(*inputs[: 2 + with_bias])
        out.backward(into)
        results.append([out, *(x.grad for x in inputs[: 2 + with_bias])])
    for mine, theirs in zip(*results, strict=True):
        scale = theirs.abs().max()
        torch.testing.assert_close(mine / scale, theirs / scale, rtol=0, atol=2e-6)


def test_large_products_go_through_onednn_and_small_ones_do_not():
    def operations(m):
        with torch.profiler.profile() as profile:
            linear(torch.ones(m, 256), torch.ones(256, 256))
        return {event.key for event in profile.key_averages()}

    assert "aten::mkldnn_convolution" in operations(4096)
    assert "aten::mkldnn_convolution" not in operations(255)


def test_rows_need_not_lie_one_behind_another():
    rows = torch.randn(512, 4096).T
    weight = torch.randn(64, 512)
    torch.testing.assert_close(
        linear(rows, weight), rows @ weight.T, rtol=1e-4, atol=1e-3
    )


def test_no_rows_give_no_rows():
    assert linear(torch.empty(0, 512), torch.empty(64, 512)).shape == (0, 64)


def test_other_precisions_are_left_to_torch():
    rows, weight = torch.randn(4096, 256), torch.randn(256, 256)
    with torch.autocast("cpu", torch.bfloat16):
        assert not uses_onednn(CPU)
        assert linear(rows, weight).dtype == torch.bfloat16
    assert linear(rows.double(), weight.double()).dtype == torch.float64


@pytest.mark.parametrize("shape", SHAPES + NARROW)
def test_results_do_not_depend_on_the_number_of_threads(shape):
    m, k, n = shape
    generator = torch.Generator().manual_seed(1)
    sizes = ((m, k), (n, k), (n,), (m, n))
    *inputs, into = (torch.randn(size, generator=generator) for size in sizes)
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        inputs = [x.detach().requires_grad_() for x in inputs]
        out = linear(*inputs)
        out.backward(into)
        parts = [out, *(x.grad for x in inputs)]
        results.append([part.detach().numpy().tobytes() for part in parts])
    assert results[0] == results[1] == results[2]


@pytest.mark.filterwarnings("ignore:TF32")
def test_it_can_be_turned_off():
    assert uses_onednn(CPU)
    with torch.backends.mkldnn.flags(enabled=False):
        assert not uses_onednn(CPU)
        assert spare_rows(1001, CPU) == 0
    assert not uses_onednn(torch.device("meta"))


def test_the_layer_keeps_the_names_of_torch_s():
    layer = RowsLinear(640, 128)
    other = torch.nn.Linear(640, 128)
    other.load_state_dict(layer.state_dict())
    rows = torch.randn(2048, 640)
    torch.testing.assert_close(layer(rows), other(rows), rtol=1e-4, atol=1e-5)


@given(st.integers(0, 10**7))
@settings(deadline=None)
def test_spare_rows_are_few(count):
    spare = spare_rows(count, CPU)
    assert 0 <= spare <= count / 32


def test_few_numbers_of_rows_are_left():
    padded = {count + spare_rows(count, CPU) for count in range(2**11, 2**12)}
    assert len(padded) == 33
