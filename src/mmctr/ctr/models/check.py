"""What a model of one's own must do, checked on small random inputs."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmctr.ctr.inputs.click_log import Batch
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.layers.dropout import dropout_layers, set_dropout_step
from mmctr.ctr.models import model_class
from mmctr.ctr.models.base import CtrModel
from mmctr.ctr.models.check_inputs import ITEMS, Rows, small_params, small_table
from mmctr.ctr.params import CtrParams
from mmctr.runtime.extensions import raise_problems

_NEEDED = (
    *("activations", "content", "embedding_tables", "history_weights", "items"),
    *("padded", "reads_history", "stages", "start_at", "statistic_names"),
)
_CLOSE = {"rtol": 1e-3, "atol": 1e-4}


def check_model(model: str | type, options: dict[str, Any] | None = None) -> None:
    """Check a CTR model on small random inputs, in a second or two.

    Args:
        model: ``package.module:Class``, a name of
            :data:`~mmctr.ctr.models.MODELS`, or the class itself.
        options: Settings under ``ctr_modeling.model``, such as sizes.

    Raises:
        CheckError: With a sentence on each thing that is wrong.
        ValueError: If there is no such class.

    Examples:
        >>> check_model("din")
    """
    made = model_class(model) if isinstance(model, str) else model
    check = _Check(made, small_params(options))
    raise_problems(made.__name__, check.problems)


class _Check:
    """One class, and a model of it."""

    def __init__(self, made: type, params: CtrParams) -> None:
        self._made = made
        self._params = params
        self._table: ItemTable = small_table()
        self._rows = Rows.draw()

    def problems(self) -> Iterator[str]:
        """Sentences on what is wrong."""
        model: Any = self._build()
        if not isinstance(model, nn.Module):
            yield "it is no torch.nn.Module; derive it from InterestModel, say"
            return
        missing = [name for name in _NEEDED if not hasattr(model, name)]
        if missing:
            yield (
                f"it lacks {', '.join(missing)}; InterestModel has everything but "
                "make_interest"
            )
            return
        shape = self._shape(model.eval())
        if shape:
            yield shape
            return
        for check in (
            *(self._seed, self._gradients, self._starts, self._sensitive),
            *(self._independent, self._loaded, self._padded, self._described),
        ):
            yield from check(self._build())

    def _build(self, *, count: int = 1) -> CtrModel:
        items = np.full(ITEMS + 1, count)
        return self._made(self._table, items, self._params, empty_history=True)

    @torch.no_grad()
    def _trained(self) -> CtrModel:
        """Weights as if trained, so that nothing is zero by chance."""
        model = self._build().eval()
        generator = torch.Generator().manual_seed(1)
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.05)
        for table in model.embedding_tables():
            table[0] = 0
        return model

    def _shape(self, model: CtrModel) -> str | None:
        scores = _scores(model, self._rows.batch())
        if tuple(scores.shape) != (len(self._rows),):
            return (
                f"forward gives shape {tuple(scores.shape)} for {len(self._rows)} "
                "rows; expected one logit per row, [B]"
            )
        if not scores.is_floating_point() or not scores.isfinite().all():
            return "forward gives logits that are not finite numbers"
        for name, rows in (("no", Rows.draw(longest=0)), ("one", Rows.draw(count=1))):
            found = _scores(model, rows.batch())
            if found.shape != (len(rows),) or not found.isfinite().all():
                what = "history" if name == "no" else "row"
                return f"a batch with {name} {what} has no finite logit per row"
        return None

    def _seed(self, model: CtrModel) -> Iterator[str]:
        pairs = zip(model.parameters(), self._build().parameters(), strict=True)
        if not all(torch.equal(a, b) for a, b in pairs):
            yield (
                "two models of one seed differ; draw weights under "
                "torch.manual_seed(params.seed)"
            )
        batch = self._rows.batch()
        model.train()
        first, again = model(batch), model(batch)
        if not torch.equal(first, again):
            yield (
                "two passes of one training step differ; use StepDropout, so that a "
                "resumed training is exact"
            )
        set_dropout_step(dropout_layers(model), 1)
        if not _scores(model.eval(), batch).equal(_scores(model, batch)):
            yield "two passes in evaluation differ"

    def _gradients(self, model: CtrModel) -> Iterator[str]:
        batch = self._rows.batch()
        logits = model.train()(batch)
        loss = functional.binary_cross_entropy_with_logits(logits, batch.label)
        loss.backward()
        named = [x for x in model.named_parameters() if x[1].requires_grad]
        without = [name for name, weight in named if weight.grad is None]
        if without:
            yield f"no gradient reaches {', '.join(without)}"
        broken = [
            name
            for name, weight in named
            if weight.grad is not None and not weight.grad.isfinite().all()
        ]
        if broken:
            yield f"the gradient of {', '.join(broken)} is not finite"
        own = {id(weight) for weight in model.parameters()}
        if not all(id(table) in own for table in model.embedding_tables()):
            yield "embedding_tables names weights that are not among its parameters"

    def _starts(self, model: CtrModel) -> Iterator[str]:
        model.start_at(0.2)
        found = torch.sigmoid(_scores(model.eval(), self._rows.batch()))
        if not torch.allclose(found, torch.full_like(found, 0.2), **_CLOSE):
            yield "behind start_at(0.2) not every probability is 0.2"

    def _sensitive(self, _: CtrModel) -> Iterator[str]:
        model, batch = self._trained(), self._rows.batch()
        before = _scores(model, batch)
        targets = self._rows.with_other_targets().batch()
        if not (_scores(model, targets) != before).any():
            yield "another target changes no score"
        rows = self._rows.with_other_histories()
        changed = (_scores(model, rows.batch()) != before).any()
        if model.reads_history and not changed:
            yield (
                "other items in the histories change no score; is the history masked "
                "the wrong way? Without one, set reads_history = False"
            )
        if not model.reads_history and changed:
            yield "reads_history is False, and the history changes the score"

    def _independent(self, _: CtrModel) -> Iterator[str]:
        model, count = self._trained(), len(self._rows)
        before = _scores(model, self._rows.batch())
        order = np.random.default_rng(2).permutation(count)
        shuffled = _scores(model, self._rows.take(order).batch())
        if not torch.allclose(shuffled, before[order], **_CLOSE):
            yield "in another order of the rows their scores differ"
        alone = [
            _scores(model, self._rows.take(np.array([row])).batch())
            for row in range(count)
        ]
        if not torch.allclose(torch.cat(alone), before, **_CLOSE):
            yield (
                "the score of a row depends on the other rows of its batch; is "
                "something averaged over the batch, or padding not ignored?"
            )

    def _loaded(self, _: CtrModel) -> Iterator[str]:
        model, again = self._trained(), self._build(count=0).eval()
        again.load_state_dict(model.state_dict())
        batch = self._rows.batch()
        if not torch.allclose(_scores(again, batch), _scores(model, batch), **_CLOSE):
            yield (
                "loaded into a new model the weights score otherwise; register what "
                "is fitted as a buffer"
            )

    def _padded(self, _: CtrModel) -> Iterator[str]:
        model = self._trained()
        longest = int(np.diff(self._rows.offsets).max())
        twin = model.padded(ITEMS, longest).eval()
        targets = torch.from_numpy(self._rows.target)
        with torch.inference_mode():
            found = twin(targets, torch.from_numpy(self._rows.padded()))
        if not torch.allclose(found, _scores(model, self._rows.batch()), **_CLOSE):
            yield "padded(...) scores otherwise than forward, so exports would be wrong"

    def _described(self, model: CtrModel) -> Iterator[str]:
        batch = self._rows.batch()
        with torch.inference_mode():
            weights = model.eval().history_weights(batch)
        if weights.shape != batch.history.shape:
            yield "history_weights has not one number per position of the history"
        if not isinstance(model.content, str):
            yield "content is no text"
        if not model.activations(100, 800, 500) >= 0:
            yield "activations gives no number of values"


@torch.inference_mode()
def _scores(model: Callable[[Batch], torch.Tensor], batch: Batch) -> torch.Tensor:
    return model(batch)
