"""Going on from a bundle beside its frozen model and a training from scratch.

``python -m benchmarks.going_on LOG --project DIR``: a log of clicks is cut in time. A
model is trained on the first part; the next part comes in, and the end of that is the
test. Runs that are finished are not made again.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mmctr.evaluation.intervals import percentile_interval
from mmctr.evaluation.metrics import row_losses
from mmctr.evaluation.params import EvaluationParams
from mmctr.evaluation.resampling import UserRows, resample

CUTS = ((60, 80), (80, 100))
"""Per cent of the events that the bundle's run has, and the later one."""

ARMS = ("frozen", "going_on", "full")
_MEASURES = ("auc", "gauc", "logloss")

Settings = Mapping[str, object]


def write_logs(log: Path, folder: Path) -> None:
    """Write the beginning of a log for each share, with the items it has."""
    events = pq.read_table(log / "interactions.parquet")
    items = pq.read_table(log / "items.parquet")
    times = events["timestamp"].to_numpy()
    for share in {share for cut in CUTS for share in cut}:
        last = int(np.quantile(times, share / 100, method="lower"))
        part = events.filter(pc.less_equal(events["timestamp"], last))
        known = pc.is_in(items["item_id"], pc.unique(part["item_id"]))
        own = folder / str(share)
        own.mkdir(parents=True, exist_ok=True)
        pq.write_table(part, own / "interactions.parquet")
        pq.write_table(items.filter(known), own / "items.parquet")


