"""Layers of published solutions, written out with torch's own padded layers."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from worlds import ctr_params

from mmctr.ctr.layers.item_vectors import ItemVectors
from mmctr.ctr.models.base import EmbeddedBatch
from mmctr.ctr.models.mhta import Mhta
from mmctr.ctr.models.qin import Qin
from mmctr.ctr.models.stca import Stca

WIDTH = 8
LENGTHS = torch.tensor([3, 1, 5])


def rows() -> EmbeddedBatch:
    """Three rows."""
    torch.manual_seed(0)
    items = ItemVectors(torch.randn(11, WIDTH))
    total = int(LENGTHS.sum())
    target, history = torch.randint(0, 11, (3,)), torch.randint(0, 11, (total,))
    segment = torch.repeat_interleave(torch.arange(3), LENGTHS)
    return EmbeddedBatch(items, target, history, segment)


def padded(history: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Histories ``[3, 5]``, and where they have items."""
    mask = torch.arange(5) < LENGTHS[:, None]
    items = torch.zeros(3, 5, dtype=torch.long)
    items[mask] = history
    return items, mask


def attention(layer: nn.Module) -> nn.MultiheadAttention:
    """torch's, with the weights of a layer of ours."""
    theirs = nn.MultiheadAttention(WIDTH, 4, batch_first=True)
    parts = (layer.query, layer.key, layer.value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([x.weight for x in parts]))
        # Theirs has a bias of keys, which changes nothing.
        query, value = layer.query.bias, layer.value.bias
        theirs.in_proj_bias.copy_(torch.cat([query, torch.randn(WIDTH), value]))
    theirs.out_proj.load_state_dict(layer.out.state_dict())
    return theirs


def normalised(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Root mean square 1, then scaled."""
    return functional.rms_norm(x, (WIDTH,), weight)


@pytest.mark.parametrize("made", [Stca, Mhta])
def test_stacked_layers_equal_the_published_ones(made):
    params = ctr_params(model={"stca": {"din": False}, "mhta": {"din": False}}).model
    interest = made.make_interest(WIDTH, params, seed=0, first_layer=1).eval()
    with torch.no_grad():
        for weight in interest.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.1)
    batch = rows()
    found = interest(batch)
    places, mask = padded(batch.history)
    items = batch.items.free
    keys, query = items[places], items[batch.target]
    for layer in interest.layers:
        own, forward = attention(layer.attention), layer.feed_forward
        norm = layer.norm.weight
        used = normalised(keys, norm) if made is Mhta else keys
        out, _ = own(query[:, None], used, used, key_padding_mask=~mask)
        out = out.squeeze(1)
        if made is Mhta:
            x = normalised(query + out, norm)
        else:
            out = normalised(out, layer.found_norm.weight)
            x = normalised(query + out, layer.attention_norm.weight)
        query = x + forward.second(functional.relu(forward.first(x)))
        if made is Stca:
            query = normalised(query, norm)
    torch.testing.assert_close(found, query, rtol=1e-5, atol=1e-5)


def test_din_stands_beside_them():
    params = ctr_params().model
    interest = Stca.make_interest(WIDTH, params, seed=0, first_layer=1).eval()
    batch = rows()
    found = interest(batch)
    assert found.shape == (3, 2 * WIDTH) and interest.width == 2 * WIDTH
    pooled = interest.din(batch)
    torch.testing.assert_close(found[:, :WIDTH], pooled)


def test_relu_attention_equals_the_published_one():
    interest = Qin.make_interest(WIDTH, ctr_params().model, seed=0, first_layer=1)
    batch = rows()
    found = interest(batch)
    places, mask = padded(batch.history)
    items = batch.items.free
    query = items[batch.target]
    keys, values = (layer(items) for layer in (interest.key, interest.value))
    scores = (keys[places] @ interest.query(query)[:, :, None]).squeeze(2)
    weights = functional.relu(scores / (2 * WIDTH) ** 0.5) * mask
    pooled = (weights[:, :, None] * values[places]).sum(1)
    expected = interest.out(pooled) + query
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
