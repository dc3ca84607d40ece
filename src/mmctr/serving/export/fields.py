"""Fields of user and row, as an exported model takes them."""

from collections.abc import Sequence

from mmctr.ctr.inputs.field_columns import CROSS, FieldSpec
from mmctr.data.fields.field import Field
from mmctr.data.fields.state import FieldState
from mmctr.serving.export.facts import FieldInput


def field_inputs(specs: Sequence[FieldSpec]) -> list[FieldInput]:
    """Where each field stands among the inputs."""
    found, column, value = [], 0, 0
    for spec in specs:
        found.append(
            FieldInput(
                name=spec.name,
                size=spec.size,
                columns=list(range(column, column + spec.width)),
                value=value if spec.has_value else None,
                cross=_parts(spec.name) if spec.is_cross else [],
            )
        )
        column += spec.width
        value += spec.has_value
    return found


def encodings_of(fields: Sequence[FieldInput], state: FieldState) -> dict[str, Field]:
    """What encodes these fields, and those that crosses are made of, by name."""
    names = {name for each in fields for name in each.cross or [each.name]}
    own = [*state.of("user"), *state.of("row")]
    return {each.name: each for each in own if each.name in names}


def _parts(cross: str) -> list[str]:
    return [name.strip() for name in cross.split(CROSS)]
