"""Fields of user and row, as an exported model takes them."""

from collections.abc import Sequence

from mmctr.ctr.inputs.field_columns import CROSS, FieldSpec
from mmctr.data.fields.field import FIRST, RARE, Field
from mmctr.data.fields.state import FieldState
from mmctr.serving.export.facts import Encoding, FieldInput


def field_inputs(specs: Sequence[FieldSpec], state: FieldState) -> list[FieldInput]:
    """Where each field stands among the inputs.

    Args:
        specs: The fields that a model reads, in their order.
        state: What encodes them.
    """
    sizes = {name: own.size for name, own in _fields_of_rows(state).items()}
    found, column = [], 0
    for spec in specs:
        parts = [x.strip() for x in spec.name.split(CROSS)] if spec.is_cross else []
        found.append(
            FieldInput(
                name=spec.name,
                size=spec.size,
                columns=list(range(column, column + spec.width)),
                of=parts or [spec.name],
                factor=sizes[parts[1]] if parts else 1,
            )
        )
        column += spec.width
    return found


def number_fields(specs: Sequence[FieldSpec], state: FieldState) -> list[Field]:
    """The fields that have scaled values, in their order."""
    own = _fields_of_rows(state)
    return [own[spec.name] for spec in specs if spec.has_value]


def encodings_of(
    fields: Sequence[FieldInput], state: FieldState
) -> dict[str, Encoding]:
    """What encodes these fields, and those that crosses are made of, by name."""
    names = {name for each in fields for name in each.of}
    return {
        name: _encoding_of(own)
        for name, own in _fields_of_rows(state).items()
        if name in names
    }


def _encoding_of(field: Field) -> Encoding:
    codes = dict.fromkeys(field.rare, RARE)
    codes |= {value: code for code, value in enumerate(field.values, start=FIRST)}
    return Encoding(
        column=field.column,
        kind=field.kind,
        codes=codes,
        borders=field.borders if field.has_bins else None,
        repeats=field.of_clicks is not None,
    )


def _fields_of_rows(state: FieldState) -> dict[str, Field]:
    return {own.name: own for side in ("row", "user") for own in state.of(side)}
