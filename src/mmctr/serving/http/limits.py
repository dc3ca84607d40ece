"""What one request may ask for, and how bodies and answers are bounded."""

import asyncio
from typing import Any

from pydantic import Field
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmctr.runtime.params import Params


class Limits(Params):
    """Bounds of a server."""

    body_bytes: int = Field(8 * 2**20, ge=1)
    """Largest body of a request, bytes; above it: 413."""
    candidates: int = Field(10_000, ge=1)
    """Most candidates of a request, and most items of an answer of /rank."""
    history: int = Field(1_000, ge=1)
    """Most items of a history."""
    new_items: int = Field(1_000, ge=1)
    """Most items that one request adds."""
    seconds: float = Field(30, gt=0)
    """Longest time for a body to arrive, then for the answer; above it: 408, 503."""
    waiting: int = Field(256, ge=1)
    """Most requests that are scored or wait for it; above it: 503."""


class BodyLimit:
    """Reads a request's whole body before the app does, or refuses it.

    ASGI middleware. What is too large is refused as soon as that is known: by its
    header, or once so many bytes came.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        """Stand before an app."""
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._limits.seconds):
                body = await self._read(scope, receive)
        except TimeoutError:
            text = f"the body did not arrive within {self._limits.seconds:g} s"
            await _refuse(408, text)(scope, receive, send)
            return
        except _TooLargeError:
            text = f"the body is larger than {self._limits.body_bytes:,} bytes"
            await _refuse(413, text)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _Replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body; None if the client went away."""
        stated = dict(scope["headers"]).get(b"content-length", b"")
        if stated.isdigit() and int(stated) > self._limits.body_bytes:
            raise _TooLargeError
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._limits.body_bytes:
                raise _TooLargeError
            more = message.get("more_body", False)
        return bytes(body)


class _TooLargeError(Exception):
    """More bytes than are taken."""


class _Replay:
    """Gives a body that was read already, then what else comes."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._first: dict[str, Any] | None = {"type": "http.request", "body": body}
        self._receive = receive

    async def __call__(self) -> Message:
        if self._first is not None:
            message, self._first = self._first, None
            return message
        return await self._receive()


def _refuse(status: int, text: str) -> JSONResponse:
    # The rest of the body is not read: the connection is of no more use.
    return JSONResponse({"detail": text}, status, headers={"Connection": "close"})
