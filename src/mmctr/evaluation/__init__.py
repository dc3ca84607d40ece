"""How good predictions are: metrics, slices, baselines and intervals.

Needs numpy and pydantic, scikit-learn for calibration and LightGBM for the boosted
trees; nothing here imports torch, pandas or Kedro.
"""

from mmctr.evaluation.audit import AuditedRows, audit_splits
from mmctr.evaluation.field_audit import AuditedField
from mmctr.evaluation.intervals import detectable_difference, percentile_interval
from mmctr.evaluation.metrics import auc, gauc, logloss
from mmctr.evaluation.multiple_tests import holm_adjust, resampled_p_value
from mmctr.evaluation.params import EvaluationParams
from mmctr.evaluation.report import (
    EvaluatedRows,
    Evaluation,
    TrainRows,
    evaluate,
    evaluate_beside_trees,
)
from mmctr.evaluation.resampling import resample_metrics
from mmctr.evaluation.slices import clean_cold_auc, unseen_in_train, warm_auc

__all__ = [
    "AuditedField",
    "AuditedRows",
    "EvaluatedRows",
    "Evaluation",
    "EvaluationParams",
    "TrainRows",
    "auc",
    "audit_splits",
    "clean_cold_auc",
    "detectable_difference",
    "evaluate",
    "evaluate_beside_trees",
    "gauc",
    "holm_adjust",
    "logloss",
    "percentile_interval",
    "resample_metrics",
    "resampled_p_value",
    "unseen_in_train",
    "warm_auc",
]
