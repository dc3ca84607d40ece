"""One line per node, with the size of all that came in and went out."""

import logging

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner
from pluggy import PluginManager

from mmctr.project.hooks.node_log import NodeLogHook, describe_size


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (pa.table({"a": range(4001)}), "4,001 rows"),
        (pd.DataFrame({"a": [1, 2]}), "2 rows"),
        (np.zeros((4000, 3)), "4,000 x 3"),
        ({"w": torch.zeros(10, 100), "b": torch.zeros(5)}, "1,005 values"),
        ({"auc": 0.5, "rows": 3}, "2 entries"),
        ({"arm/seed_1": lambda: 1}, "1 parts"),
        ({}, "0 entries"),
        ([1, 2, 3], "3 entries"),
        ("# Title", "7 characters"),
        (object(), ""),
    ],
)
def test_a_size_is_in_the_unit_of_its_kind(data, size):
    assert describe_size(data) == size


def split(rows, params):
    return rows[:2], {"n": 2}


def count(head):
    return len(head)


def test_a_run_says_a_line_a_node(caplog):
    from kedro.framework.hooks.specs import DatasetSpecs, NodeSpecs, PipelineSpecs

    hooks = PluginManager("kedro")
    for specs in (NodeSpecs, PipelineSpecs, DatasetSpecs):
        hooks.add_hookspecs(specs)
    hooks.register(NodeLogHook())
    pipeline = Pipeline(
        [
            Node(split, ["rows", "params:x"], ["head", "facts"], name="split_rows"),
            Node(count, "head", "n", name="count_rows"),
        ]
    )
    catalog = DataCatalog(
        {"rows": MemoryDataset(np.arange(5)), "params:x": MemoryDataset(1)}
    )
    hooks.hook.before_pipeline_run(run_params={}, pipeline=pipeline, catalog=catalog)
    with caplog.at_level(logging.INFO, logger="mmctr.node"):
        SequentialRunner().run(pipeline, catalog, hook_manager=hooks)
    said = [x.getMessage() for x in caplog.records if x.name == "mmctr.node"]
    assert [line.split(" (")[0] for line in said] == [
        "split_rows: rows 5 -> head 2, facts 1 entries",
        "count_rows: head 2 -> n",
    ]
