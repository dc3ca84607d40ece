"""Dropout masks that depend on the step only."""

import pytest
import torch
from torch import nn

from mmctr.ctr.layers.dropout import StepDropout, dropout_layers, set_dropout_step


@pytest.fixture
def layer():
    return StepDropout(0.4, seed=5, layer=2)


def test_share_and_scale(layer):
    out = layer(torch.ones(400, 500))
    assert (out == 0).float().mean().item() == pytest.approx(0.4, abs=0.005)
    kept = out[out != 0]
    assert kept.unique().numel() == 1
    assert out.mean().item() == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("p", [0.1, 0.4, 0.75])
def test_mean_and_variance(p):
    """Of a value: mean 1, variance p / (1 - p), in every row and column alike."""
    out = StepDropout(p, seed=3, layer=1)(torch.ones(1500, 1000)).double()
    variance = p / (1 - p)
    assert out.mean().item() == pytest.approx(
        1, abs=5 * (variance / out.numel()) ** 0.5
    )
    assert out.var().item() == pytest.approx(variance, rel=0.01)
    for dim in (0, 1):
        count = out.shape[dim]
        means = out.mean(dim)
        assert (means - 1).abs().max() < 5.5 * (variance / count) ** 0.5
        assert means.var().item() == pytest.approx(variance / count, rel=0.2)


def test_neighbours_and_steps_are_independent():
    layer = StepDropout(0.5, seed=3, layer=1)
    masks = []
    for step in (0, 1):
        layer.step = step
        masks.append(layer(torch.ones(1000, 1000)).double() - 1)
    for one, other in (
        masks,
        (masks[0][:, 1:], masks[0][:, :-1]),
        (masks[0][1:], masks[0][:-1]),
    ):
        assert (one * other).mean().abs() < 0.005


def test_half_precision_keeps_the_scale(layer):
    """1 / 0.6 in bfloat16 is 0.15 % off; a product rounded once is not biased."""
    x = torch.full((400, 500), 1.1, dtype=torch.bfloat16)
    out = layer(x)
    assert out.dtype == torch.bfloat16
    kept = out[out != 0].unique()
    assert kept.item() == (x[0, 0].float() * layer(torch.ones(9, 9)).max()).bfloat16()


def test_the_same_step_draws_the_same_mask(layer):
    x = torch.ones(7, 9)
    first = layer(x)
    assert torch.equal(layer(x), first)
    layer.step = 1
    assert not torch.equal(layer(x), first)
    layer.step = 0
    assert torch.equal(layer(x), first)


def test_layers_and_seeds_differ():
    x = torch.ones(7, 9)
    masks = [
        StepDropout(0.5, seed=seed, layer=number)(x)
        for seed in (1, 2)
        for number in (1, 2)
    ]
    assert len({tuple(mask.flatten().tolist()) for mask in masks}) == 4


def test_gradients_pass_through_kept_values_only(layer):
    x = torch.randn(30, 4, requires_grad=True)
    out = layer(x)
    out.sum().backward()
    expected = torch.where(out != 0, out / x, torch.zeros_like(x)).detach()
    torch.testing.assert_close(x.grad, expected)


def test_evaluation_and_no_dropout_are_the_identity(layer):
    x = torch.randn(3, 4)
    assert layer.eval()(x) is x
    assert StepDropout(0.0, seed=1, layer=1)(x) is x


def test_the_step_is_set_on_all_dropout_layers(layer):
    model = nn.Sequential(
        nn.Linear(2, 2), layer, nn.Sequential(StepDropout(0.1, seed=1, layer=3))
    )
    set_dropout_step(dropout_layers(model), 11)
    assert layer.step == model[2][0].step == 11


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda(layer):
    x = torch.ones(400, 500, device="cuda")
    out = layer(x)
    assert torch.equal(layer(x), out)
    assert (out == 0).float().mean().item() == pytest.approx(0.4, abs=0.005)
