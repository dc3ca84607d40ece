"""A stand-in for the workers of a cluster: calls end in another order than they begin.

Functions, arguments and results are pickled, as Ray does it.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest

from mmctr.runtime.scale import in_order
from mmctr.runtime.scale.cluster import Cluster

AT_ONCE = 3


def scatter(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put it in the place of a cluster.

    Returns:
        Names of the calls that were made, as they end.
    """
    made: list[str] = []

    def run(function: Any, arguments: Any, cluster: Cluster) -> Iterator:
        sent = pickle.loads(pickle.dumps(function))
        remaining = iter(arguments)
        while begun := list(islice(remaining, AT_ONCE)):
            for name, argument in reversed(begun):
                made.append(name)
                result = sent(pickle.loads(pickle.dumps(argument)))
                yield name, pickle.loads(pickle.dumps(result))

    @contextmanager
    def connected(params: Any) -> Iterator[Cluster]:
        yield Cluster(AT_ONCE, 1, 0)

    monkeypatch.setattr(in_order, "run_on_workers", run)
    monkeypatch.setattr(in_order, "connected_cluster", connected)
    return made
