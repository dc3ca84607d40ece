"""What an ablation found, made up: as the report takes it."""

from typing import Any

from evidence_logs import measures


def arm(name: str, kind: str, gauc: float, control: str) -> dict[str, Any]:
    difference = {
        "delta": gauc - 0.6,
        "low": gauc - 0.61,
        "high": gauc - 0.58,
        "p_holm": 0.02,
        "detectable": 0.01,
    }
    return {
        "name": name,
        "kind": kind,
        "gauc_mean": gauc,
        "gauc_sd": 0.001,
        "auc_mean": gauc + 0.01,
        "auc_sd": None,
        "bits_per_item": 40.0 if kind == "codes" else None,
        "seconds": 71.5,
        "against": {control: {"gauc": difference}},
    }


def ablation() -> dict[str, Any]:
    return {
        "control": "none",
        "rival": None,
        "rows": {"train": 800, "valid": 240, "test": 240},
        "test_is_part_of_valid": False,
        "seeds": [1, 2],
        "choose_by": "gauc",
        "confidence": 0.95,
        "arms": [
            arm("none", "none", 0.6, "none"),
            arm("rq_$codes$_<b>", "codes", 0.6789, "none"),
        ],
        "comparisons": [{"arm": "rq_$codes$_<b>", "other": "none", **measures(0.01)}],
    }
