"""Kedro's settings of the project."""

import os
import warnings

from mmctr.project.console import use_console
from mmctr.project.hooks.core import (
    CheckpointHook,
    CredentialsHook,
    ParameterHook,
    RunTimesHook,
    SummaryHook,
    TuningHook,
)
from mmctr.project.hooks.lock import LockHook
from mmctr.project.hooks.mlflow import TrackingHook
from mmctr.project.hooks.node_log import NodeLogHook
from mmctr.project.provenance.hook import ManifestHook

# `--pipeline NAME` is how the documentation of this project and most users say it.
warnings.filterwarnings("ignore", message="Option '--pipeline' is deprecated")

use_console()

# Only MLflow reads these, where the extra `tracking` is installed.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")

HOOKS = (
    ParameterHook(),
    CredentialsHook(),
    ManifestHook(),
    CheckpointHook(),
    NodeLogHook(),
    SummaryHook(),
    TuningHook(),
    RunTimesHook(),
    TrackingHook(),
    # Last, so that it is given back when the others have written.
    LockHook(),
)

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An environment states what differs from base, key by key.
    "merge_strategy": {"parameters": "soft"},
}
