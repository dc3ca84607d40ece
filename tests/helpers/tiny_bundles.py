"""What scoring reads of a bundle, of models with random weights and without a run."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from worlds import N_ITEMS, as_arrow, ctr_params, random_table, with_vectors

from mmctr import Scorer
from mmctr.ctr.inputs.field_columns import FieldColumns
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.member_weights import join_members
from mmctr.ctr.models import model_class
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.field import Field
from mmctr.data.fields.params import FieldsParams
from mmctr.data.fields.state import FieldState
from mmctr.serving.facts import EventFacts
from mmctr.serving.state import ScoringState

ITEMS = [f"i{number}" for number in range(N_ITEMS)]
MAX_HISTORY = 6

_FIELDS = {
    "position": {"side": "row", "kind": "level", "values": ["1", "2", "3"]},
    "device": {"side": "row", "kind": "category", "values": ["tv"], "rare": ["fax"]},
    "age": {"side": "user", "kind": "number", "borders": [20.0, 40.0], "mean": 35.0}
    | {"std": 12.5},
    "interests": {"side": "user", "kind": "tags", "values": ["a", "b"], "max_tags": 3},
    "clicked_position": {"side": "row", "kind": "tags", "values": ["1", "2", "3"]}
    | {"max_tags": 4, "of_clicks": "position"},
}
STATE = FieldState(
    fields=[
        Field.model_validate({"name": name, "column": name, **own})
        for name, own in _FIELDS.items()
    ]
)


def random_requests(rng: np.random.Generator, count: int) -> pa.Table:
    """Rows with raw fields, known, rare, unknown and missing values."""
    lengths = rng.integers(0, 2 * MAX_HISTORY, count)
    choose: Any = rng.choice
    return pa.table(
        {
            "item_id": choose([*ITEMS, "new"], count),
            "history": [choose(ITEMS, length).tolist() for length in lengths],
            "position": choose([1, 2, 3, 4], count),
            "device": pa.array(choose(["tv", "fax", "radio", ""], count), pa.string()),
            "age": pa.array(
                rng.normal(35, 30, count), mask=choose([True, False], count)
            ),
            "interests": [choose(["a", "b", "c"], x % 3).tolist() for x in lengths],
            "clicked_position": [choose([1, 2, 4], x % 6).tolist() for x in lengths],
        }
    )


def tiny_scorer(
    *,
    features: dict[str, Any],
    model: dict[str, Any] | None = None,
    seeds: int = 1,
    calibration: dict[str, Any] | None = None,
    fields: bool = True,
    seed: int = 0,
) -> Scorer:
    """A scorer of a bundle with every modality and field.

    Args:
        features: Which of them the model reads.
        model: Its sizes.
        seeds: Trainings.
        calibration: Arrays of method platt; None: off.
        fields: Whether users and rows have fields.
        seed: Of everything.
    """
    rng = np.random.default_rng(seed)
    table = with_vectors(rng, random_table(rng))
    params = ctr_params(
        features=features,
        model=model,
        training={"max_history": MAX_HISTORY, "seeds": seeds},
    )
    method = "off" if calibration is None else "platt"
    params = params.model_copy(
        update={"calibration": params.calibration.model_copy(update={"method": method})}
    )
    state = STATE if fields else FieldState()
    bundle = SimpleNamespace(
        facts=SimpleNamespace(
            ctr=params,
            trained_items=N_ITEMS,
            fields=FieldsParams(),
            events=EventFacts(clock=True, valid_from=None, frozen=False),
            commit=None,
        ),
        weights=_weights(rng, table, params, state),
        item_table=as_arrow(table),
        items=pa.table({"original_id": ITEMS, "title": ITEMS}),
        n_items=N_ITEMS,
        published=None,
        vectors=table.vectors,
        fields=state,
        events=pa.table(
            {
                name: pa.array([], pa.int64())
                for name in ("user_id", "item_id", "timestamp")
            }
        ),
        sample=random_requests(rng, 20),
    )
    for name, array in (calibration or {}).items():
        bundle.weights[f"calibration.platt.{name}"] = torch.tensor(array).double()
    return Scorer(ScoringState.of(bundle), "score")


def _weights(
    rng: np.random.Generator, table: ItemTable, params: CtrParams, state: FieldState
) -> dict[str, torch.Tensor]:
    columns = {name: pa.nulls(1) for name in _FIELDS}
    encoded = [state.encode(side, columns, 1) for side in ("row", "user")]
    rows = pa.table(
        [x for y in encoded for x in y.columns],
        schema=pa.schema([x for y in encoded for x in y.schema]),
    )
    specs = FieldColumns.from_arrow(
        rows, params.features.fields, params.features.crosses
    ).specs
    members = []
    for number in range(params.training.seeds):
        own = params.model_copy(update={"seed": number})
        seen = np.arange(N_ITEMS + 1) % 5 > 0
        make = model_class(params.model.name)
        built = make(table, seen, own, row_fields=specs, empty_history=True)
        torch.manual_seed(int(rng.integers(2**31)))
        with torch.no_grad():
            for tensor in built.parameters():
                tensor.add_(torch.randn_like(tensor), alpha=0.2)
        members.append({k: x.detach().clone() for k, x in built.state_dict().items()})
    return dict(join_members(members))
