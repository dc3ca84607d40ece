"""Whether the fields that parameters name are there."""

from collections.abc import Sequence

from mmctr.ctr.inputs.field_columns import require_crosses, require_fields
from mmctr.ctr.params import CtrParams
from mmctr.data.fields.field import Field
from mmctr.data.fields.levels_and_tags import LEVELS, TAGS
from mmctr.evaluation.params import require_single_fields


def require_named_fields(params: CtrParams, fields: Sequence[Field]) -> None:
    """Refuse parameters that name a field which preparation has not made.

    Args:
        params: Of a model and its evaluation.
        fields: All fields of the data set.

    Raises:
        ValueError: Naming parameter and field, and near names.
    """
    of_rows = [
        field.name for field in fields if field.side != "item" and field.kind != "tags"
    ]
    # The model has tables of its own for tags and levels, switched by their names.
    others = [field.name for field in fields if field.column not in (TAGS, *LEVELS)]
    require_fields(params.features.fields, others)
    require_crosses(params.features.crosses, of_rows)
    require_single_fields(params.evaluation.single_fields, of_rows)
