"""The best trial as a file for ``kedro run --config``."""

from typing import Any

import yaml

from mmctr.experiments.varied_params import merge_overrides

_EXPERIMENTS = ("tuning", "ablation")


def best_config(
    tuning: dict[str, Any], env: str | None, runtime_params: dict[str, Any]
) -> str:
    """Write the best trial as options of ``kedro run``.

    Args:
        tuning: From :func:`mmctr.experiments.tuning.report.report_trials`.
        env: Environment of the run.
        runtime_params: Its ``--params``; those of experiments are left out.

    Returns:
        YAML; its comments say where it comes from and whether it reproduces the value.
    """
    best = tuning["best"]
    given = {k: v for k, v in runtime_params.items() if k not in _EXPERIMENTS}
    options: dict[str, Any] = {} if env is None else {"env": env}
    options["params"] = merge_overrides(given, best["overrides"])
    comments = [
        f"Trial {best['number']} of study {tuning['study']}, the best of "
        f"{len(tuning['trials'])} by kedro run --pipeline tuning:",
        f"{tuning['objective']} {best['value']:.6f} on valid, "
        f"{tuning['sampler']} over {len(tuning['space'])} parameters.",
        "  kedro run --config THIS_FILE",
        "trains it again with the budget of the trials (max_epochs and the like); "
        + _reproduction(tuning),
    ]
    text = yaml.safe_dump({"run": options}, sort_keys=False, allow_unicode=True)
    return "".join(f"# {line}\n" for line in comments) + text


def _reproduction(tuning: dict[str, Any]) -> str:
    if tuning["best"]["out_of_time"]:
        return "the trial ran out of\n# tuning.budget.minutes, so expect another value."
    if tuning["budget"]["train_rows"]:
        return (
            f"the trial had\n# {tuning['rows']['train']:,} rows of train "
            "(tuning.budget.train_rows), so expect another value."
        )
    return "training.json\n# then has the same value on the same machine."
