"""The page that a run closes with."""

from typing import Any

SUMMARY_INPUTS = ("preparation_report", "metrics", "codebook", "training_history")
"""Data sets that the summary is made of."""

_PARTS = ("train", "valid", "test")


def summarize(
    inputs: dict[str, Any], *, paths: dict[str, str], dataset: str, env: str | None
) -> str:
    """Write the summary of a run.

    Args:
        inputs: The data sets named in :data:`SUMMARY_INPUTS`.
        paths: Where each artifact of the run lies.
        dataset: Name of the data set.
        env: The environment; None for the default.

    Returns:
        Some fifty lines of plain text.
    """
    report, metrics = inputs["preparation_report"], inputs["metrics"]
    blocks = [
        _rows(report, dataset),
        _codebooks(inputs["codebook"]),
        *(_metrics(part, metrics[part]) for part in ("valid", "test")),
        _artifacts(paths),
        _next_steps(metrics, env),
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
    return "\n".join(lines)


def _codebooks(codebook: dict[str, Any]) -> str:
    lines = ["codes"]
    for modality, health in codebook.items():
        if health is None:
            lines.append(f"  {modality:6} absent")
            continue
        lines.append(
            f"  {modality:6} R2 {_number(health['r2'])}, cosine "
            f"{_number(health['cosine'])}, usage {_number(health['usage'])}, "
            f"perplexity {_number(health['perplexity'], 1)}, "
            f"recall@10 {_number(health['recall_at_10'])}"
        )
    return "\n".join(lines)


def _metrics(part: str, metrics: dict[str, Any] | None) -> str:
    if metrics is None:
        return f"{part}: no labels, so predictions only"
    lines = [
        f"{part}: {metrics['rows']:,} rows, logloss {_number(metrics['logloss'])}, "
        f"NE {_number(metrics['ne'])}, ECE {_number(metrics['ece'])}",
        f"  {'':24}{'AUC':>8}{'gAUC':>8}   model minus it, 95 %: AUC, gAUC",
        f"  {'model':24}{_number(metrics['auc']):>8}{_number(metrics['gauc']):>8}   "
        f"itself: {_interval(metrics['auc_interval'], sign='')}, "
        f"{_interval(metrics['gauc_interval'], sign='')}",
    ]
    for name, baseline in metrics["baselines"].items():
        if baseline is None:
            lines.append(f"  {name:24}  absent")
            continue
        lines.append(
            f"  {name:24}{_number(baseline['auc']):>8}{_number(baseline['gauc']):>8}   "
            f"{_interval(baseline['auc_difference'])}, "
            f"{_interval(baseline['gauc_difference'])}"
        )
    if "oracle_auc" in metrics:
        lines.append(f"  {'best possible':24}{_number(metrics['oracle_auc']):>8}")
    lines.append(
        f"  warm items {_number(metrics['auc_warm_items'])}; cold against cold in a "
        f"group {_number(metrics['auc_clean_cold'])} "
        f"({metrics['clean_cold_pairs']:,} pairs)"
    )
    return "\n".join(lines)


def _artifacts(paths: dict[str, str]) -> str:
    width = max(len(name) for name in paths)
    return "\n".join(
        ["artifacts", *(f"  {name:{width}}  {path}" for name, path in paths.items())]
    )


def _next_steps(metrics: dict[str, Any], env: str | None) -> str:
    run = "kedro run" + (f" --env {env}" if env else "")
    lines = [
        "next",
        f"  {run} --pipeline ctr_modeling --params ctr_modeling.model.embedding_dim=64",
        f"  {run} --params quantization.method=vqvae,ctr_modeling.model.code_entry=bag",
    ]
    if env != "interactions":
        lines.append(
            "  kedro run --env interactions --params raw_dir=DIR,dataset=NAME   # yours"
        )
    if metrics["test"] is None:
        lines.append("  test has no labels: judge by valid, submit test_predictions")
    lines.append("  pip install -e '.[viz]' && kedro viz run             (the graph)")
    return "\n".join(lines)


def _number(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(interval: list[float] | None, sign: str = "+") -> str:
    if interval is None:
        return "[-]"
    return f"[{interval[0]:{sign}.4f}, {interval[1]:{sign}.4f}]"
