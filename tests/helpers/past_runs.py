"""Runs of a history, made up."""

from typing import Any

from mmctr.data.run_history import PastRun


def past_run(number: int = 1, **fields: Any) -> PastRun:
    """Fields by name replace those made up."""
    known = {
        "at": f"2026-11-30T11:00:{number:02}+00:00",
        "dataset": "toys",
        "model": "din",
        "part": "test",
        "rows": 2,
        "users": 1,
        "rows_key": "",
        "metrics": {"auc": 0.7, "gauc": None, "logloss": 0.5},
        "parameters": {"seed": 1, "ctr_modeling.training.loss": "bce"},
        "inputs": {"items.parquet": "0f"},
    }
    return PastRun.model_validate({"number": number, **known, **fields})


def earlier_runs() -> dict[str, Any]:
    """``earlier_runs.json``: one run on the same rows, and one on others."""
    measures = ("gauc", "auc", "logloss")
    run = {
        "at": "2026-02-01T04:05:06+00:00",
        "model": "din",
        "metrics": dict.fromkeys(measures, 0.61234),
        "inputs": [],
    }
    minus = {"delta": 0.0123, "low": -0.004, "high": 0.02}
    return {
        "part": "test",
        "confidence": 0.95,
        "measures": dict.fromkeys(measures, 0.7),
        "runs": [
            {
                **run,
                "number": 7,
                "report": "history/0007.html",
                "differs": {
                    "ctr_modeling.model.mhta.heads": (4, "-"),
                    "ctr_modeling.training.loss": ("bce", "bce+pairwise"),
                },
                "minus": dict.fromkeys(measures, minus),
            },
            {
                **run,
                "number": 6,
                "report": None,
                "differs": {f"a.b{n}": (n, None) for n in range(5)},
                "inputs": ["log.csv"],
                "minus": None,
            },
        ],
    }
