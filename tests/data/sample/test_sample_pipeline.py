"""The pipeline writes the files of its catalog and nothing else."""

import json

import pyarrow.parquet as pq
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner
from kedro_datasets.json import JSONDataset

from mmctr.data.datasets import ArrowDataset, NpyDataset
from mmctr.data.sample.params import SampleParams
from mmctr.pipelines.sample import create_pipeline

FILES = {
    "sample_item_feature": "MicroLens_1M_MMCTR/item_feature.parquet",
    "sample_item_seq": "MicroLens_1M_MMCTR/item_seq.parquet",
    "sample_item_info": "MicroLens_1M_x1/item_info.parquet",
    "sample_train": "MicroLens_1M_x1/train.parquet",
    "sample_valid": "MicroLens_1M_x1/valid.parquet",
    "sample_test": "MicroLens_1M_x1/test.parquet",
    "sample_test_labels": "withheld/test_labels.parquet",
}
CEILING = "withheld/ceiling.json"
TITLES = "MicroLens_1M_MMCTR/gpt_embedding.npy"


@pytest.fixture
def pipeline() -> Pipeline:
    return create_pipeline()


def test_the_node_is_named_and_needs_parameters_only(pipeline):
    assert [node.name for node in pipeline.nodes] == ["generate_sample"]
    assert pipeline.inputs() == {"params:sample"}
    assert pipeline.outputs() == {*FILES, "sample_ceiling", "sample_title_vectors"}


def test_a_run_writes_the_layout(pipeline, tmp_path):
    params = SampleParams(
        name="tiny",
        seed=1,
        n_items=150,
        n_topics=5,
        train_users=40,
        valid_users=20,
        test_users=30,
        text_width=8,
        image_width=8,
        title_width=12,
    )
    catalog = DataCatalog(
        {
            name: ArrowDataset(filepath=str(tmp_path / path))
            for name, path in FILES.items()
        }
    )
    catalog["sample_ceiling"] = JSONDataset(filepath=str(tmp_path / CEILING))
    catalog["sample_title_vectors"] = NpyDataset(filepath=str(tmp_path / TITLES))
    catalog["params:sample"] = MemoryDataset(params)
    SequentialRunner().run(pipeline, catalog)

    written = {str(x.relative_to(tmp_path)) for x in tmp_path.rglob("*") if x.is_file()}
    assert written == {*FILES.values(), CEILING, TITLES}
    test = pq.read_table(tmp_path / FILES["sample_test"])
    assert "label" not in test.column_names
    assert test.schema.metadata[b"mmctr"] == b"synthetic"
    labels = pq.read_table(tmp_path / FILES["sample_test_labels"])
    assert labels.num_rows == test.num_rows == 120
    ceiling = json.loads((tmp_path / CEILING).read_text())
    assert 0.5 < ceiling["test"]["auc"] < 1
