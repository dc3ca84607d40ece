"""Who may ask: a token in the header of a request."""

import hmac

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN = ("/health",)
"""Paths that need no token: what watches over servers has none."""


class TokenRequired:
    """Refuses requests without ``Authorization: Bearer TOKEN``; ASGI middleware."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        """Stand before an app.

        Args:
            app: The app.
            token: What clients must know, not empty.
        """
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            given = dict(scope["headers"]).get(b"authorization", b"")
            # Takes as long wherever the first difference is.
            if not hmac.compare_digest(given, self._expected):
                refusal = JSONResponse(
                    {"detail": "expected the header Authorization: Bearer TOKEN"},
                    401,
                    headers={"WWW-Authenticate": "Bearer"},
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
