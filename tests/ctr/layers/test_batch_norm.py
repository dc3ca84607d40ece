"""Batch normalisation by plain sums is torch's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mmctr.ctr.layers.batch_norm import PlainBatchNorm


def pair(width: int, seed: int = 0) -> tuple[PlainBatchNorm, nn.BatchNorm1d]:
    """Both layers with the same drawn state, in fp64, where rounding hides nothing."""
    generator = torch.Generator().manual_seed(seed)
    theirs = nn.BatchNorm1d(width)
    for tensor in (theirs.weight, theirs.bias, theirs.running_mean, theirs.running_var):
        tensor.data = torch.rand(width, generator=generator) + 0.5
    ours = PlainBatchNorm(width)
    ours.load_state_dict(theirs.state_dict())
    return ours.double(), theirs.double()


@given(st.integers(2, 70), st.integers(1, 70), st.floats(-50, 50), st.integers(0, 99))
@settings(deadline=None, max_examples=50)
def test_outputs_gradients_and_statistics_are_those_of_torch(rows, width, shift, seed):
    generator = torch.Generator().manual_seed(seed)
    x, into = torch.randn(2, rows, width, generator=generator).double()
    x = x * 3 + shift
    results = []
    for layer in pair(width, seed):
        inputs = x.clone().requires_grad_()
        layer.momentum = 0.3
        out = layer(inputs)
        out.backward(into)
        gradients = [inputs.grad, layer.weight.grad, layer.bias.grad]
        results.append([out, *gradients, *layer.buffers(), layer.eval()(x)])
    for mine, expected in zip(*results, strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-6, atol=1e-6)


def test_one_row_has_no_spread():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        PlainBatchNorm(3)(torch.ones(1, 3))


def test_other_precisions_keep_their_type_and_are_summed_in_fp32():
    ours, theirs = (layer.float() for layer in pair(64))
    x = (torch.randn(512, 64) + 20).bfloat16()
    out = ours(x)
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), theirs(x.float()), rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(ours.running_var, theirs.running_var)


def test_sums_do_not_depend_on_the_number_of_threads():
    """Width 700: torch's own kernel fails this."""
    x, into = torch.randn(2, 1000, 700, generator=torch.Generator().manual_seed(0))
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        layer, inputs = PlainBatchNorm(700), x.clone().requires_grad_()
        out = layer(inputs)
        out.backward(into)
        parts = [out, inputs.grad, layer.weight.grad, layer.running_var]
        results.append([part.detach().numpy().tobytes() for part in parts])
    torch.set_num_threads(before)
    assert results[0] == results[1] == results[2]
