"""What a run found, made up: artifacts as the reporting pipeline takes them."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from found_ablation import ablation
from past_runs import earlier_runs
from prepared_log import log_report

from mmctr.ctr.params import CtrParams, TrainingParams
from mmctr.evaluation import EvaluationParams
from mmctr.pipelines.ctr_modeling.nodes import evaluate_predictions

ITEMS, USERS = 40, 60

TITLE = "<script>alert('x')</script> & <img src=http://evil.example/p.png>"
"""A title as somebody may write it."""


def tables(*, labelled: bool = True) -> dict[str, Any]:
    """Primary rows of a small log, and what model and trees say of them."""
    rng = np.random.default_rng(5)
    found = {}
    for name, users in (("train", 200), ("valid", USERS), ("test", USERS)):
        rows = 4 * users
        labels = np.tile([1, 0, 0, 0], users).astype(np.int8)
        lengths = np.repeat(rng.integers(1, 9, users), 4)
        highest = ITEMS - 5 if name == "train" else ITEMS
        found[name] = pa.table(
            {
                "user_id": np.repeat(np.arange(users), 4),
                "group_id": np.repeat(np.arange(users), 4),
                "item_id": rng.integers(1, highest + 1, rows),
                "item_seq": pa.array(
                    [rng.integers(1, highest + 1, n).tolist() for n in lengths],
                    pa.list_(pa.int64()),
                ),
                "label": pa.array(
                    labels if labelled or name != "test" else [None] * rows, pa.int8()
                ),
            }
        )
        if name != "train":
            scores = 0.25 + 0.2 * labels + rng.normal(0, 0.1, rows)
            found[f"{name}_predictions"] = pa.table(
                {
                    "probability": np.clip(scores, 0.01, 0.99),
                    "raw_probability": np.clip(2 * scores - 0.25, 0.01, 0.99),
                }
            )
            noise = np.random.default_rng(6).normal(0, 0.1, rows)
            trees = 0.25 + 0.1 * labels + noise
            found[f"{name}_tree_scores"] = np.clip(trees, 0.01, 0.99)
    return found


def params() -> EvaluationParams:
    """Few resamples."""
    return EvaluationParams(resamples=30, min_clean_cold_pairs=3, seed=1)


def title_vectors() -> np.ndarray:
    """Row 0 is padding."""
    drawn = np.random.default_rng(1).normal(size=(ITEMS, 4)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return np.pad(drawn, ((1, 0), (0, 0)))


def row_statistics() -> dict[str, Any]:
    """``row_statistics.json``."""
    return {
        "protocol": "live",
        "of_others": False,
        "kinds": {"popularity": 18, "cooccurrence": 11},
        "events": 1234,
        "impressions": None,
        "windows_days": [30.0, 90.5],
        "max_history": 64,
    }


def _of_model(evaluation: EvaluationParams) -> CtrParams:
    """What a node takes; of it, only these parts are read."""
    return CtrParams.model_construct(evaluation=evaluation, training=TrainingParams())


def evaluation(*, labelled: bool = True) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metrics and details of the tables."""
    found = tables(labelled=labelled)
    return evaluate_predictions(
        **found,
        # As many rows with the same labels.
        test_frozen_predictions=found["valid_predictions"],
        test_frozen_tree_scores=found["valid_tree_scores"],
        row_statistics_report=row_statistics(),
        vectors={"title": title_vectors()},
        preparation_report={"oracle_auc": None, "log": None},
        params=_of_model(params()),
    )


def _part(rows: int, labelled: bool = True) -> dict[str, Any]:
    return {
        "rows": rows,
        "positive_rows": rows // 4 if labelled else None,
        "groups": rows // 4,
        "users": rows // 4,
        "warm_users": 3,
        "items": 33,
        "warm_items": 30,
        "rows_with_cold_item": 21,
        "mean_history": 4.5,
    }


def _audit(others: tuple[str, str], *, labelled: bool = True) -> dict[str, Any]:
    return {
        "rows": 240,
        "positive_rate": 0.25 if labelled else None,
        "users": 60,
        "users_shared_with": dict.fromkeys(others, 3),
        "known_user_share": 0.4321,
        "cold_target_share": 0.0875,
        "likes_level_equals_items": 1.0,
        "views_level_equals_items": 0.5,
        "auc_item_only": 0.611 if labelled else None,
        "auc_history_length": 0.5 if labelled else None,
        "auc_seen_before": 0.5 if labelled else None,
        "auc_likes_level": 0.7123 if labelled else None,
        "auc_views_level": 0.45 if labelled else None,
        "auc_likes_level_minus_items": 0.5 if labelled else None,
        "auc_views_level_minus_items": None,
        "fields": {},
    }


