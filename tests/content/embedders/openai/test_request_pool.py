"""Many jobs at a time, at a pace, until the user wants to stop."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.content.embedders.openai.errors import RequestFailed
from mmctr.content.embedders.openai.request_pool import RequestPool, TokenRateLimiter
from mmctr.runtime.signals import StopRequest


def pool_of(send, kept: list, **changes) -> RequestPool:
    """A pool that collects pairs of job and answer."""
    settings = {
        "concurrency": 3,
        "stop_after_failures": 100,
        "limiter": TokenRateLimiter(None),
        "stop": StopRequest(),
    }
    return RequestPool(send, lambda *pair: kept.append(pair), **(settings | changes))


@given(
    bad=st.sets(st.integers(0, 19)),
    n_jobs=st.integers(0, 20),
    concurrency=st.integers(1, 5),
)
def test_every_job_is_kept_or_failed(bad, n_jobs, concurrency):
    """Each exactly once, whatever fails."""

    def send(job):
        if job in bad:
            raise RequestFailed(f"job {job}")
        return -job

    kept = []
    pool = pool_of(send, kept, concurrency=concurrency)
    results = pool.run(range(n_jobs), [1] * n_jobs)
    jobs = set(range(n_jobs))
    assert set(kept) == {(job, -job) for job in jobs - bad}
    assert results.failed == {job: f"job {job}" for job in jobs & bad}
    assert (results.sent, results.ended_by) == (n_jobs, "")


@pytest.mark.parametrize("where", ["send", "store"])
def test_a_defect_is_no_failed_request(where):
    """It ends the call, as does a full disk."""

    def fail(*_):
        raise ZeroDivisionError

    pool = pool_of(fail if where == "send" else abs, [])
    if where == "store":
        pool.store = fail
    with pytest.raises(ZeroDivisionError):
        pool.run([1, 2], [1, 1])


def test_no_thread_is_left():
    """Workers end with the call."""
    before = set(threading.enumerate())
    pool_of(abs, []).run([1, 2], [1, 1])
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()


def test_a_stop_finishes_what_is_in_flight():
    """And sends nothing more."""
    stop = StopRequest()

    def send(job):
        stop.requested = True
        return job

    kept = []
    results = pool_of(send, kept, stop=stop).run(range(50), [1] * 50)
    assert len(kept) == results.sent < 50
    assert results.ended_by == "you stopped it"


@given(
    sizes=st.lists(st.integers(1, 8192), min_size=2, max_size=40),
    budget=st.integers(8192, 100_000),
)
def test_the_limit_holds_in_every_minute(sizes, budget):
    """Any minute sees at most the budget and one request."""
    now = 0.0
    limiter = TokenRateLimiter(budget, clock=lambda: now)
    sent = []
    for size in sizes:
        now += limiter.seconds_left()
        sent.append((now, size))
        limiter.spend(size)
    for start, _ in sent:
        minute = [size for at, size in sent if start <= at < start + 60]
        assert sum(minute) <= budget + max(minute) + 1


def test_no_budget_no_waiting():
    """And an idle hour does not allow more at once."""
    limiter = TokenRateLimiter(None)
    limiter.spend(10**9)
    assert limiter.seconds_left() == 0
    now = 0.0
    limiter = TokenRateLimiter(60, clock=lambda: now)
    now = 3600.0
    limiter.spend(30)
    assert limiter.seconds_left() == 30
