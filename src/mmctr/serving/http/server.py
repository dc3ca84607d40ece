"""A process that serves a bundle until it is told to stop."""

import ipaddress
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from joblib import cpu_count
from pydantic import Field

from mmctr.runtime.params import Params
from mmctr.serving.http.app import create_app
from mmctr.serving.http.limits import Limits
from mmctr.serving.http.observing import Metrics
from mmctr.serving.http.reloading import BundleWatch
from mmctr.serving.http.served import ServedBundle
from mmctr.serving.http.service import Service
from mmctr.serving.http.workers import Workers
from mmctr.serving.scorer import Unknown

logger = logging.getLogger(__name__)

_BACKLOG = 2048
_RELOAD = getattr(signal, "SIGHUP", None)  # Windows has none


class ServerParams(Params):
    """How a bundle is served."""

    host: str = "127.0.0.1"
    """Address to listen at."""
    port: int = Field(8080, ge=0, le=65_535)
    """Its port; 0: a free one."""
    token: str | None = None
    """What clients must know; null: nothing."""
    unknown: Unknown = "score"
    """What happens to candidates that the bundle lacks."""
    threads: int = Field(0, ge=0)
    """Requests that are scored at once; 0: as many as there are processors."""
    watch_seconds: float = Field(1, gt=0)
    """Seconds between two looks at the folder."""
    limits: Limits = Limits()
    """Bounds of requests."""


def serve(path: Path, params: ServerParams) -> None:
    """Serve a bundle until SIGTERM or Ctrl-C, then answer what has begun.

    SIGHUP loads the folder again.

    Args:
        path: The folder of the bundle.
        params: How.

    Raises:
        BundleError: If it is no bundle that can be used.
        OSError: If the address can't be listened at.
    """
    with _handled(_RELOAD, lambda: None):  # a loading server is not to end
        _warn_if_open(params)
        listening = _bound(params.host, params.port)
        with listening:
            bundle = ServedBundle.load(path, params.unknown)
            _serve(path, params, bundle, listening)


def _serve(
    path: Path, params: ServerParams, bundle: ServedBundle, listening: socket.socket
) -> None:
    limits, metrics = params.limits, Metrics()
    service = Service(bundle, limits)
    metrics.show_bundle(bundle.digest, service.n_items)
    processors = cpu_count()
    threads = params.threads or processors
    workers = Workers(
        threads, max(1, processors // threads), limits.waiting, limits.seconds
    )
    watch = BundleWatch(service, metrics, path, params.unknown, params.watch_seconds)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(service, workers, metrics, params.token),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(limits.seconds) + 1,
        )
    )
    host, port = listening.getsockname()[:2]
    listening.listen(_BACKLOG)
    watch.start()
    with (
        _handled(_RELOAD, watch.ask),
        # uvicorn raises them again once it has answered: that is the end, no failure.
        _handled(signal.SIGTERM, lambda: None),
        _handled(signal.SIGINT, lambda: None),
    ):
        shown = f"[{host}]" if ":" in host else host
        logger.info(
            "serving %s, bundle %s, at http://%s:%d with %d threads",
            path,
            bundle.digest[:12],
            shown,
            port,
            threads,
        )
        server.run(sockets=[listening])
    watch.stop()
    workers.close()
    logger.info("stopped; every request that had begun is answered")


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))  # connections are refused until the bundle is loaded
        return bound
    except OSError as error:
        bound.close()
        raise OSError(
            f"can't listen at {host}, port {port}: {error.strerror or error}; name "
            "another with --host and --port"
        ) from error


def _warn_if_open(params: ServerParams) -> None:
    if params.token is None and not _is_loopback(params.host):
        logger.warning(
            "%s can be reached from other machines, and no token is asked for; name "
            "the variable that has one: --token-env NAME",
            params.host,
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _handled(number: signal.Signals | None, action: Any) -> Iterator[None]:
    if number is None:
        yield
        return
    before = signal.signal(number, lambda *_: action())
    try:
        yield
    finally:
        signal.signal(number, before)
