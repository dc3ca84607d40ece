"""Two nodes of one core each beside one: trainings of an ablation, and ``predict``.

``python -m benchmarks.two_nodes BUNDLE --rows 20000000`` measures ``predict`` alone, of
a large log. Nodes are Ray's, all of this machine. Their start is not counted, that of
their workers is, but where a rate is named.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.child import Measurement, measure
from benchmarks.served_bundle import make_bundle
from mmctr.runtime.scale.cluster import Cluster, connected_cluster
from mmctr.runtime.scale.params import ScaleParams

SEED = 20242025
RUNS, ROWS, ITEMS = 16, 250_000, 10_000
SCORED_ROWS = 2_000_000
BUNDLE = {"items": 2_000, "users": 2_000, "events": 20_000}
ROWS_PER_USER = 20
STARTS = 4
FILE = 500_000


@contextmanager
def local_nodes(count: int) -> Iterator[Cluster]:
    """A cluster of nodes of one CPU each, connected, with a worker on each."""
    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
        "RAY_worker_niceness": str(os.nice(0)),
        "RAY_memory_monitor_refresh_ms": "0",
    }
    from ray.cluster_utils import Cluster as Nodes

    nodes = Nodes()
    try:
        for cpus in (0, *[1] * count):  # this process is on the first
            _add_node(nodes, cpus)
        nodes.wait_for_nodes()
        params = ScaleParams(backend="ray", address=nodes.address)
        with connected_cluster(params) as cluster:
            assert cluster is not None  # nosec B101
            yield cluster
    finally:
        nodes.shutdown()


def _add_node(nodes: Any, cpus: int) -> None:
    """Add a node; Ray gives one half a minute to start, little on a busy machine."""
    for tries in range(STARTS):
        try:
            nodes.add_node(
                num_cpus=cpus,
                object_store_memory=500 * 2**20,
                include_dashboard=False,
            )
            return
        except Exception:  # Ray has no kind of its own for it
            if tries + 1 == STARTS:
                raise


def time_trainings(*, nodes: int, runs: int, rows: int, items: int) -> Measurement:
    """Train an arm with several seeds, as the ablation does.

    Args:
        nodes: Of one core each.
        runs: Seeds.
        rows: Of train; a fifth of them validates.
        items: Of the catalog.

    Returns:
        Wall ``seconds``, those of the mean training, and the sum of all ``scores``, by
        which two such measurements are known to be the same trainings.
    """
    from mmctr.data.datasets import ResultStore
    from mmctr.experiments.training import facts_of

    with tempfile.TemporaryDirectory() as folder, local_nodes(nodes) as cluster:
        store = ResultStore(
            Path(folder), "mmctr.data.datasets.ArrowDataset", ".parquet"
        )
        trainer = _trainer(runs, rows, items)
        start = time.perf_counter()
        trainer.train_missing(
            store, trainer.plan.runs({"none": "one"}), "runs", cluster
        )
        seconds = time.perf_counter() - start
        made = [store.load(name) for name in store.names()]
    took = [facts_of(each)["seconds"] for each in made]
    scores = sum(float(np.sum(each["probability"].to_numpy())) for each in made)
    return {"seconds": seconds, "training_s": float(np.mean(took)), "scores": scores}


def _trainer(runs: int, rows: int, items: int):  # noqa: ANN202 - imported when it runs
    from benchmarks.world import Shape, rows_table
    from mmctr.content.quantizers.params import QuantizationParams
    from mmctr.ctr.params import CtrParams
    from mmctr.data.datasets import LoadedResults
    from mmctr.experiments.ablation.inputs import Parts
    from mmctr.experiments.ablation.params import AblationParams
    from mmctr.experiments.ablation.plan import make_plan
    from mmctr.experiments.ablation.runs import RunTrainer
    from mmctr.experiments.common import describe_inputs
    from mmctr.experiments.training import Items
    from mmctr.experiments.varied_params import VariedParams

    shape = Shape(items=items)
    parts = Parts(*(rows_table(shape, x, SEED) for x in (rows, rows // 5, rows // 10)))
    ids = pa.table({"item_id": np.arange(1, items + 1), "title": [""] * items})
    vectors = {"title": np.zeros((items + 1, 0), np.float32)}
    ctr = {
        "features": {"content": "none", "item_id": True},
        "model": {
            "embedding_dim": 16,
            "attention_units": [64, 32],
            "dnn_units": [128, 64],
        },
        "training": {"batch_size": 1024},
        "evaluation": {"seed": SEED, "resamples": 50},
        "seed": SEED,
        "device": "cpu",
    }
    base = VariedParams(
        quantization=QuantizationParams(seed=SEED),
        ctr_modeling=CtrParams.model_validate(ctr),
    )
    params = AblationParams.model_validate(
        {
            "arms": {"none": {"kind": "none"}},
            "candidates": {"one": {}},
            "budget": {"max_epochs": 1, "validations_per_epoch": 1},
            "seeds": runs,
            "seed": SEED,
        }
    )
    inputs = describe_inputs(parts._asdict(), ids, vectors, {"log": None})
    plan = make_plan(params, base, inputs)
    return RunTrainer(plan, LoadedResults({}), Items(ids, vectors), parts)


def write_log(folder: Path, items: np.ndarray, rows: int) -> None:
    """Write rows of 20 per user, a tenth of them clicks, and a quarter as many earlier.

    Args:
        folder: Receives ``interactions``, parquet files, and ``history.parquet``.
        items: Ids that rows are of.
        rows: How many.
    """
    (folder / "interactions").mkdir(parents=True)
    rng, users = np.random.default_rng(SEED), max(rows // ROWS_PER_USER, 1)

    def events(count: int, first: int) -> dict[str, np.ndarray]:
        return {
            "user_id": rng.integers(0, users, count),
            "item_id": rng.choice(items, count),
            "timestamp": first + rng.integers(0, 10**7, count),
        }

    for start in range(0, rows, FILE):
        count = min(FILE, rows - start)
        label = (rng.random(count) < 0.1).astype(np.int8)
        table = pa.table({**events(count, 1_700_000_000), "label": label})
        pq.write_table(table, folder / "interactions" / f"{start:09d}.parquet")
    before = pa.table(events(rows // 4, 1_600_000_000))
    pq.write_table(before, folder / "history.parquet")


def time_predict(*, bundle: str, log: str, nodes: int) -> Measurement:
    """Score a log, its report and its one file left out.

    Args:
        bundle: A bundle's folder.
        log: Of :func:`write_log`.
        nodes: Of one core each; 0: this process, with all its threads.

    Returns:
        Wall ``seconds``, all included; ``rows_per_s`` from the end of each worker's
        first piece on; the processor's seconds of this process (``driver_cpu_s``).
    """
    # As in a run and its workers: threads that wait don't take a core from others.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from mmctr.data.reading.params import ReadingParams
    from mmctr.data.reading.scored_log import ScoredLog
    from mmctr.serving.prediction.log_scorer import LogScorer
    from mmctr.serving.prediction.params import PredictParams

    def score(cluster: Cluster | None) -> Measurement:
        opened = ScoredLog.open(log, ReadingParams())
        params = PredictParams(folder=folder)
        start, cpu = time.perf_counter(), time.process_time()
        scorer = LogScorer.of(Path(bundle), opened, params)
        scorer.score(cluster)
        seconds = time.perf_counter() - start
        cpu = time.process_time() - cpu
        pieces = scorer.store.path.glob("piece-*/counts.json")
        ends = sorted(piece.stat().st_mtime for piece in pieces)
        first = max(nodes, 1)
        done = opened.count_rows() - first * params.rows_at_once
        rate = done / (ends[-1] - ends[first - 1])
        return {"seconds": seconds, "rows_per_s": rate, "driver_cpu_s": cpu}

    with tempfile.TemporaryDirectory(dir=Path(log).parent) as folder:
        if not nodes:
            return score(None)
        with local_nodes(nodes) as cluster:
            return score(cluster)


def run(
    rounds: int,
    measure: Callable[..., Measurement] = measure,
    *,
    runs: int = RUNS,
    rows: int = ROWS,
    scored_rows: int = SCORED_ROWS,
) -> dict[str, object]:
    """Measure both, once: a start of two clusters per round would take minutes.

    Returns:
        ``trainings_ratio``, the wall time of two nodes by that of one, and
        ``predict_ratio``, the rows per second of two nodes by those of one process.
    """
    del rounds
    sizes = {"runs": runs, "rows": rows, "items": ITEMS}
    trained = {
        f"{nodes}_nodes": measure("two_nodes_trainings", {"nodes": nodes, **sizes})
        for nodes in (1, 2)
    }
    one, two = trained.values()
    if one["scores"] != two["scores"]:
        raise ValueError("two nodes made other trainings than one; no time is taken")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        project.mkdir()
        sys.stderr.write("two nodes: a bundle of a synthetic log is made\n")
        bundle = make_bundle(project, **BUNDLE)
        predicted = compare_predict(bundle, scored_rows, measure, Path(folder))
    return {
        "trainings_ratio": two["seconds"] / one["seconds"],
        "trainings": trained,
        **predicted,
    }


def compare_predict(
    bundle: Path, rows: int, measure: Callable[..., Measurement], folder: Path
) -> dict[str, object]:
    """Score a log in one process, then on two nodes.

    Args:
        bundle: Its folder.
        rows: Of the log.
        measure: Runs a measurement by name.
        folder: Receives the log and what is kept of it; the caller removes it.
    """
    from mmctr import Scorer

    log = folder / "log"
    write_log(log, np.asarray(Scorer.load(bundle).items), rows)
    scored = {}
    for nodes, name in ((0, "one_process"), (2, "2_nodes")):
        given = {"bundle": str(bundle), "log": str(log), "nodes": nodes}
        scored[name] = measure("two_nodes_predict", given)
    one, two = scored.values()
    return {
        "predict_ratio": two["rows_per_s"] / one["rows_per_s"],
        "predict": {"rows": rows, **scored},
    }


def main() -> None:
    """Score a log of the size given, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.two_nodes")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--rows", type=int, default=20_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = compare_predict(
            given.bundle.absolute(), given.rows, measure, Path(folder)
        )
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
