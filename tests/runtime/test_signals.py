"""Ctrl-C as a request to stop."""

import signal
import threading

import pytest

from mmctr.runtime.signals import StopRequest


def test_first_and_second_interrupt():
    """The first is noted, the second raises; then the old handler is back."""
    before = signal.getsignal(signal.SIGINT)
    with StopRequest() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_ignored_interrupt_stays_ignored():
    """As in a background job."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopRequest() as stop:
            signal.raise_signal(signal.SIGINT)
        assert not stop.requested
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_cannot_watch():
    """And don't fail."""
    entered = []

    def work():
        with StopRequest() as stop:
            entered.append(stop.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered == [False]