def run(project: Path, name: str, settings: Settings, *options: str) -> float:
    """``kedro run`` of a data set, once.

    Args:
        project: Folder of the project.
        name: Of the data set.
        settings: Parameters.
        options: Of the command.

    Returns:
        Processor seconds of the whole run, imports included.
    """
    done = project / "data" / "08_reporting" / name / "seconds.json"
    if done.exists():
        return float(json.loads(done.read_text()))
    given = {"dataset": name, "device": "cpu", **settings}
    params = ",".join(f"{key}={value}" for key, value in given.items())
    command = [sys.executable, "-m", "kedro", "run", "--env", "interactions"]
    before = _children_seconds()
    subprocess.run(
        [*command, "--params", params, *options],
        cwd=project,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    seconds = _children_seconds() - before
    done.write_text(json.dumps(seconds))
    return seconds


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_arms(
    project: Path, logs: Path, cut: tuple[int, int], settings: Settings, label: str
) -> dict[str, tuple[str, float]]:
    """Train the bundle of a cut, and what is compared on its later part.

    Args:
        project: Folder of the project.
        logs: Of :func:`write_logs`.
        cut: Shares of events.
        settings: Parameters of all runs.
        label: Ends the names of the data sets.

    Returns:
        By arm the name of its data set, and processor seconds.
    """
    first, second = cut
    parent = f"full{first}_{label}"
    common = dict(settings)
    run(project, parent, common | {"raw_dir": logs / str(first)})
    later = common | {"raw_dir": logs / str(second)}
    bundle = project / "data" / "06_models" / parent / "bundle"
    start = {"ctr_modeling.start_from": bundle}
    of_arms: dict[str, Settings] = {
        "frozen": {**start, "ctr_modeling.going_on.max_epochs": 0},
        "going_on": start,
        "full": {},
    }
    found = {}
    for arm in ARMS:
        name = f"{arm}{second}_{label}"
        # What the next cut starts from has a bundle, which needs all pipelines.
        whole = arm == "full" and any(second == other for other, _ in CUTS)
        only = () if whole else ("--to-nodes", "predict_test,predict_valid")
        found[arm] = name, run(project, name, later | of_arms[arm], *only)
    return found


def compare(
    project: Path, names: Mapping[str, list[str]], part: str, params: EvaluationParams
) -> dict[str, dict[str, object]]:
    """Measure arms on the same rows, users resampled, means over the seeds.

    Args:
        project: Folder of the project.
        names: Arm -> data set per seed.
        part: ``valid`` or ``test``.
        params: Resamples, seed, confidence.

    Returns:
        By arm its measures, and differences to the first arm with intervals.
    """
    rows, scores, of_seed = _read(project, names, part)
    measures = {}
    for arm, own in scores.items():
        for seed in np.unique(of_seed):
            measures["auc", arm, seed] = rows.auc(own, of_seed == seed)
        measures["gauc", arm, 0] = rows.gauc(own)
        measures["logloss", arm, 0] = rows.mean(row_losses(rows.labels, own))
    drawn = resample(measures, rows.n_users, params)
    once = {
        key: np.asarray(each(np.ones(rows.n_users))) for key, each in measures.items()
    }

    def mean(values: Mapping[tuple, np.ndarray], measure: str, arm: str) -> np.ndarray:
        return np.mean([x for key, x in values.items() if key[:2] == (measure, arm)], 0)

    first = next(iter(names))
    return {
        arm: {
            measure: {
                "value": float(mean(once, measure, arm)),
                "difference": float(
                    mean(once, measure, arm) - mean(once, measure, first)
                ),
                "interval": percentile_interval(
                    mean(drawn, measure, arm) - mean(drawn, measure, first),
                    params.confidence,
                ),
            }
            for measure in _MEASURES
        }
        for arm in names
    }


def _read(
    project: Path, names: Mapping[str, list[str]], part: str
) -> tuple[UserRows, dict[str, np.ndarray], np.ndarray]:
    """Rows of all seeds, scores by arm, and the seed of each row."""
    data = project / "data"
    labels, groups, users, seeds = [], [], [], []
    scores: dict[str, list[np.ndarray]] = {arm: [] for arm in names}
    for place, of_seed in enumerate(zip(*names.values(), strict=True)):
        tables = [
            pq.read_table(data / "07_model_output" / x / f"{part}_predictions.parquet")
            for x in of_seed
        ]
        rows = pq.read_table(
            data / "03_primary" / of_seed[0] / f"{part}.parquet", columns=["group_id"]
        )
        _require_same_rows(tables)
        labels.append(tables[0]["label"].to_numpy())
        users.append(tables[0]["user_id"].to_numpy())
        # Draws of other seeds are other groups.
        groups.append(rows["group_id"].to_numpy() * 64 + place)
        seeds.append(np.full(rows.num_rows, place))
        for arm, table in zip(names, tables, strict=True):
            scores[arm].append(table["probability"].to_numpy())
    joined = {arm: np.concatenate(own) for arm, own in scores.items()}
    whole = (np.concatenate(x) for x in (labels, groups, users))
    return UserRows.of(*whole), joined, np.concatenate(seeds)


def _require_same_rows(tables: list[pa.Table]) -> None:
    for table in tables[1:]:
        for name in ("user_id", "item_id", "label"):
            if table[name].to_pylist() != tables[0][name].to_pylist():
                raise ValueError(f"the arms were scored on other rows: {name} differs")


def main() -> None:
    """Run, and print what a table is made of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path, help="folder of a log of clicks")
    parser.add_argument(
        "--project", type=Path, required=True, help="a project's folder"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--set", nargs="*", default=[], help="parameters, as x.y=z")
    given = parser.parse_args()
    project = given.project.resolve()
    logs = project / "data" / "01_raw" / "going_on"
    write_logs(given.log, logs)
    settings = dict(each.split("=", 1) for each in given.set)
    results = {}
    for cut in CUTS:
        names: dict[str, list[str]] = {arm: [] for arm in ARMS}
        seconds: dict[str, list[float]] = {arm: [] for arm in ARMS}
        for seed in given.seeds:
            own = settings | {"seed": seed}
            for arm, (name, used) in run_arms(
                project, logs, cut, own, f"s{seed}"
            ).items():
                names[arm].append(name)
                seconds[arm].append(round(used, 1))
        results[f"{cut[0]} to {cut[1]} %"] = {
            "processor_seconds": seconds,
            **{
                part: compare(project, names, part, EvaluationParams(seed=1))
                for part in ("valid", "test")
            },
        }
    sys.stdout.write(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
