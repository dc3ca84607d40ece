"""The page that a run closes with."""

from typing import Any

SUMMARY_INPUTS = (
    "preparation_report",
    "data_audit",
    "metrics",
    "codebook",
    "training_history",
)
"""Data sets that the summary is made of."""

_PARTS = ("train", "valid", "test")


def summarize(
    inputs: dict[str, Any],
    *,
    paths: dict[str, str],
    dataset: str,
    env: str | None,
    source: dict[str, str],
) -> str:
    """Write the summary of a run.

    Args:
        inputs: The data sets named in :data:`SUMMARY_INPUTS`.
        paths: Where each artifact of the run lies.
        dataset: Name of the data set.
        env: The environment; None for the default.
        source: What the command line said of the data set; the next run needs it too.

    Returns:
        Some fifty lines of plain text.
    """
    report, metrics = inputs["preparation_report"], inputs["metrics"]
    blocks = [
        _rows(report, dataset),
        _audit(inputs["data_audit"]),
        _codebooks(inputs["codebook"]),
        _training(inputs["training_history"]),
        *(_metrics(part, metrics[part]) for part in ("valid", "test")),
        _artifacts(paths),
        _next_steps(metrics, env, source, paths.get("report")),
    ]
    return "\n\n".join(["", *blocks, ""])


def _rows(report: dict[str, Any], dataset: str) -> str:
    lines = [
        f"{dataset}: {report['items']:,} items, "
        f"{report['items_in_train']:,} of them in train",
        f"  {'':6}{'rows':>11}{'clicks':>10}{'users':>9}{'new users':>11}"
        f"{'cold rows':>11}{'history':>9}",
    ]
    for part in _PARTS:
        counts = report["parts"][part]
        clicks = counts["positive_rows"]
        lines.append(
            f"  {part:6}{counts['rows']:>11,}"
            f"{'hidden' if clicks is None else f'{clicks:,}':>10}{counts['users']:>9,}"
            f"{counts['users'] - counts['warm_users']:>11,}"
            f"{counts['rows_with_cold_item']:>11,}{counts['mean_history']:>9.1f}"
        )
    lines += [
        f"  unknown: {found['file']} {found['column']}, {found['values']:,} values in "
        f"{found['rows']:,} rows; {found['fate']}"
        for found in report.get("unknown", {}).get("found", [])
    ]
    return "\n".join(lines)


def _audit(audit: dict[str, Any]) -> str:
    lines = [
        "audit: shares of rows; the AUC of one quantity alone (0.5 tells nothing)",
        f"  {'':6}{'clicked':>8}{'cold':>7}{'likes=own':>10}{'views=own':>10}"
        f"{'item only':>10}{'history':>8}{'likes':>7}{'views':>7}",
    ]
    for part in _PARTS:
        found = audit[part]
        cells = (
            (found["positive_rate"], 8),
            (found["cold_target_share"], 7),
            (found["likes_level_equals_items"], 10),
            (found["views_level_equals_items"], 10),
            (found["auc_item_only"], 10),
            (found["auc_history_length"], 8),
            (found["auc_likes_level"], 7),
            (found["auc_views_level"], 7),
        )
        numbers = "".join(f"{_number(value, 3):>{width}}" for value, width in cells)
        lines.append(f"  {part:6}{numbers}")
    return "\n".join(lines)


def _codebooks(codebook: dict[str, Any]) -> str:
    lines = ["codes"]
    for modality, health in codebook.items():
        if health is None:
            lines.append(f"  {modality:6} absent")
            continue
        lines.append(
            f"  {modality:6} R2 {_number(health['r2'])}, cosine "
            f"{_number(health['cosine'])}, usage {_number(health['usage'], 2)}, "
            f"perplexity {_number(health['perplexity'], 1)}, "
            f"recall@10 {_number(health['recall_at_10'], 2)}"
        )
    return "\n".join(lines)


