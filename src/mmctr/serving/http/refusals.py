"""Answers to requests that can't be answered."""

from collections.abc import Sequence
from typing import Any

from fastapi.responses import JSONResponse

from mmctr.serving.http.models import Faults, Refusal

_MOST_FAULTS = 5
_MOST_TEXT = 500

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "The body is no JSON"},
    408: {"model": Refusal, "description": "The body did not arrive in time"},
    413: {"model": Refusal, "description": "The body is too large"},
    422: {"model": Faults, "description": "The request can't be answered"},
    503: {"model": Refusal, "description": "Too many requests, or no answer in time"},
}
"""Of a path that takes a body."""


def describe_faults(errors: Sequence[Any]) -> list[dict[str, Any]]:
    """The first places of a request that are wrong, without what they hold."""
    return [
        {"loc": list(each["loc"]), "msg": each["msg"]} for each in errors[:_MOST_FAULTS]
    ]


def refuse(faults: list[dict[str, Any]]) -> JSONResponse:
    """Say why, in texts of bounded length that JSON can hold."""
    short = [
        {
            "loc": [_plain(x) for x in each["loc"]],
            "msg": _plain(each["msg"]),
        }
        for each in faults
    ]
    return JSONResponse({"detail": short}, 422)


def _plain(part: Any) -> Any:
    if isinstance(part, int):
        return part
    # A lone surrogate of the request's can't be written.
    return str(part)[:_MOST_TEXT].encode("utf-8", "replace").decode("utf-8")
