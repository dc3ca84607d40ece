"""Nodes of the evidence pipeline."""

from typing import Any

from mmctr.data.datasets import LogReports
from mmctr.experiments.evidence.differences import differences_of
from mmctr.experiments.evidence.params import EvidenceParams
from mmctr.experiments.evidence.report import combine_logs


def combine_evidence(
    ablations: LogReports, metrics: LogReports, params: EvidenceParams
) -> dict[str, Any]:
    """Combine what the ablations of several logs found.

    Args:
        ablations: ``ablation_details.json`` of every data set.
        metrics: ``metrics.json``, of those that have it: the model minus baselines.
        params: Names the data sets.

    Returns:
        Differences by log and combined, see :func:`combine_logs`.

    Raises:
        ValueError: If no data sets are named, or one has not run the ablation; the
            message names each missing file and the command that makes it.
    """
    if not params.names:
        raise ValueError(
            "evidence.logs names no data sets; name two at least that have run the "
            "ablation: --params evidence.logs=toys+books"
        )
    missing = [name for name in params.names if name not in ablations]
    if missing:
        lines = [
            f"- {ablations.path(name)}: `kedro run --pipeline ablation --params "
            f"dataset={name}`, with the --env and raw_dir of that log"
            for name in missing
        ]
        raise ValueError(
            "evidence.logs: the ablation of these data sets is missing; make it with\n"
            + "\n".join(lines)
        )
    logs = {
        name: differences_of(
            ablations.load(name), metrics.load(name) if name in metrics else None
        )
        for name in params.names
    }
    return combine_logs(logs, params.confidence)