def _training(history: dict[str, Any]) -> str:
    return (
        f"training on {history['device']}: {history['weights']:,} weights, "
        f"{history['steps']:,} steps\n"
        f"  content: {history['content']}\n"
        f"  best {history['monitor']} on valid {_number(history['best'])} "
        f"at step {history['best_step']:,}"
    )


def _metrics(part: str, metrics: dict[str, Any] | None) -> str:
    if metrics is None:
        return f"{part}: no labels, so predictions only"
    lines = [
        f"{part}: {metrics['rows']:,} rows, logloss {_number(metrics['logloss'])}, "
        f"NE {_number(metrics['ne'])}, ECE {_number(metrics['ece'])}",
        f"  {'':22}{'AUC':>7}{'gAUC':>7}  model minus it (interval): AUC, gAUC",
        _scores("model (own interval)", metrics)
        + f"{_interval(metrics['auc_interval'], sign='')}, "
        f"{_interval(metrics['gauc_interval'], sign='')}",
    ]
    if metrics["auc"] is None:
        lines.append("  AUC is undefined: all rows have one label")
    elif metrics["gauc"] is None:
        lines.append("  gAUC is undefined: no group has both labels")
    for name, baseline in metrics["baselines"].items():
        if baseline is None:
            lines.append(f"  {name:22} absent")
            continue
        lines.append(
            _scores(name, baseline) + f"{_interval(baseline['auc_difference'])}, "
            f"{_interval(baseline['gauc_difference'])}"
        )
    lines.append(
        f"  detectable difference  {_largest(metrics, 'auc_detectable'):>6}"
        f"{_largest(metrics, 'gauc_detectable'):>7}  to a baseline, at 80 % power"
    )
    if "oracle_auc" in metrics:
        lines.append(f"  {'best possible':22}{_number(metrics['oracle_auc']):>7}")
    lines.append(
        f"  warm items {_number(metrics['auc_warm_items'])}; cold against cold in a "
        f"group {_number(metrics['auc_clean_cold'])} "
        f"({metrics['clean_cold_pairs']:,} pairs)"
    )
    return "\n".join(lines)


def _largest(metrics: dict[str, Any], name: str) -> str:
    """The least favourable of the baselines' numbers."""
    found = [x[name] for x in metrics["baselines"].values() if x and x[name]]
    return _number(max(found, default=None))


def _scores(name: str, scores: dict[str, Any]) -> str:
    return f"  {name:22}{_number(scores['auc']):>7}{_number(scores['gauc']):>7}  "


def _artifacts(paths: dict[str, str]) -> str:
    width = max((len(name) for name in paths), default=0)
    return "\n".join(
        ["artifacts", *(f"  {name:{width}}  {path}" for name, path in paths.items())]
    )


def _next_steps(
    metrics: dict[str, Any],
    env: str | None,
    source: dict[str, str],
    report: str | None,
) -> str:
    run = "kedro run" + (f" --env {env}" if env else "")
    data = "".join(f"{name}={value}," for name, value in source.items())
    lines = [
        "next",
        f"  open {report}: all of this, and more"
        if report
        else "  all of this as a page: the same with --pipeline reporting",
        f"  {run} --pipeline ctr_modeling \\",
        f"    --params {data}ctr_modeling.model.embedding_dim=64",
        f"  {run} \\",
        f"    --params {data}quantization.method=vqvae,"
        "ctr_modeling.model.code_entry=bag",
    ]
    if env != "interactions":
        lines.append(
            "  kedro run --env interactions --params raw_dir=DIR,dataset=NAME   # yours"
        )
    if metrics["test"] is None:
        lines.append("  judge by valid, submit test_predictions: test has no labels")
    lines.append("  pip install -e '.[viz]' && kedro viz run             (the graph)")
    return "\n".join(lines)


def _number(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(interval: list[float] | None, sign: str = "+") -> str:
    if interval is None:
        return "[-]"
    return f"[{interval[0]:{sign}.4f}, {interval[1]:{sign}.4f}]"
