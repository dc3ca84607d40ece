"""Fields of user and row, as an exported model takes them."""

from collections.abc import Sequence

from mmctr.ctr.inputs.field_columns import CROSS, FieldSpec
from mmctr.data.fields.field import Field
from mmctr.data.fields.state import FieldState
from mmctr.serving.export.facts import FieldInput


def field_inputs(specs: Sequence[FieldSpec], state: FieldState) -> list[FieldInput]:
    """Where each field stands among the inputs.

    Args:
        specs: The fields that a model reads, in their order.
        state: What encodes them.
    """
    sizes = {name: own.size for name, own in _fields_of_rows(state).items()}
    found, column, value = [], 0, 0
    for spec in specs:
        parts = [x.strip() for x in spec.name.split(CROSS)] if spec.is_cross else []
        found.append(
            FieldInput(
                name=spec.name,
                size=spec.size,
                columns=list(range(column, column + spec.width)),
                value=value if spec.has_value else None,
                of=parts or [spec.name],
                factor=sizes[parts[1]] if parts else 1,
            )
        )
        column += spec.width
        value += spec.has_value
    return found


def encodings_of(fields: Sequence[FieldInput], state: FieldState) -> dict[str, Field]:
    """What encodes these fields, and those that crosses are made of, by name."""
    names = {name for each in fields for name in each.of}
    return {name: own for name, own in _fields_of_rows(state).items() if name in names}


def _fields_of_rows(state: FieldState) -> dict[str, Field]:
    return {own.name: own for side in ("row", "user") for own in state.of(side)}
