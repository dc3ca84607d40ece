"""What a CTR model is, and the two parts that most are made of."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple, Protocol

import torch
from torch import nn

from mmctr.ctr.features.item_embedding import ItemEmbedding
from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.layers.item_vectors import ItemVectors
from mmctr.ctr.layers.split_columns import SplitColumns


class CtrModel(Protocol):
    """What training, prediction, bundles and exports need of a model.

    It is a ``torch.nn.Module`` that is built as
    :class:`~mmctr.ctr.models.interest_model.InterestModel` is;
    :func:`mmctr.check_model` checks the rest.

    Shapes: a :class:`~mmctr.ctr.inputs.click_log.Batch` of B rows -> logits ``[B]``.

    Attributes:
        items: Embeds items. Weights of a new item are found by the names in it.
        statistic_names: Row statistics that the model reads.
        reads_history: Whether scores depend on the history, apart from features that
            compare it with the target.
    """

    items: ItemEmbedding
    statistic_names: tuple[str, ...]
    reads_history: ClassVar[bool]

    @property
    def stages(self) -> int:
        """Parts computed one after the other; scoring holds one's values at a time."""
        ...

    def __call__(self, batch: Batch) -> torch.Tensor:
        """Score the targets of a batch."""
        ...

    @property
    def content(self) -> str:
        """The content forms of the modalities, for display."""
        ...

    def start_at(self, rate: float) -> None:
        """Make every probability this click rate, before any training."""
        ...

    def embedding_tables(self) -> list[nn.Parameter]:
        """Every embedding table; the L2 penalty applies to these."""
        ...

    def activations(self, rows: float, positions: float, items: float) -> float:
        """Values that a training step holds from forward to backward, roughly.

        Args:
            rows: Of a batch.
            positions: Of all their histories.
            items: Distinct ones in it.
        """
        ...

    def history_weights(self, batch: Batch) -> torch.Tensor:
        """``[T]``, how much each position of the history counts."""
        ...

    def padded(self, n_items: int, max_history: int) -> nn.Module:
        """The same function on padded histories, in evaluation, for exports.

        Returns:
            A module like :class:`~mmctr.ctr.models.padded.PaddedModel`.
        """
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """The weights, and everything else that ``torch.nn.Module`` has."""
        ...

    def __getattr__(self, name: str) -> Any:
        """The rest of ``torch.nn.Module``."""
        ...


class EmbeddedBatch(NamedTuple):
    """A batch of B rows, with T positions of history, as an interest reads it.

    Attributes:
        items: U distinct items, of D columns.
        target: ``[B]`` int64, rows of ``items``.
        history: ``[T]`` int64, rows of ``items``.
        segment: ``[T]`` int64, row of the batch of each position, ascending.
    """

    items: ItemVectors
    target: torch.Tensor
    history: torch.Tensor
    segment: torch.Tensor

    def pool(self, weights: torch.Tensor) -> torch.Tensor:
        """Sum the weighted histories: ``weights [T]`` -> ``[B, D]``."""
        rows = torch.arange(len(self.target), device=self.segment.device)
        starts = torch.searchsorted(self.segment, rows)
        return self.items.pool(self.history, starts, weights)


class Interest(nn.Module, ABC):
    """What becomes of target and history.

    Shapes: an :class:`EmbeddedBatch` of B rows -> ``[B, width]``; defined for an empty
        history.

    Attributes:
        width: Columns of the result.
        dropouts: Numbers of dropout layers that it takes.
        stages: Parts computed one after the other; scoring, which has no backward,
            holds the values of one at a time.
    """

    width: int
    dropouts: int = 0
    stages: int = 2

    @abstractmethod
    def forward(self, batch: EmbeddedBatch) -> torch.Tensor:
        """Turn the history of every row into a vector."""

    @abstractmethod
    def weights(self, batch: EmbeddedBatch) -> torch.Tensor:
        """``[T]``, how much each position counts."""

    @abstractmethod
    def padded(
        self, query: torch.Tensor, keys: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """The same on padded histories, in operations that every export knows.

        Args:
            query: ``[B, D]``, the targets.
            keys: ``[B, H, D]``, the histories, oldest first.
            counted: ``[B, H]`` bool, where an item is.

        Returns:
            ``[B, width]``.
        """

    @abstractmethod
    def activations(self, rows: float, positions: float, items: float) -> float:
        """Values held from forward to backward; see :class:`CtrModel`."""


class Head(nn.Module, ABC):
    """What makes a logit of the target, the interest and the row's own features.

    Shapes: inputs ``[B, W]`` -> logits ``[B]``.
    """

    @property
    @abstractmethod
    def last(self) -> nn.Linear:
        """The layer that gives the logits."""

    @abstractmethod
    def forward(self, inputs: SplitColumns) -> torch.Tensor:
        """Score."""

    @abstractmethod
    def padded(self, inputs: torch.Tensor) -> torch.Tensor:
        """The same of ``[B, W]``, in operations that every export knows."""

    @abstractmethod
    def activations(self, rows: float) -> float:
        """Values held from forward to backward."""
