"""Limits of time and of what waits; errors that nobody expected."""

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI, HTTPException

from mmctr.serving.http.access import TokenRequired
from mmctr.serving.http.limits import BodyLimit, Limits
from mmctr.serving.http.observing import Metrics, Observed
from mmctr.serving.http.workers import Workers


def ask(app: FastAPI, method: str, path: str, **more) -> httpx.Response:
    """The app's answer, without a server."""

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as own:
            return await own.request(method, path, **more)

    return asyncio.run(answer())


def test_a_function_that_takes_too_long_is_refused_and_its_thread_is_kept():
    go_on = threading.Event()
    workers = Workers(1, 1, 2, 0.05)

    async def play() -> list[int]:
        statuses = []
        for _ in range(2):  # the first runs, the second waits behind it
            with pytest.raises(HTTPException) as refused:
                await workers.run(go_on.wait)
            statuses.append(refused.value.status_code)
        go_on.set()
        return [*statuses, await Workers(1, 1, 1, 30).run(lambda: 7)]

    assert asyncio.run(play()) == [503, 503, 7]
    workers.close()


def test_more_than_may_wait_is_refused_until_something_ends():
    go_on = threading.Event()
    workers = Workers(1, 1, 2, 30)

    async def play() -> tuple[str, list[bool]]:
        first = [asyncio.create_task(workers.run(go_on.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(HTTPException) as refused:
            await workers.run(lambda: 1)
        assert refused.value.headers == {"Retry-After": "1"}
        go_on.set()
        results = await asyncio.gather(*first)
        await workers.run(lambda: 1)
        return refused.value.detail, results

    detail, results = asyncio.run(play())
    assert "2 requests are waiting already" in detail
    assert results == [True, True]
    workers.close()


def test_errors_of_a_function_are_its_callers():
    with pytest.raises(ZeroDivisionError):
        asyncio.run(Workers(1, 1, 1, 30).run(lambda: 1 // 0))


def test_a_body_that_does_not_arrive_is_not_waited_for():
    async def never() -> dict:
        await asyncio.sleep(60)
        return {}

    async def play() -> list[dict]:
        sent: list[dict] = []

        async def send(message: dict) -> None:
            sent.append(message)

        limits = Limits(seconds=0.05)
        scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
        await BodyLimit(FastAPI(), limits)(scope, never, send)
        return sent

    start, body = asyncio.run(play())
    assert start["status"] == 408
    assert b"did not arrive within 0.05 s" in body["body"]


def test_an_unexpected_error_is_in_the_log_and_not_in_the_answer(caplog):
    app, metrics = FastAPI(), Metrics()

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("a secret of the inside")

    app.add_middleware(Observed, metrics=metrics, paths=["/broken"])
    with caplog.at_level(logging.ERROR, "mmctr.serving.http.observing"):
        answer = ask(app, "GET", "/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.json()["error"] in caplog.text
    assert "a secret of the inside" in caplog.text
    counted = b'mmctr_requests_total{path="/broken",status="500"} 1.0'
    assert counted in metrics.page()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer s3crét".encode()}, 200),
        ({"Authorization": "Bearer s3crét ".encode()}, 401),
        ({"Authorization": "s3crét".encode()}, 401),
    ],
)
def test_a_token_opens_all_paths_and_none_is_needed_for_health(headers, status):
    app = FastAPI()
    app.add_api_route("/model", lambda: {})
    app.add_api_route("/health", lambda: {})
    app.add_middleware(TokenRequired, token="s3crét")
    assert ask(app, "GET", "/model", headers=headers).status_code == status
    assert ask(app, "GET", "/health", headers=headers).status_code == 200


def test_registries_are_apart():
    one, other = Metrics(), Metrics()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: one.reloads.labels("taken").inc(), range(100)))
    assert b'mmctr_reloads_total{outcome="taken"} 100.0' in one.page()
    assert b"mmctr_reloads_total{" not in other.page()
