"""Differences on several logs combined to one."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def combine(
    deltas: Sequence[float], errors: Sequence[float], confidence: float
) -> dict[str, Any]:
    """Combine the differences of several logs, by fixed and by random effects.

    Fixed effects take the true difference to be the same on every log. Random effects
    let it vary with a variance ``tau2`` between logs, here that of Paule and Mandel
    (1982). Their normal interval takes ``tau2`` for known, which it is not with a
    few logs; that of Hartung and Knapp (2001) has the t distribution with one degree of
    freedom less than there are logs, here with a scale of at least 1 (Roever, Knapp and
    Friede, 2015, BMC Medical Research Methodology 15:99).

    Args:
        deltas: One difference per log, two at least.
        errors: Their standard errors, above 0.
        confidence: Of the intervals.

    Returns:
        ``fixed`` and ``random``, each ``delta``, ``low`` and ``high``;
        ``hartung_knapp``: ``low`` and ``high`` around the same mean as ``random``;
        ``tau2``; ``i2``, the share of the spread of the differences that is not chance;
        ``p_same``, the p-value of all logs having one true difference (Cochran's Q).
    """
    # Takes a second to import.
    from statsmodels.stats.meta_analysis import combine_effects

    # It divides by the spread of the differences, which may be 0.
    with np.errstate(divide="ignore", over="ignore"):
        found = combine_effects(np.asarray(deltas), np.square(errors), method_re="pm")
    fixed, random, _, _ = found.conf_int(alpha=1 - confidence, use_t=False)
    # The scale of Paule and Mandel's estimate is 1, or less where tau2 is 0.
    _, hartung_knapp, _, _ = found.conf_int(alpha=1 - confidence, use_t=True)
    return {
        "fixed": {"delta": float(found.mean_effect_fe), **_ends(fixed)},
        "random": {"delta": float(found.mean_effect_re), **_ends(random)},
        "hartung_knapp": _ends(hartung_knapp),
        "tau2": float(found.tau2),
        "i2": float(1 - found.df / found.q) if found.q > found.df else 0.0,
        "p_same": float(found.test_homogeneity().pvalue),
    }


def _ends(interval: np.ndarray) -> dict[str, float]:
    return {"low": float(interval[0]), "high": float(interval[1])}