def _health(positions: int) -> dict[str, Any]:
    level = {"r2": 0.3, "cosine": 0.6, "usage": 1.0, "dead_codes": 0}
    return {
        "r2": 0.69,
        "cosine": 0.85,
        "recall_at_10": 0.477,
        "recall_at_50": 0.5438,
        "collision_rate": 0.28,
        "usage": 1.0,
        "perplexity": 25.08,
        "positions": positions,
        "codebook_size": 32,
        "bits_per_item": 5.0 * positions,
        "levels": [{**level, "perplexity": 30.0 - n % 7} for n in range(positions)],
        "warm": {"recall_at_10": 0.478},
        "cold": None,
    }


def manifest() -> dict[str, Any]:
    def made(node: str, inputs: dict[str, str], **values: Any) -> dict[str, Any]:
        return {
            "node": node,
            "at": "2026-02-03T04:05:06+00:00",
            "commit": "abc123",
            "parameters": values,
            "inputs": inputs,
        }

    rows = dict.fromkeys(("train", "valid", "test"), "0" * 64)
    return {
        "outputs": {
            **rows,
            "ctr_weights": "1234567890ab" + "c" * 52,
            "ablation_details": "d" * 64,
            "report": "e" * 64,
        },
        "inputs": {"data/01_raw/a|b.parquet": "f" * 64},
        "parameters": {"dataset": "toys", "raw_dir": "data/01_raw/toys", "seed": 7},
        "versions": {"mmctr": "0.1.0", "commit": None, "torch": "2.13.0"},
        "seed": 7,
        "made": {
            "ctr_weights": made(
                "train_model",
                {},
                **{
                    "ctr_modeling.training.batch_size": 512,
                    "ctr_modeling.model.dnn_units": [64, 32],
                    "ctr_modeling.seed": 7,
                },
            )
            | {
                "computation": {
                    "library": "torch 2.13.0",
                    "threads": 3,
                    "omp_num_threads": None,
                    "cpu": "AVX512",
                    "mkl": True,
                    "onednn": False,
                }
            },
            "ablation_details": made("measure_arms", rows, **{"ablation.seeds": 2}),
            "report": made("write_report", {}),
        },
        "files": {},
    }


def found(*, labelled: bool = True) -> dict[str, Any]:
    """Arguments of ``write_report``, by name, with all that is optional."""
    vectors = {
        "provider": "openai",
        "version": "openai/large",
        "rows": ITEMS,
        "width": 4,
        "zero_rows": 2,
        "unique_titles": 39,
        "cached": 30,
        "sent": 9,
        "requests": 1,
        "tokens": 512,
        "cost_bound_usd": 0.0123,
        "seconds": 3.21,
        **dict.fromkeys(("missing", "broken"), 0),
    }
    given = {"provider": "given", "version": None}
    metrics, details = evaluation(labelled=labelled)
    node = {"pipeline": "fusion", "peak_gb": 0.5, "child_peak_gb": 0.1}
    parts = {name: _part(240) for name in ("train", "valid")}
    return {
        "preparation_report": {
            "source": "interactions",
            "items": ITEMS,
            "items_in_train": ITEMS - 5,
            "parts": {**parts, "test": _part(240, labelled)},
            "oracle_auc": None,
            "log": log_report(),
        },
        "data_audit": {
            "train": _audit(("valid", "test")),
            "valid": _audit(("train", "test")),
            "test": _audit(("train", "valid"), labelled=labelled),
        },
        "embedding_report": {
            "title": {"column": "title", **vectors},
            "image": {"column": "image", **vectors} | given,
        },
        "codebook": {"title": _health(4), "image": _health(40)},
        "shared_codes": pd.DataFrame(
            {
                "modality": ["title", "title"],
                "item_id": [1, 1],
                "title": [TITLE, TITLE],
                "shared_codes": [4, 2],
                "codes": [4, 4],
                "other_item_id": [2, 3],
                "other_title": ["`quoted` & plain", None],
            }
        ),
        "earlier_runs": earlier_runs(),
        "training_history": {
            "monitor": "auc",
            "best": 0.7,
            "best_step": 20,
            "steps": 30,
            "device": "cpu",
            "features": ["tags", "title_codes"],
            "statistics": ["popularity.age", "popularity.events"],
            "content": "codes (positional)",
            "weights": 123_456,
            "validations": [
                {
                    "step": step,
                    "auc": value,
                    "gauc": None,
                    "logloss": 0.6,
                    "learning_rate": 0.004,
                }
                for step, value in ((10, 0.65), (20, 0.7), (30, 0.69))
            ],
        },
        "metrics": metrics,
        "evaluation_details": details,
        "tree_importance": {
            "best_round": 123,
            "rows": 456_789,
            "gain": {
                "cooccurrence.max": 0.4321,
                **{f"popularity.n{place}": 0.03 for place in range(18)},
            },
        },
        "ablation": ablation(),
        "times": {
            "nodes": {
                "generate_sample": {**node, "seconds": 1.0},
                "train_model": {**node, "seconds": 96.0, "peak_gb": 2.5},
            },
            "last_run": {"nodes": ["train_model"], "seconds": 96.0, "peak_gb": 2.5},
        },
        "manifest": manifest(),
    }
