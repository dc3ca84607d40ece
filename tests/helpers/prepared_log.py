"""What preparation reports of a log of clicks."""

from typing import Any


def log_report() -> dict[str, Any]:
    """``log`` of ``preparation.json``."""
    return {
        "kind": "clicks",
        "groups": "a click and its negatives",
        "negatives_per_positive": 3,
        "negative_keep": 1.0,
        "columns": {
            "user_id": {"side": "row", "kind": "id", "used": True, "why": "the user"},
            "page": {"side": "row", "kind": None, "used": False, "why": "not named"},
        },
        "events": 1234,
        "clock": True,
        "first_day": "2020-01-31",
        "last_day": "2021-02-28",
        "notes": ["interactions.parquet: column 'timestamp': unix seconds"],
        "dropped": {
            "events": {
                "dropped": 56,
                "of": 1234,
                "share": 0.0454,
                "why": {"unknown item": 40, "short history": 16},
            },
            "users": {"dropped": 0, "of": 99, "share": 0.0, "why": {}},
        },
        "users_dropped": 5,
        "parts": {
            "train": {"events": 1000, "dropped_short_history": 16},
            "test": {"events": 194, "dropped_short_history": 0},
        },
    }
