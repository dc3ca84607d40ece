"""Silence Lightning's informational output."""

import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_ON_PURPOSE = (
    # One process slices batches from memory: workers would only copy it.
    ".*does not have many workers.*",
    ".*number of training batches.*",
    ".*LeafSpec.*",
    # Several processes: metrics are computed once and sent; buffers are equal already;
    # gradients of padded products are copied.
    ".*sync_dist=True.*",
    ".*broadcast_buffers.*deprecated.*",
    ".*Grad strides do not match bucket view strides.*",
)


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Silence device info, tips and some warnings while Lightning trains.

    Raises:
        KeyboardInterrupt: At Ctrl-C, where Lightning would end the process with 1.
    """
    # Importing it sets this level, whatever logging.yml says.
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        for message in _ON_PURPOSE:
            warnings.filterwarnings("ignore", message)
        handler = signal.getsignal(signal.SIGINT)
        try:
            yield
        except SystemExit as end:
            if not isinstance(end.__context__, KeyboardInterrupt):
                raise
            # Lightning has also left SIGINT ignored.
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, handler)
            raise KeyboardInterrupt from end
