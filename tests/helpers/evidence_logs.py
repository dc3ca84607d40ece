"""Reports of logs whose differences are made up."""

from typing import Any

HALF_WIDTH = 0.01


def difference(delta: float, half: float = HALF_WIDTH) -> dict[str, float]:
    """A difference and its interval, as the ablation writes them."""
    return {"delta": delta, "low": delta - half, "high": delta + half, "p": 0.5}


def measures(delta: float, half: float = HALF_WIDTH) -> dict[str, Any]:
    """A better ranking by some amount, and a logloss that is as much lower."""
    return {
        "gauc": difference(delta, half),
        "auc": difference(delta, half),
        "logloss": difference(-delta, half),
    }


def ablation(
    gains: dict[str, float],
    *,
    codes: float | None = None,
    half: float = HALF_WIDTH,
) -> dict[str, Any]:
    """``ablation_details.json``, of it what the evidence reads.

    Args:
        gains: Arm -> its difference to the control, ``none``.
        codes: Listed difference of ``coded`` and ``plain``; None: none is listed.
        half: Half the width of every interval.
    """
    listed = [] if codes is None else [measures(codes, half)]
    return {
        "confidence": 0.95,
        "control": "none",
        "rival": None,
        "comparisons": [{"arm": "coded", "other": "plain", **x} for x in listed],
        "arms": [
            {"name": arm, "against": {"none": measures(gain, half)}}
            for arm, gain in {"none": 0.0, **gains}.items()
        ],
    }


def metrics(model: float, baselines: dict[str, float]) -> dict[str, Any]:
    """``metrics.json``, of it what the evidence reads: gAUC alone, on test."""
    return {
        "valid": None,
        "test": {
            "gauc": model,
            "baselines": {
                name: {
                    "gauc": value,
                    "gauc_difference": [model - value - 0.01, model - value + 0.01],
                }
                for name, value in baselines.items()
            },
        },
    }
