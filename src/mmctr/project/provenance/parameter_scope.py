"""Which parameters a node's result depends on.

A node takes a whole section, ``params:ctr_modeling`` say, and reads a part of it: a new
number of resamples is no reason to train again. What is not named here counts.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mmctr.ctr.models import MODELS
from mmctr.ctr.models.heads import HEADS, OWN_HEAD
from mmctr.evaluation.params import OF_TRAINING, EvaluationParams
from mmctr.project.paths import FILES_READ, resolve_path
from mmctr.runtime.extensions import source_of

WITHOUT_EFFECT = (
    # Where and how visibly it is computed. A GPU rounds otherwise; that makes nobody's
    # artifact wrong.
    "*.device",
    "*.progress",
    "*.keep_memory",
    "*.memory_gb",
    "ablation.processes",
    "baselines.threads",
    "row_statistics.rows_at_once",
    # Where a training is kept does not change its result.
    "ctr_modeling.checkpoint.*",
    # The bundle itself is an input.
    "ctr_modeling.start_from",
    "predict.folder",
    # How vectors are requested does not change them.
    "embedding.cache",
    "embedding.openai.api_version",
    "embedding.openai.encoding_format",
    "embedding.openai.mode",
    "embedding.openai.batch.*",
    "embedding.openai.request_size",
    "embedding.openai.tokens_per_minute",
    "embedding.openai.concurrency",
    "embedding.openai.max_retries",
    "embedding.openai.timeout_seconds",
    "embedding.openai.stop_after_failures",
    "embedding.openai.usd_per_million_tokens",
    "embedding.openai.max_cost_usd",
    "embedding.openai.dry_run",
)
"""Parameters that change no result."""

CODE_READ = (
    "embedding.*provider",
    "quantization.*method",
    "ctr_modeling.model.name",
    "ctr_modeling.evaluation.metrics",
    "ctr_modeling.evaluation.baselines",
)
"""Parameters that may name code of one's own: a changed module is another one."""

_PREDICTING = (
    "ctr_modeling.features.*",
    "ctr_modeling.model.*",
    "ctr_modeling.training.max_history",
    "ctr_modeling.training.precision",
    "ctr_modeling.training.predict_batch_size",
    "ctr_modeling.unknown_values",
    "ctr_modeling.calibration.*",
)

_JUDGING = tuple(
    f"ctr_modeling.evaluation.{name}"
    for name in EvaluationParams.model_fields
    if name not in OF_TRAINING
)

READ = {
    "list_shared_codes": ("quantization.seed",),
    "predict_valid": _PREDICTING,
    "predict_test": _PREDICTING,
    "predict_test_frozen": _PREDICTING,
    "make_bundle": (
        *_PREDICTING,
        "row_statistics.*",
        "embedding.*",
        "fields.*",
        "preparation.*",
    ),
    "evaluate_predictions": ("ctr_modeling.evaluation.*",),
    "compare_with_earlier": ("ctr_modeling.evaluation.*",),
    "build_submission": ("ctr_modeling.submission.*",),
    "check_submission": ("ctr_modeling.submission.*",),
}
"""What a node reads of its section, where that is little."""

UNREAD = {
    "train_model": (
        # Every method is fitted; predicting takes one.
        "ctr_modeling.calibration.*",
        *_JUDGING,
        "ctr_modeling.submission.*",
        "ctr_modeling.unknown_values",
    ),
    "plan_ablation": (
        "ctr_modeling.calibration.*",
        *_JUDGING,
        "ctr_modeling.submission.*",
    ),
}
"""What a node does not read of its section, where it reads the rest."""


