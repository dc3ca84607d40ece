"""The one table and the one JSON of a run."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from benchmarks.stages import STAGES
from mmctr.ctr.models import MODELS

RESULTS = Path(__file__).parent / "results" / "latest.json"


def empty_results() -> dict[str, object]:
    """The fixed interface; null is what was not measured."""
    alone = ("rows_per_s", "limit_share", "peak_gb")
    against = ("peer_rows_per_s", "ratio_stock", "ratio_tuned")
    return {
        "din": {
            "384": dict.fromkeys(alone + against),
            "2048": dict.fromkeys(alone),
        },
        "models": dict.fromkeys(MODELS),
        "vqvae": dict.fromkeys(("train_ratio", "encode_ratio")),
        "loader": dict.fromkeys(("rows_per_s", "peak_gb")),
        "long_log": dict.fromkeys(("rate", "cpu_rate", "mapped", "in_memory")),
        "preparation": {"events": None, "impressions": None},
        "growth": {"measured": None},
        "stages": dict.fromkeys(STAGES),
        "busy": dict.fromkeys(
            ("seconds_alone", "seconds_busy", "ratio", "waiting_ratio")
        ),
        "serving": dict.fromkeys(
            (
                "p50_ms",
                "p99_ms",
                "cpu_p50_ms",
                "catalog_p50_ms",
                "catalog_p99_ms",
                "catalog_cpu_p50_ms",
                "frame_rows_per_cpu_s",
                "frame_ratio_pipelines",
            )
        ),
        "two_nodes": dict.fromkeys(
            ("trainings_ratio", "trainings", "predict_ratio", "predict")
        ),
        "machine": {},
    }


def table(results: Mapping[str, object]) -> str:
    """One line a number, in the order of the JSON: where it stands, and its value."""
    lines = list(_flatten(results, ""))
    width = max((len(name) for name, _ in lines), default=0)
    return "\n".join(f"{name:{width}}  {_shown(value)}" for name, value in lines)


def save(results: Mapping[str, object], path: Path = RESULTS) -> None:
    """Write the results, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(results, indent=2) + "\n")
    os.replace(draft, path)


def _flatten(values: Mapping[str, object], above: str) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            lines += _flatten(value, f"{above}{name} ")
        else:
            lines.append((above + name, value))
    return lines


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return str(value)
