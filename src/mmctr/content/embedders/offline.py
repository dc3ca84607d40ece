"""Models are loaded from this machine and nowhere else."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from transformers.utils import logging as transformers_logging


@contextmanager
def offline() -> Iterator[None]:
    """Keep the loaders off the network, and their bars off stderr, for a while."""
    before = os.environ.get("HF_HUB_OFFLINE")
    bars = transformers_logging.is_progress_bar_enabled()
    os.environ["HF_HUB_OFFLINE"] = "1"
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if before is None:
            del os.environ["HF_HUB_OFFLINE"]
        else:
            os.environ["HF_HUB_OFFLINE"] = before
        if bars:
            transformers_logging.enable_progress_bar()
