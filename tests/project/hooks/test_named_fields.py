"""Names of fields that are not there stop a run before anything is trained."""

from types import SimpleNamespace

import pyarrow as pa
import pytest
from configured_params import changed, configured_params
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

from mmctr.data.datasets import ItemContents
from mmctr.data.fields.field import Field
from mmctr.data.fields.state import FieldState
from mmctr.project.hooks.named_fields import NamedFieldsHook
from mmctr.project.params import check_parameters

FIELDS = [
    Field(name="position", column="position", side="row", kind="number"),
    Field(name="device", column="device", side="row", kind="category"),
    Field(name="genres", column="genres", side="user", kind="tags"),
    Field(name="likes", column="likes", side="item", kind="level"),
    Field(name="price", column="price", side="item", kind="number"),
]
VECTORS = pa.list_(pa.float32())
STATE = FieldState(fields=FIELDS).model_dump()


def train(state: dict, params: dict) -> int:
    return len(state)


TRAIN = Pipeline([Node(train, ["preparation_state", "params:ctr_modeling"], "model")])
PREPARE = Pipeline([Node(lambda: STATE, None, "preparation_state", name="prepare")])


def hook_for(tree: dict) -> NamedFieldsHook:
    return NamedFieldsHook(SimpleNamespace(params=check_parameters(tree)))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("evaluation.single_fields", ["positon"], "did you mean 'position'"),
        ("evaluation.single_fields", ["genres"], "no such field of one value each"),
        ("features.fields", ["prize"], "did you mean 'price'"),
        ("features.without", ["like"], "features.without names 'like'.*'likes'"),
        ("features.crosses", ["position*devise"], "did you mean 'device'"),
        ("features.crosses", ["position*price"], "needs the field 'price' of the rows"),
    ],
)
def test_a_name_is_checked_against_fields_of_this_run_and_of_an_earlier_one(
    path, value, said
):
    hook = hook_for(changed(configured_params(), f"ctr_modeling.{path}", value))
    earlier = DataCatalog({"preparation_state": MemoryDataset(STATE)})
    with pytest.raises(ValueError, match=said):
        hook.before_pipeline_run(TRAIN, earlier)
    hook.before_pipeline_run(PREPARE + TRAIN, DataCatalog())
    with pytest.raises(ValueError, match=said):
        hook.after_dataset_saved("preparation_state", STATE)
    # Preparation alone trains nothing that could name a field.
    hook.before_pipeline_run(PREPARE, DataCatalog())
    hook.after_dataset_saved("preparation_state", STATE)


def test_a_modality_is_checked_before_anything_is_embedded():
    contents = ItemContents([1], {"title": pa.string(), "x_vector": VECTORS}, None)
    for names, said in ((["titel"], "did you mean 'title'"), (["x", "title"], None)):
        hook = hook_for(
            changed(configured_params(), "ctr_modeling.features.modalities", names)
        )
        hook.before_pipeline_run(PREPARE + TRAIN, DataCatalog())
        if said is None:
            hook.after_dataset_loaded("item_contents", contents)
            continue
        with pytest.raises(ValueError, match=said):
            hook.after_dataset_loaded("item_contents", contents)


def test_arms_of_an_ablation_are_checked_too():
    arm = {"kind": "none", "ctr_modeling": {"features": {"fields": ["prize"]}}}
    hook = hook_for(changed(configured_params(), "ablation.arms.priced", arm))
    earlier = DataCatalog({"preparation_state": MemoryDataset(STATE)})
    hook.before_pipeline_run(TRAIN, earlier)
    inputs = ["preparation_state", "params:ctr_modeling", "params:ablation"]
    ablation = Pipeline([Node(lambda *_: 1, inputs, "arms", name="arms")])
    with pytest.raises(ValueError, match="did you mean 'price'"):
        hook.before_pipeline_run(ablation, earlier)


def test_known_names_pass():
    tree = changed(
        configured_params(), "ctr_modeling.features.fields", ["price", "genres"]
    )
    tree = changed(tree, "ctr_modeling.features.without", ["likes", "row_views"])
    tree = changed(tree, "ctr_modeling.features.crosses", ["position*device"])
    tree = changed(tree, "ctr_modeling.evaluation.single_fields", ["device"])
    hook = hook_for(tree)
    earlier = DataCatalog({"preparation_state": MemoryDataset(STATE)})
    hook.before_pipeline_run(TRAIN, earlier)
