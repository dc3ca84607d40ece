"""Results come in the order of calls, however workers end them."""

import pytest
from scattered_calls import AT_ONCE, scatter

from mmctr.runtime.scale import in_order
from mmctr.runtime.scale.cluster import Cluster
from mmctr.runtime.scale.in_order import call_in_order, content_cluster
from mmctr.runtime.scale.params import ScaleParams

ON_RAY = ScaleParams(backend="ray", address="nowhere:1", content_items=10)


def double(number: int) -> int:
    return 2 * number


@pytest.mark.parametrize("count", [0, 1, 7])
@pytest.mark.parametrize("cluster", [None, Cluster(AT_ONCE, 1, 0)])
def test_results_are_in_order(monkeypatch, count, cluster):
    made = scatter(monkeypatch)
    numbers = range(count)
    assert [*call_in_order(double, numbers, cluster)] == [2 * x for x in numbers]
    assert len(made) == (count if cluster else 0)


def test_without_workers_arguments_are_read_as_results_are_taken():
    read = []
    results = call_in_order(double, (read.append(x) or x for x in range(5)), None)
    assert (next(results), read) == (0, [0])


def test_closing_ends_the_calls(monkeypatch):
    ended = []

    def run(*_):
        try:
            yield "piece 0", 5
            yield "piece 1", 6
        finally:
            ended.append(True)

    monkeypatch.setattr(in_order, "run_on_workers", run)
    results = call_in_order(double, [1, 2], Cluster(1, 1, 0))
    assert next(results) == 5
    results.close()
    assert ended == [True]


def test_few_items_need_no_cluster(monkeypatch):
    with content_cluster(10, ON_RAY) as cluster:
        assert cluster is None
    with content_cluster(10**9, ScaleParams()) as cluster:
        assert cluster is None
    scatter(monkeypatch)
    with content_cluster(11, ON_RAY) as cluster:
        assert cluster == Cluster(AT_ONCE, 1, 0)
