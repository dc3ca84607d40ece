"""Attention without padding equals FuxiCTR's and torch's padded layers."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mmctr.ctr.layers.segment_attention import SegmentAttention, segment_softmax

LENGTHS = st.lists(st.integers(0, 6), min_size=1, max_size=9).filter(any)
WIDTH, HEADS = 8, 2


def jagged(lengths: list[int], seed: int) -> dict[str, torch.Tensor]:
    """Items, targets and histories of these lengths, and their padded form."""
    torch.manual_seed(seed)
    count, total = len(lengths), sum(lengths)
    # Few, or many more than rows: the two ways in which it is computed.
    items = torch.randn(11 + 20 * (seed % 2), WIDTH, requires_grad=True)
    history = torch.randint(0, 11, (total,))
    segment = torch.repeat_interleave(torch.arange(count), torch.tensor(lengths))
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    padded = torch.zeros(count, max(lengths), dtype=torch.long)
    padded[mask] = history
    return {
        "query": torch.randn(count, WIDTH, requires_grad=True),
        "items": items,
        "history": history,
        "segment": segment,
        "padded": padded,
        "mask": mask,
    }


def ours(layer: SegmentAttention, rows: dict[str, torch.Tensor]) -> torch.Tensor:
    """The result."""
    names = ("query", "items", "history", "segment")
    return layer(*(rows[name] for name in names))[0]


def gradients(out: torch.Tensor, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """Of a sum whose terms differ."""
    own = torch.linspace(0.5, 1.5, out.numel()).view_as(out)
    return list(torch.autograd.grad((out * own).sum(), inputs))


@given(lengths=LENGTHS, seed=st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_it_equals_fuxictr(lengths, seed):
    from fuxictr.pytorch.layers import MultiHeadTargetAttention

    rows = jagged(lengths, seed)
    layer = SegmentAttention(WIDTH, HEADS, dropout=0, seed=0, layer=0, bias=False)
    theirs = MultiHeadTargetAttention(WIDTH, WIDTH, HEADS)
    pairs = list(
        zip(
            (layer.query, layer.key, layer.value, layer.out),
            (theirs.W_q, theirs.W_k, theirs.W_v, theirs.W_o),
            strict=True,
        )
    )
    for own, other in pairs:
        other.load_state_dict(own.state_dict())
    # Without any item their softmax is uniform over padding.
    some = rows["mask"].any(1)
    found = ours(layer, rows)[some]
    keys = rows["items"][rows["padded"]]
    expected = theirs(rows["query"], keys, rows["mask"])[some]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    inputs = [rows["query"], rows["items"]]
    own = gradients(found, [*inputs, *(x.weight for x, _ in pairs)])
    other = gradients(expected, [*inputs, *(x.weight for _, x in pairs)])
    for a, b in zip(own, other, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@given(lengths=LENGTHS, seed=st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_it_equals_torch(lengths, seed):
    rows = jagged(lengths, seed)
    layer = SegmentAttention(WIDTH, HEADS, dropout=0, seed=0, layer=0)
    theirs = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    with torch.no_grad():
        projections = (layer.query, layer.key, layer.value)
        theirs.in_proj_weight.copy_(torch.cat([x.weight for x in projections]))
        # Theirs has a bias of keys, which changes nothing.
        query, value = layer.query.bias, layer.value.bias
        theirs.in_proj_bias.copy_(torch.cat([query, torch.randn(WIDTH), value]))
    theirs.out_proj.load_state_dict(layer.out.state_dict())
    some = rows["mask"].any(1)
    found = ours(layer, rows)
    keys = rows["items"][rows["padded"]][some]
    query = rows["query"][some][:, None]
    expected, _ = theirs(query, keys, keys, key_padding_mask=~rows["mask"][some])
    torch.testing.assert_close(found[some], expected.squeeze(1), rtol=1e-5, atol=1e-5)
    inputs = [rows["query"], rows["items"]]
    own = gradients(found[some], [*inputs, layer.out.weight])
    other = gradients(expected.squeeze(1), [*inputs, theirs.out_proj.weight])
    for a, b in zip(own, other, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    # Nothing is found in an empty history.
    nothing = layer.out.bias.expand_as(found[~some])
    torch.testing.assert_close(found[~some], nothing)


@pytest.mark.parametrize("heads", [1, 3, 5])
def test_heads_need_not_divide_the_columns(heads):
    rows = jagged([2, 0, 3], 0)
    layer = SegmentAttention(WIDTH, heads, dropout=0, seed=0, layer=0)
    found = ours(layer, rows)
    keys = rows["items"][rows["padded"]]
    padded = layer.padded(rows["query"], keys, rows["mask"])
    torch.testing.assert_close(padded, found, rtol=1e-5, atol=1e-5)


def test_large_scores_do_not_overflow():
    scores = torch.tensor([[1e4], [1e4], [-1e4]])
    found = segment_softmax(scores, torch.tensor([0, 0, 2]), 3)
    assert found.flatten().tolist() == [0.5, 0.5, 1.0]
