"""Kedro's settings of the project."""

import os
import warnings

import pyarrow as pa

from mmctr.project.config_loader import CachedConfigLoader, expand_user
from mmctr.project.console import use_console
from mmctr.project.hooks.after_run import (
    CheckpointHook,
    PredictionHook,
    RunTimesHook,
    SummaryHook,
    TuningHook,
)
from mmctr.project.hooks.going_on import GoingOnHook
from mmctr.project.hooks.lock import LockHook
from mmctr.project.hooks.mlflow import TrackingHook
from mmctr.project.hooks.named_fields import NamedFieldsHook
from mmctr.project.hooks.node_log import NodeLogHook
from mmctr.project.hooks.parameters import CredentialsHook, ParameterHook
from mmctr.project.hooks.run_history import RunHistoryHook
from mmctr.project.hooks.scale import ScaleHook
from mmctr.project.provenance.hook import ManifestHook

# `--pipeline NAME` is how the documentation of this project and most users say it.
warnings.filterwarnings("ignore", message="Option '--pipeline' is deprecated")

# Threads that wait for each other sleep; by default they spin, and a core that another
# program keeps busy makes every training many times slower. Read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Arrow's own allocators keep what is freed: a quarter of a large log, when it is read.
pa.set_memory_pool(pa.system_memory_pool())

use_console()

# Only MLflow reads these, where the extra `tracking` is installed.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")

_checked = ParameterHook()

HOOKS = (
    _checked,
    CredentialsHook(),
    # Kedro calls the last first: this one reads what the manifest has recorded.
    RunHistoryHook(_checked),
    ManifestHook(_checked),
    NamedFieldsHook(_checked),
    GoingOnHook(_checked),
    CheckpointHook(_checked),
    PredictionHook(_checked),
    NodeLogHook(),
    SummaryHook(),
    TuningHook(),
    RunTimesHook(),
    TrackingHook(_checked),
    ScaleHook(_checked),
    # Last, so that it is given back when the others have written.
    LockHook(),
)

CONFIG_LOADER_CLASS = CachedConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "custom_resolvers": {"expanduser": expand_user},
    # An environment states what differs from base, key by key.
    "merge_strategy": {"parameters": "soft"},
}
