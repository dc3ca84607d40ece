"""Numbers for Prometheus, and what becomes of an error that nobody expected."""

import logging
import secrets
import time
from collections.abc import Collection

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """What a server counts; in a registry of its own."""

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = Counter(
            "mmctr_requests", "Requests.", ["path", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "mmctr_request_seconds",
            "Seconds from the first byte of a request to the last of its answer.",
            ["path"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.unknown = Counter(
            "mmctr_unknown",
            "Items of histories, candidates and fields that the bundle lacks.",
            ["what"],
            registry=self._registry,
        )
        self.reloads = Counter(
            "mmctr_reloads", "New bundles.", ["outcome"], registry=self._registry
        )
        self.items = Gauge(
            "mmctr_items", "Items, added ones included.", registry=self._registry
        )
        self._bundle = Info("mmctr_bundle", "The bundle.", registry=self._registry)

    def show_bundle(self, digest: str, items: int) -> None:
        """Say which bundle answers."""
        self._bundle.info({"sha256": digest})
        self.items.set(items)

    def page(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)


class Observed:
    """Counts requests and answers for an app that fails; ASGI middleware."""

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: Collection[str]) -> None:
        """Stand before an app.

        Args:
            app: The app.
            metrics: Where to count.
            paths: Those that the app has; others are counted as one.
        """
        self._app = app
        self._metrics = metrics
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in self._paths else "other"
        start, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            number = secrets.token_hex(6)
            logger.exception("error %s at %s", number, path)
            if not status:
                text = f"an error of the server; its log has it as error {number}"
                answer = JSONResponse({"detail": text, "error": number}, 500)
                await answer(scope, receive, noted)
        finally:
            # 499, as nginx has it: the client went away.
            self._metrics.requests.labels(path, status or 499).inc()
            self._metrics.seconds.labels(path).observe(time.perf_counter() - start)
