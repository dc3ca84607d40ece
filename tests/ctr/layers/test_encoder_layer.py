"""A transformer's layer on jagged sequences equals torch's on padded ones."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mmctr.ctr.layers.encoder_layer import EncoderLayer, sequence_blocks
from mmctr.ctr.layers.norms import PlainLayerNorm, RmsNorm

WIDTH, HEADS, HIDDEN = 8, 2, 12


def twin(layer: EncoderLayer) -> nn.TransformerEncoderLayer:
    """torch's layer with the same weights."""
    theirs = nn.TransformerEncoderLayer(
        WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True
    )
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(layer.inputs.weight)
        theirs.self_attn.in_proj_bias.copy_(layer.inputs.bias)
    theirs.self_attn.out_proj.load_state_dict(layer.out.state_dict())
    theirs.linear1.load_state_dict(layer.feed_forward.first.state_dict())
    theirs.linear2.load_state_dict(layer.feed_forward.second.state_dict())
    theirs.norm1.load_state_dict(layer.attention_norm.state_dict())
    theirs.norm2.load_state_dict(layer.norm.state_dict())
    return theirs


@given(
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=9),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=25, deadline=None)
def test_it_equals_torch(lengths, seed):
    torch.manual_seed(seed)
    counts, count, total = torch.tensor(lengths), len(lengths), sum(lengths)
    layer = EncoderLayer(WIDTH, HEADS, HIDDEN, dropout=0.0, seed=0, layer=0)
    theirs = twin(layer)
    tokens = torch.randn(total + count, WIDTH, requires_grad=True)
    rows = torch.cat([torch.arange(total + count), torch.zeros(1, dtype=torch.long)])
    found = layer(tokens, layer.inputs(tokens), sequence_blocks(counts), rows)

    longest = max(lengths)
    mask = torch.arange(longest) < counts[:, None]
    places = torch.zeros(count, longest + 1, dtype=torch.long)
    places[:, :longest][mask] = torch.arange(total)
    places[:, longest] = total + torch.arange(count)
    is_token = torch.cat([mask, torch.ones(count, 1, dtype=torch.bool)], dim=1)
    padded = theirs(tokens[places], src_key_padding_mask=~is_token)
    expected = torch.zeros(total + count, WIDTH).index_put(
        (places[is_token],), padded[is_token]
    )
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    own = torch.linspace(0.5, 1.5, found.numel()).view_as(found)
    weights = [tokens, layer.inputs.weight, layer.norm.weight]
    others = [tokens, theirs.self_attn.in_proj_weight, theirs.norm2.weight]
    for a, b in zip(
        torch.autograd.grad((found * own).sum(), weights),
        torch.autograd.grad((expected * own).sum(), others),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    exported = layer.padded(tokens[places], is_token)[is_token]
    torch.testing.assert_close(exported, padded[is_token], rtol=1e-5, atol=1e-5)


@given(lengths=st.lists(st.integers(0, 300), min_size=1, max_size=30))
def test_blocks_hold_every_token_once_and_little_else(lengths):
    blocks = sequence_blocks(torch.tensor(lengths))
    tokens = torch.cat([x.tokens[x.is_token] for x in blocks]).sort().values
    assert tokens.tolist() == list(range(sum(lengths) + len(lengths)))
    for block in blocks:
        assert (block.tokens[~block.is_token] == len(tokens)).all()
        real = block.is_token.sum(1)
        assert 2 * real.min() >= block.tokens.shape[1]


def test_norms_equal_torch():
    torch.manual_seed(0)
    for ours, theirs in (
        (RmsNorm(WIDTH), nn.RMSNorm(WIDTH)),
        (PlainLayerNorm(WIDTH), nn.LayerNorm(WIDTH)),
    ):
        with torch.no_grad():
            for weight in ours.parameters():
                weight.copy_(torch.randn_like(weight))
        theirs.load_state_dict(ours.state_dict())
        x = torch.randn(5, WIDTH, requires_grad=True)
        found, expected = ours(x), theirs(x)
        torch.testing.assert_close(found, expected)
        pairs = zip(
            torch.autograd.grad(found.square().sum(), [x, *ours.parameters()]),
            torch.autograd.grad(expected.square().sum(), [x, *theirs.parameters()]),
            strict=True,
        )
        for a, b in pairs:
            torch.testing.assert_close(a, b)
