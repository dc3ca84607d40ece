"""What requests and answers look like."""

from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictStr

from mmctr.runtime.params import Params

WholeNumber = Annotated[int, Field(strict=True, ge=-(2**63), le=2**63 - 1)]
ItemId = WholeNumber | StrictStr
"""An id as the log had it."""

_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Scalar = StrictBool | WholeNumber | _Number | StrictStr | None
Value = Scalar | list[Scalar]


class _User(Params):
    """What all requests for scores say of the user."""

    history: list[ItemId]
    """Items that the user clicked, oldest first; unknown ones are left out."""
    user: dict[str, Value] = {}
    """user_id where the log may have the user, and fields of the user by raw column."""
    row: dict[str, Value] = {}
    """Fields of the context and timestamp; a value, or one per candidate."""
    as_of: Annotated[int, Field(strict=True, ge=-(2**40), le=2**40)] | None = None
    """Unix seconds: row statistics count what was before; null: all that is known."""


class ScoreRequest(_User):
    """Candidates for a user."""

    candidates: list[ItemId]
    """Items to score."""


class RankRequest(_User):
    """A question for the best items for a user."""

    k: Annotated[int, Field(strict=True, ge=1)] = 10
    """How many."""
    candidates: list[ItemId] | None = None
    """Items to choose from; null: all."""


class NewItems(Params):
    """Items that training never saw."""

    items: list[dict[str, Any]] = Field(min_length=1)
    """Each has item_id, and columns as the item table of training had them."""


class UnknownParts(Params):
    """What of a request the bundle lacks."""

    history: int
    """How many items of the history were left out."""
    candidates: list[ItemId]
    """These have no feature of their own."""
    fields: list[str]
    """Names that were ignored."""


class Scores(Params):
    """Click probabilities, calibrated."""

    scores: list[float]
    """In the order of the candidates."""
    unknown: UnknownParts
    """What the bundle lacks."""


class RankedItem(Params):
    """An item and its score."""

    item_id: ItemId
    """The item."""
    score: float
    """Its click probability."""


class Ranking(Params):
    """The best items."""

    items: list[RankedItem]
    """The best first."""
    unknown: UnknownParts
    """What the bundle lacks."""


class Added(Params):
    """What became of new items."""

    added: int
    """How many are new."""
    items: int
    """How many there are now."""
    ignored: list[str]
    """Columns that the model does not read."""


class Health(Params):
    """The server answers."""

    status: str
    """Always ok."""
    bundle: str
    """sha256 of the bundle's manifest."""
    items: int
    """How many there are."""
    added_items: int
    """How many of them were added by POST /items."""


class FieldFacts(Params):
    """A field that requests may have."""

    column: str
    """Its key in user, row, or an item."""
    side: str
    """user, row or item."""
    kind: str
    """category, number and the like."""


class ModelFacts(Params):
    """What answers."""

    bundle: str
    """sha256 of the bundle's manifest."""
    item_ids: str
    """integer or string."""
    items: int
    """How many there are."""
    features: list[str]
    """Features of items that the model has."""
    fields: list[FieldFacts]
    """What user, row and new items may have."""
    probability: str
    """What scores are relative to; empty: to rows as the log has them."""
    metrics: dict[str, Any]
    """AUC and the like, by part of the log."""
    versions: dict[str, str]
    """Packages that made it."""
    commit: str | None
    """Of the code that made it."""
    limits: dict[str, float]
    """Bounds of a request."""
    card: str
    """The model's card, Markdown."""


class Fault(Params):
    """Why a request is refused."""

    loc: list[str | int]
    """Where in the request."""
    msg: str
    """Why."""


class Faults(Params):
    """Why a request is refused, place by place."""

    detail: list[Fault]
    """The first ones."""


class Refusal(Params):
    """Why there is no answer."""

    detail: str
    """One sentence."""
