"""Whether the fields and modalities that parameters name are there."""

from collections.abc import Collection, Sequence

from mmctr.ctr.inputs.field_columns import require_crosses, require_fields
from mmctr.ctr.params import CtrParams, FeatureParams
from mmctr.data.fields.field import Field
from mmctr.data.fields.levels_and_tags import ROW_LEVELS
from mmctr.evaluation.params import require_single_fields
from mmctr.runtime.suggestions import suggest


def require_named_modalities(features: FeatureParams, names: Collection[str]) -> None:
    """Refuse parameters that name a modality which the items don't have.

    Args:
        features: Of a model.
        names: All modalities of the data set.

    Raises:
        ValueError: Naming the modality, and near names.
    """
    chosen = features.modalities if features.modalities != "all" else []
    for name in chosen:
        if name not in names:
            raise ValueError(
                f"ctr_modeling.features.modalities names '{name}', and the items have "
                f"{', '.join(names) or 'none'}; {suggest(name, names)}"
            )


def require_named_fields(params: CtrParams, fields: Sequence[Field]) -> None:
    """Refuse parameters that name a field which preparation has not made.

    Args:
        params: Of a model and its evaluation.
        fields: All fields of the data set.

    Raises:
        ValueError: Naming parameter and field, and near names.
    """
    of_rows = [field for field in fields if field.side != "item"]
    single = [field.name for field in of_rows if field.kind != "tags"]
    names = [field.name for field in fields]
    require_fields(params.features.fields, names)
    # Left out by default, and in no other log than the challenge's.
    require_fields(params.features.without, [*names, *ROW_LEVELS], "without")
    require_crosses(params.features.crosses, [field.name for field in of_rows])
    require_single_fields(params.evaluation.single_fields, single)
