"""DIN's training step at the reference's shape, against the padded peer."""

import sys
from collections.abc import Callable
from statistics import median

import torch

from benchmarks.child import measure
from benchmarks.machine import matmul_gflops
from benchmarks.world import Shape, click_log, item_table, reference_params

SEED = 20242025
PEER_BATCH = 384
BATCHES = (384, 2048, 8192)
# Steps a round and product: some seconds each, as long as one step of the peer.
STEPS = {384: 16, 2048: 4, 8192: 2}

Measurement = dict[str, float]


def check(*, rows: int = 64) -> Measurement:
    """Hold the peer's loss against the product's at the full shape."""
    from benchmarks.steps import require_equal_losses

    shape = Shape()
    ours, theirs = require_equal_losses(
        item_table(shape, SEED),
        click_log(shape, rows, SEED),
        reference_params(SEED, dropout=False),
        rows,
    )
    return {"loss": ours, "peer_loss": theirs}


def time_product(*, batch_size: int) -> Measurement:
    """One round of the product, and the fp32 limit right after it."""
    from benchmarks.child import peak_gb
    from benchmarks.steps import flops_a_step, product_step, seconds_a_step

    shape, steps = Shape(), STEPS[batch_size]
    _, step = product_step(
        item_table(shape, SEED),
        click_log(shape, batch_size * (steps + 2), SEED),
        reference_params(SEED),
        batch_size,
    )
    seconds = seconds_a_step(step, warm_up=2, steps=steps)
    peak = peak_gb()
    gflop = flops_a_step(step) / 1e9
    limit = matmul_gflops(torch.float32)
    return {
        "rows_per_s": batch_size / seconds,
        "gflop": gflop,
        "limit_gflops": limit,
        "limit_share": gflop / seconds / limit,
        "peak_gb": peak,
    }


def time_peer(*, batch_size: int) -> Measurement:
    """One round of the peer: a step that is not counted, and one that is."""
    from benchmarks.steps import peer_step, seconds_a_step

    shape = Shape()
    _, step = peer_step(
        item_table(shape, SEED),
        click_log(shape, 2 * batch_size, SEED),
        reference_params(SEED),
        batch_size,
    )
    return {"rows_per_s": batch_size / seconds_a_step(step, warm_up=1, steps=1)}


def run(
    rounds: int, measure: Callable[..., Measurement] = measure
) -> dict[str, object]:
    """Check the peer, then time both in turn, each round in fresh processes.

    Args:
        rounds: Rounds; medians are taken over them.
        measure: Runs a measurement by name.

    Returns:
        By batch size, the fixed interface's numbers, and under ``tuned`` and ``peer``
        what they were made of.

    Raises:
        RuntimeError: If the peer computes another loss, or a child fails.
    """
    measure("din_check", {})
    taken: dict[tuple[str, int, bool], list[Measurement]] = {}
    for place in range(rounds):
        sys.stderr.write(f"din: round {place + 1} of {rounds}\n")
        for batch_size in BATCHES:
            sides = ["din_product"] + ["din_peer"] * (batch_size == PEER_BATCH)
            for tuned in (False, True):
                for side in sides:
                    result = measure(side, {"batch_size": batch_size}, tuned=tuned)
                    taken.setdefault((side, batch_size, tuned), []).append(result)
    middle = {key: _medians(results) for key, results in taken.items()}
    results: dict[str, object] = {}
    for batch_size in BATCHES:
        stock = middle["din_product", batch_size, False]
        tuned = middle["din_product", batch_size, True]
        numbers: dict[str, object] = {
            name: stock[name] for name in ("rows_per_s", "limit_share", "peak_gb")
        }
        if batch_size == PEER_BATCH:
            peer = middle["din_peer", batch_size, False]
            peer_tuned = middle["din_peer", batch_size, True]
            numbers |= {
                "peer_rows_per_s": peer["rows_per_s"],
                "ratio_stock": stock["rows_per_s"] / peer["rows_per_s"],
                "ratio_tuned": tuned["rows_per_s"] / peer_tuned["rows_per_s"],
                "peer_peak_gb": peer["peak_gb"],
                "peer_tuned": peer_tuned,
            }
        details = {name: stock[name] for name in ("gflop", "limit_gflops")}
        results[str(batch_size)] = {**numbers, **details, "tuned": tuned}
    return results


def _medians(results: list[Measurement]) -> Measurement:
    return {name: median(x[name] for x in results) for name in results[0]}
