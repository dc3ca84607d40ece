"""A model of one's own is checked, and what is wrong is said."""

import pytest
import torch

from mmctr import check_model
from mmctr.ctr.models import MODELS
from mmctr.ctr.models.base import EmbeddedBatch
from mmctr.ctr.models.heads import HEADS
from mmctr.ctr.models.mean_pool import MeanPool, MeanPoolModel
from mmctr.runtime.extensions import CheckError


@pytest.mark.parametrize("name", MODELS)
def test_the_own_models_pass(name):
    for head in HEADS if name == "din" else ["own"]:
        check_model(name, {"head": head})


class MixedRows(MeanPool):
    """Subtracts the mean of the batch."""

    def forward(self, batch: EmbeddedBatch) -> torch.Tensor:
        pooled = super().forward(batch)
        return pooled - pooled.mean(0)


class NoHistory(MeanPool):
    """Multiplies the history by zero, as a mask the wrong way would."""

    def forward(self, batch: EmbeddedBatch) -> torch.Tensor:
        return super().forward(batch) * 0


class NotANumber(MeanPool):
    """Divides by zero without a history."""

    def forward(self, batch: EmbeddedBatch) -> torch.Tensor:
        counts = torch.bincount(batch.segment, minlength=len(batch.target))
        return super().forward(batch) / counts[:, None]


class Unused(MeanPool):
    """Has a weight that nothing uses."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.unused = torch.nn.Parameter(torch.ones(1))


def of(interest: type[MeanPool]) -> type[MeanPoolModel]:
    """A model with this interest."""

    class Own(MeanPoolModel):
        """The model."""

        @staticmethod
        def make_interest(width, params, *, seed, first_layer):
            return interest(width)

    return Own


@pytest.mark.parametrize(
    ("interest", "message"),
    [
        (MixedRows, "depends on the other rows of its batch"),
        (NoHistory, "other items in the histories change no score"),
        (NotANumber, "logits that are not finite"),
        (Unused, "no gradient reaches interest.unused"),
    ],
)
def test_what_is_wrong_is_said(interest, message):
    with pytest.raises(CheckError, match=f"Own can't be used:\n- .*{message}"):
        check_model(of(interest))


def test_what_is_no_model_is_told():
    with pytest.raises(CheckError, match="is no torch.nn.Module"):
        check_model(type("Own", (), {"__init__": lambda *_, **__: None}))
    with pytest.raises(CheckError, match="fails: TypeError"):
        check_model(torch.nn.Linear)
    with pytest.raises(ValueError, match="nowhere:Model: there is no module"):
        check_model("nowhere:Model")
