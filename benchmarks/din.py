"""DIN's training step at the reference's shape, against the padded peer."""

import sys
from collections.abc import Callable

import torch

from benchmarks.child import Measurement, measure, medians
from benchmarks.machine import matmul_gflops, without_onednn
from benchmarks.world import Shape, click_log, item_table, reference_params

SEED = 20242025
PEER_BATCH = 384
# Steps a round and product: some seconds each, as long as one step of the peer. Behind
# the warm-up few numbers of rows are new, for which a kernel would be compiled.
WARM_UP = {384: 32, 2048: 20, 8192: 3}
STEPS = {384: 32, 2048: 8, 8192: 3}
# What a round measures, at which batch size, and whether glibc is tuned from outside:
# the product tunes it itself, so one measurement of it stands against both peers.
PLAN = (
    ("din_peer", PEER_BATCH, False),
    ("din_product", PEER_BATCH, False),
    ("din_peer", PEER_BATCH, True),
    ("din_product", 2048, False),
    ("din_product", 8192, False),
)


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
    """One round of the product as it trains, and the fp32 limit right after it.

    The product tunes the allocator itself, unless a parameter turns that off.
    """
    from benchmarks.child import peak_gb
    from benchmarks.steps import flops_a_step, train_product

    shape, params = Shape(), reference_params(SEED)
    table = item_table(shape, SEED)
    log = click_log(shape, batch_size * (WARM_UP[batch_size] + STEPS[batch_size]), SEED)
    seconds = train_product(table, log, params, batch_size, warm_up=WARM_UP[batch_size])
    peak = peak_gb()
    with without_onednn():
        # Without the spare rows: the product is not paid for what it makes up.
        gflop = flops_a_step(table, click_log(shape, batch_size, SEED), params) / 1e9
    limit = matmul_gflops(torch.float32)
    onednn = matmul_gflops(torch.float32, onednn=True)
    return {
        "rows_per_s": batch_size / seconds,
        "gflop": gflop,
        "limit_gflops": limit,
        "limit_share": gflop / seconds / limit,
        "onednn_limit_gflops": onednn,
        "onednn_limit_share": gflop / seconds / onednn,
        "peak_gb": peak,
    }


def time_peer(*, batch_size: int) -> Measurement:
    """One round of the peer: a step that is not counted, and one that is."""
    from benchmarks.clock import seconds_a_step
    from benchmarks.steps import peer_step

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
) -> dict[str, dict[str, object]]:
    """Check the peer, then time both in turn, each round in fresh processes.

    Args:
        rounds: Rounds; medians are taken over them.
        measure: Runs a measurement by name.

    Returns:
        By batch size, the fixed interface's numbers; at 384 also the peer's, as it
        stands and, under ``peer_tuned``, with the allocator tuned.

    Raises:
        RuntimeError: If the peer computes another loss, or a child fails.
    """
    measure("din_check", {})
    taken: dict[tuple[str, int, bool], list[Measurement]] = {}
    for place in range(rounds):
        sys.stderr.write(f"din: round {place + 1} of {rounds}\n")
        for side, batch_size, tuned in PLAN:
            result = measure(side, {"batch_size": batch_size}, tuned=tuned)
            taken.setdefault((side, batch_size, tuned), []).append(result)
    middle = {key: medians(results) for key, results in taken.items()}
    results = {
        str(batch_size): middle["din_product", batch_size, False]
        for batch_size in STEPS
    }
    stock, tuned = (middle["din_peer", PEER_BATCH, tuned] for tuned in (False, True))
    rate = results[str(PEER_BATCH)]["rows_per_s"]
    results[str(PEER_BATCH)] |= {
        "peer_rows_per_s": stock["rows_per_s"],
        "ratio_stock": rate / stock["rows_per_s"],
        "ratio_tuned": rate / tuned["rows_per_s"],
        "peer_peak_gb": stock["peak_gb"],
        "peer_tuned": tuned,
    }
    return results