def relevant_parameters(
    node: str, inputs: list[str], parameters: dict[str, Any]
) -> dict[str, Any]:
    """Pick the parameters that a node's outputs depend on.

    Args:
        node: Its name.
        inputs: Names of its inputs; those that begin with ``params:`` count.
        parameters: The whole tree, plain values.

    Returns:
        Values by their full dotted names, without what the node does not read, what
        changes no result, and settings of choices not in use.
    """
    sections = [
        name.removeprefix("params:")
        for name in inputs
        # Where it is computed changes no result.
        if name.startswith("params:") and name != "params:scale"
    ]
    values = {
        name: value
        for section in sections
        for name, value in _leaves(_at(parameters, section), section)
    }
    # The plan of an experiment chooses among settings that are idle otherwise.
    idle = () if len(sections) > 1 else _idle(parameters)
    dropped = (*WITHOUT_EFFECT, *UNREAD.get(node, ()), *idle)
    kept = READ.get(node, ("*",))
    return {
        name: value
        for name, value in values.items()
        if _matches(name, kept) and not _matches(name, dropped)
    }


def named_files(relevant: dict[str, Any], project: Path) -> dict[str, Path]:
    """Files, folders and modules of own code that these parameters name."""
    files: dict[str, Path | None] = {
        name: resolve_path(value, project)
        for name, value in relevant.items()
        if value and _matches(name, FILES_READ)
    }
    for name, value in relevant.items():
        if _matches(name, CODE_READ):
            for entry in value if isinstance(value, list) else [value]:
                files[f"{name}={entry}"] = source_of(str(entry))
    return {name: path for name, path in files.items() if path and path.exists()}


def _idle(parameters: dict[str, Any]) -> list[str]:
    """Patterns of the settings that the choices made leave unread."""
    quantization = parameters["quantization"]
    embedding = parameters["embedding"]
    ctr = parameters["ctr_modeling"]
    content = ctr["features"]["content"].split("+")
    providers = ("sentence_transformers", "openai", "lsa", "precomputed")
    methods = [
        name
        for name, value in quantization.items()
        if isinstance(value, dict) and name not in {"health", "modalities"}
    ]
    own_methods = [x.get("method") for x in quantization["modalities"].values()]
    modalities = [each for each in embedding["modalities"].values() if each]
    used = {embedding["provider"]} | {
        "precomputed" if each.get("path") else each.get("provider")
        for each in modalities
    }
    unused = {
        **{
            f"quantization.{x}.*": x not in {quantization["method"], *own_methods}
            for x in methods
        },
        **{f"embedding.{x}.*": x not in used for x in providers},
        # One of one's own may draw, too.
        "embedding.seed": used <= {None, *providers} - {"lsa"},
        "embedding.placeholder": embedding["empty_title"] != "placeholder",
        **{
            f"embedding.images.{x}": embedding["images"]["path"] is None
            for x in embedding["images"]
            if x not in {"path", "modality"}
        },
        **{
            f"ctr_modeling.model.{x}.*": x != ctr["model"]["code_entry"]
            or "codes" not in content
            for x in ("concat", "prefix")
        },
        **{
            f"ctr_modeling.model.{x}.*": x not in content
            for x in ("continuous", "similarity")
        },
        **_idle_of_model(ctr["model"]),
        "ctr_modeling.going_on.*": ctr["start_from"] is None,
        **{
            f"ctr_modeling.training.{x}": ctr["training"]["schedule"] != "plateau"
            for x in ("lr_factor", "lr_patience")
        },
        "ctr_modeling.training.loss_weight": ctr["training"]["loss"] == "bce",
        "ctr_modeling.training.pairs": ctr["training"]["loss"] != "bce+pairwise",
        "row_statistics.prior_codes": "priors"
        not in parameters["row_statistics"]["kinds"],
    }
    return [pattern for pattern, is_idle in unused.items() if is_idle]


def _idle_of_model(model: dict[str, Any]) -> dict[str, bool]:
    """Tell of each section of a model or head whether it is idle.

    A model from elsewhere may read any of them.
    """
    name, head = model["name"], model["head"]
    if name not in MODELS:
        return {}
    own_head = head == OWN_HEAD and name == "qin"
    used = {name, "quadratic" if own_head else head}
    sections = [x for x, value in model.items() if x in {*MODELS, *HEADS}]
    return {f"ctr_modeling.model.{x}.*": x not in used for x in sections}


def _at(tree: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        tree = tree[name]
    return tree


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}")
    else:
        yield name, value


def _matches(name: str, patterns: Any) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
