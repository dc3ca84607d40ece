"""Sizes of single models and heads."""

from pydantic import Field

from mmctr.runtime.params import Params


class StackedAttentionParams(Params):
    """Layers of attention from the target to the history."""

    layers: int = Field(2, ge=1)
    """Layers; the query of each is what the one before made of the target."""
    heads: int = Field(4, ge=1)
    """Heads per layer."""
    feed_forward: int = Field(1, ge=1)
    """Hidden width of the feed-forward layers, as a multiple of an item's columns."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """Share of attention weights, results and hidden values dropped in training."""
    din: bool = True
    """Whether DIN's unit, sized by attention_units, pools the history beside it."""


class TransformerParams(Params):
    """A transformer over history and target."""

    layers: int = Field(2, ge=1)
    """Encoder layers."""
    heads: int = Field(4, ge=1)
    """Heads per layer."""
    feed_forward: int = Field(1, ge=1)
    """Hidden width of the feed-forward layers, as a multiple of an item's columns."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """Share of attention weights, results and hidden values dropped in training."""


class QinParams(Params):
    """ReLU attention of the Quadratic Interest Network."""

    inner: int = Field(2, ge=1)
    """Columns of queries, keys and values, as a multiple of an item's columns."""


class DcnParams(Params):
    """The head dcn_v2: a cross network beside a multilayer perceptron."""

    layers: int = Field(3, ge=1)
    """Cross layers."""


class QuadraticParams(Params):
    """The head quadratic: products of the inputs with projections of themselves."""

    layers: int = Field(4, ge=1)
    """Layers, each as wide as the inputs."""
    terms: int = Field(4, ge=1)
    """Projections summed per layer; each has inputs x inputs weights."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """Share of values dropped in training after each layer."""
