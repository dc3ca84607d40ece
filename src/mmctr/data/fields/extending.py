"""Fields of an earlier run, kept for a longer log: new values get further codes."""

from collections.abc import Sequence

from mmctr.data.fields.field import Field
from mmctr.data.fields.params import ColumnParams, FieldsParams


def params_of_fields(params: FieldsParams, earlier: Sequence[Field]) -> FieldsParams:
    """Say of every column of an earlier field what it was.

    Otherwise more rows of it may look like something else.

    Args:
        params: Of this run.
        earlier: The earlier fields.

    Returns:
        The same with the kinds of their columns; where tables share the name of a
        column, none is said.
    """
    names = [field.column for field in earlier]
    kinds = {
        field.column: ColumnParams(side=field.side, kind=field.kind)
        for field in earlier
        if names.count(field.column) == 1 and field.column not in params.columns
    }
    return params.model_copy(update={"columns": params.columns | kinds})


def extend_fields(fitted: Sequence[Field], earlier: Sequence[Field]) -> list[Field]:
    """Keep the codes, borders and scales of earlier fields.

    Args:
        fitted: On the train rows of the longer log.
        earlier: The earlier fields.

    Returns:
        The earlier ones in their order. Values that they have no code for, and that
        were fitted one now, have the next codes.

    Raises:
        ValueError: If a field is gone, or its values are of another kind now.
    """
    found = {(field.side, field.name): field for field in fitted}
    return [_extended(field, found.get((field.side, field.name))) for field in earlier]


def _extended(earlier: Field, fitted: Field | None) -> Field:
    if fitted is None or fitted.column != earlier.column:
        raise ValueError(
            f"ctr_modeling.start_from: the bundle has a field {earlier.name} of column "
            f"'{earlier.column}' ({earlier.side}), and this run has none; give the log "
            "this column and the run the same parameters of fields, or train anew"
        )
    if fitted.kind != earlier.kind or fitted.has_bins != earlier.has_bins:
        raise ValueError(
            f"ctr_modeling.start_from: column '{earlier.column}' was of kind "
            f"{earlier.kind}, expected the same, got {fitted.kind}; write "
            f"fields.columns.{earlier.column}.kind={earlier.kind}, or train anew"
        )
    if earlier.has_bins:
        return earlier
    known = set(earlier.values)
    values = [*earlier.values, *(x for x in fitted.values if x not in known)]
    rare = dict.fromkeys([*earlier.rare, *fitted.rare])
    known = set(values)
    return earlier.model_copy(
        update={"values": values, "rare": [x for x in rare if x not in known]}
    )
