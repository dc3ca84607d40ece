"""Ctrl-C in a training by Lightning is Ctrl-C to the run."""

import signal
import sys

import pytest

from mmctr.runtime.lightning import quiet_lightning


def test_ctrl_c_is_not_an_exit_code():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), quiet_lightning():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:  # what Lightning's trainer does
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            sys.exit(1)
    assert signal.getsignal(signal.SIGINT) is before


def test_other_exits_stay():
    with pytest.raises(SystemExit), quiet_lightning():
        sys.exit(3)
