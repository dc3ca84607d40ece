"""Heads equal FuxiCTR's layers, and QIN's layer written out."""

import torch
from worlds import ctr_params

from mmctr.ctr.layers.low_cardinality import LowCardinalityBlock
from mmctr.ctr.layers.split_columns import SplitColumns
from mmctr.ctr.models.heads import make_head

ROWS, FREE = 9, 5


def inputs() -> SplitColumns:
    """Five free columns, and three of levels behind the second."""
    torch.manual_seed(0)
    block = LowCardinalityBlock(
        2, torch.randn(1, 4, 3, requires_grad=True), torch.randint(0, 4, (1, ROWS))
    )
    return SplitColumns(torch.randn(ROWS, FREE, requires_grad=True), (block,))


def require_equal(found, expected, ours, theirs, x: SplitColumns) -> None:
    """Outputs, and gradients of weights and inputs."""
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    sources = [x.free, x.blocks[0].vectors]
    own = torch.linspace(0.5, 1.5, ROWS)
    pairs = zip(
        torch.autograd.grad((found * own).sum(), [*sources, *ours]),
        torch.autograd.grad((expected * own).sum(), [*sources, *theirs]),
        strict=True,
    )
    for a, b in pairs:
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


def test_dcn_v2_equals_fuxictr():
    from fuxictr.pytorch.layers import CrossNetV2, MLP_Block

    params, x = ctr_params().model, inputs()
    width = FREE + 3
    head = make_head("dcn_v2", width, params, seed=0, first_layer=0)
    cross = CrossNetV2(width, params.dcn_v2.layers)
    deep = MLP_Block(
        input_dim=width,
        hidden_units=params.dnn_units,
        hidden_activations="ReLU",
        batch_norm=True,
    )
    ours = [*head.cross.parameters(), *head.deep.parameters()]
    theirs = [*cross.parameters(), *deep.parameters()]
    with torch.no_grad():
        for to, origin in zip(theirs, ours, strict=True):
            to.copy_(origin)
    whole = x.whole()
    both = torch.cat([cross(whole), deep(whole)], dim=1)
    require_equal(head(x), head.join(both).squeeze(1), ours, theirs, x)


def test_quadratic_equals_the_sum_of_products():
    params, x = ctr_params(model={"quadratic": {"dropout": 0.0}}).model, inputs()
    width = FREE + 3
    head = make_head("quadratic", width, params, seed=0, first_layer=0)
    expected = x.whole()
    for layer in head.layers:
        products = layer.terms(expected).unflatten(1, (4, width)) * expected[:, None]
        norm = torch.nn.BatchNorm1d(width)
        slope = torch.nn.functional.prelu(norm(products.sum(1)), layer.slope)
        expected = expected + slope
    expected = head.last(expected).squeeze(1)
    ours = [weight for layer in head.layers for weight in layer.terms.parameters()]
    require_equal(head(x), expected, ours, ours, x)
