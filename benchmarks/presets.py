"""What training by each of the challenge's presets costs, beside the reference."""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from benchmarks.child import Measurement, measure, medians
from benchmarks.clock import StepClock
from benchmarks.report import table
from benchmarks.world import Shape, click_log, item_table
from mmctr.ctr.inputs.item_table import ItemTable
from mmctr.ctr.params import CtrParams

SEED = 20242025
CONF = Path(__file__).parents[1] / "conf"
REFERENCE = "reference"
PRESETS = ("tol1ve", "gavin113", "momo", "target_only", "ours")
EPOCH = 3_600_000
"""Rows of the challenge's train."""

WIDTHS = {"fused": 128, "title": 1024, "image": 1024}
# Some seconds at each batch size.
WARM_UP, STEPS = 2, {16: 100, 384: 16, 1024: 8, 4096: 3}
COUNTED = 384
"""Rows whose operations are counted."""


class ProcessorClock(StepClock):
    """The processor's time of steps: other programs on the machine take none of it."""

    now = staticmethod(time.process_time)


def preset_params(name: str) -> CtrParams:
    """The model's parameters of ``conf/microlens_NAME.yml``, or the reference's."""
    from kedro.config import OmegaConfigLoader

    given = {}
    if name != REFERENCE:
        content = yaml.safe_load((CONF / f"microlens_{name}.yml").read_text())
        given = content["run"]["params"]
    loader = OmegaConfigLoader(
        conf_source=str(CONF),
        env="microlens",
        base_env="base",
        default_run_env="microlens",
        merge_strategy={"parameters": "soft"},
        runtime_params={"seed": SEED, "device": "cpu", **given},
    )
    return CtrParams.model_validate(loader["parameters"]["ctr_modeling"])


def preset_items(params: CtrParams, shape: Shape) -> ItemTable:
    """Items with what the model reads: codes at the shape's sizes, drawn vectors."""
    features, rng = params.features, np.random.default_rng([SEED, 7])
    items = item_table(shape, SEED)
    own = ("title", "image") if features.need_codes else ("fused",)
    vectors = {}
    for name in own if {"continuous", "similarity"} & set(features.forms) else ():
        wide = (items.n_items + 1, WIDTHS[name])
        vectors[name] = rng.standard_normal(wide, np.float32)
        vectors[name][0] = 0
    return replace(
        items, codes=items.codes if features.need_codes else {}, vectors=vectors
    )


def time_preset(name: str) -> Measurement:
    """Steps of a preset as ``kedro run`` trains it, loader and L2 included."""
    from benchmarks.steps import flops_a_step, train_product

    params = preset_params(name)
    shape = Shape() if name == REFERENCE else Shape(positions=8, codes=256)
    items, rows = preset_items(params, shape), params.training.batch_size
    log = click_log(shape, rows * (WARM_UP + STEPS[rows]), SEED)
    seconds = train_product(
        items, log, params, rows, warm_up=WARM_UP, clock=ProcessorClock()
    )
    flops = flops_a_step(items, click_log(shape, COUNTED, SEED), params) / COUNTED
    return {
        "us_a_row": seconds / rows * 1e6,
        "hours_an_epoch": seconds / rows * EPOCH / 3600,
        "pflop_an_epoch": flops * EPOCH / 1e15,
    }


def run(
    rounds: int, measure: Callable[..., Measurement] = measure
) -> dict[str, dict[str, float]]:
    """Time every preset in turn, each in a fresh process; medians over rounds.

    Returns:
        By preset; ``times_reference`` is a row's cost beside that of the reference.
    """
    taken: dict[str, list[Measurement]] = {name: [] for name in (REFERENCE, *PRESETS)}
    for place in range(rounds):
        for name, results in taken.items():
            sys.stderr.write(f"presets: {name}, round {place + 1} of {rounds}\n")
            results.append(measure("presets_steps", {"name": name}))
    found = {name: medians(results) for name, results in taken.items()}
    of_reference = found[REFERENCE]["us_a_row"]
    return {
        name: {**each, "times_reference": each["us_a_row"] / of_reference}
        for name, each in found.items()
    }


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.presets", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=3, help="medians are over them")
    sys.stdout.write(f"{table(run(parser.parse_args().rounds))}\n")


if __name__ == "__main__":
    main()
