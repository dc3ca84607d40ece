"""Kedro's settings of the project."""

import warnings

from mmctr.hooks import (
    CredentialsHook,
    ParameterHook,
    RunTimesHook,
    SummaryHook,
    TuningHook,
)

# `--pipeline NAME` is how the documentation of this project and most users say it.
warnings.filterwarnings("ignore", message="Option '--pipeline' is deprecated")

HOOKS = (
    ParameterHook(),
    CredentialsHook(),
    SummaryHook(),
    TuningHook(),
    RunTimesHook(),
)

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An environment states what differs from base, key by key.
    "merge_strategy": {"parameters": "soft"},
}
