"""The VQ-VAE of the reference's shape, against its plain formulation."""

import sys
import time
from collections.abc import Callable

from benchmarks.child import Measurement, measure, medians

SEED = 20242025
WIDTH = 1024
SHAPE = {
    "hidden": 512,
    "positions": 512,
    "codebook_size": 1024,
    "code_width": 256,
    "dropout": 0.1,
    "alpha": "std",
    "beta": 0.1,
    "learning_rate": 1e-4,
    "batch_size": 512,
}
"""The reference's settings (``conf/microlens``)."""

WARM_UP = 1
# Steps and items a round and formulation: some seconds each.
STEPS, PLAIN_STEPS = 3, 2
ITEMS, PLAIN_ITEMS = 512, 32


def check(*, changes: dict[str, object] | None = None, items: int = 32) -> Measurement:
    """Hold the plain formulation against the product.

    Args:
        changes: Of :data:`SHAPE`, for tests.
        items: Items compared.

    Returns:
        Both losses.

    Raises:
        ValueError: If losses or gradients differ by more than 1e-4, or codes differ.
    """
    from benchmarks.vqvae_steps import require_equal_results

    ours, theirs = require_equal_results(SHAPE | (changes or {}), WIDTH, items, SEED)
    return {"loss": ours, "plain_loss": theirs}


def time_product(*, changes: dict[str, object] | None = None) -> Measurement:
    """One round of the product: the trainer's own steps, then encoding."""
    from benchmarks.vqvae_steps import make_network, random_vectors, train_product
    from mmctr.content.quantizers.vqvae import VQVAE

    params, network = make_network(SHAPE | (changes or {}), WIDTH, SEED)
    seconds = train_product(network, params, WIDTH, SEED, warm_up=WARM_UP, steps=STEPS)
    quantizer = VQVAE(params, method="vqvae", width=WIDTH, seed=SEED, device="cpu")
    quantizer.load_state(network.state_dict())
    vectors = random_vectors(ITEMS, WIDTH, SEED).numpy()
    quantizer.encode(vectors[: ITEMS // 2])
    start = time.perf_counter()
    quantizer.encode(vectors)
    return {
        "trained_per_s": params.batch_size / seconds,
        "encoded_per_s": ITEMS / (time.perf_counter() - start),
    }


def time_plain(*, changes: dict[str, object] | None = None) -> Measurement:
    """One round of the plain formulation: a loop over steps, then encoding."""
    from benchmarks import plain_vqvae
    from benchmarks.clock import seconds_a_step
    from benchmarks.machine import without_onednn
    from benchmarks.vqvae_steps import make_network, plain_step, random_vectors

    params, network = make_network(SHAPE | (changes or {}), WIDTH, SEED)
    step = plain_step(network, params, WIDTH, SEED)
    vectors = random_vectors(PLAIN_ITEMS, WIDTH, SEED)
    with without_onednn():
        seconds = seconds_a_step(step, warm_up=WARM_UP, steps=PLAIN_STEPS)
        network.eval()
        plain_vqvae.encode(network, vectors[:2])
        start = time.perf_counter()
        plain_vqvae.encode(network, vectors)
        encoding = time.perf_counter() - start
    return {
        "trained_per_s": params.batch_size / seconds,
        "encoded_per_s": PLAIN_ITEMS / encoding,
    }


def run(
    rounds: int, measure: Callable[..., Measurement] = measure
) -> dict[str, object]:
    """Check that both agree, then time them in turn, each round in fresh processes.

    Args:
        rounds: Rounds; medians are taken over them.
        measure: Runs a measurement by name.

    Returns:
        Ratios of items a second, and the medians of both sides.

    Raises:
        RuntimeError: If they compute different things, or a child fails.
    """
    measure("vqvae_check", {})
    ours, theirs = [], []
    for place in range(rounds):
        sys.stderr.write(f"vqvae: round {place + 1} of {rounds}\n")
        ours.append(measure("vqvae_product", {}))
        theirs.append(measure("vqvae_plain", {}))
    product, plain = medians(ours), medians(theirs)
    return {
        "train_ratio": product["trained_per_s"] / plain["trained_per_s"],
        "encode_ratio": product["encoded_per_s"] / plain["encoded_per_s"],
        "product": product,
        "plain": plain,
    }
