"""Training steps of both formulations of the VQ-VAE, and whether they agree."""

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional

from benchmarks import plain_vqvae
from benchmarks.clock import Step, StepClock
from mmctr.content.quantizers.method_params import VQVAEParams
from mmctr.content.quantizers.training import train_autoencoder
from mmctr.content.quantizers.vqvae import VQVAE, VQVAENetwork

TOLERANCE = 1e-4


def random_vectors(items: int, width: int, seed: int) -> torch.Tensor:
    """``[items, width]`` float32 of length 1, as embeddings of text are."""
    generator = torch.Generator().manual_seed(seed)
    return functional.normalize(torch.randn(items, width, generator=generator))


def make_network(
    shape: Mapping[str, object], width: int, seed: int
) -> tuple[VQVAEParams, VQVAENetwork]:
    """Parameters, and a network with weights drawn from the seed."""
    params = VQVAEParams(**shape)
    torch.manual_seed(seed)
    return params, VQVAENetwork(params, width=width)


def train_product(
    network: VQVAENetwork,
    params: VQVAEParams,
    width: int,
    seed: int,
    *,
    warm_up: int,
    steps: int,
) -> float:
    """Train with the product's own trainer for an epoch of ``warm_up + steps`` steps.

    Returns:
        Seconds a step, loader included, without the first ``warm_up``.
    """
    # One item is held out, since a trainer validates; nothing here counts that.
    items = (warm_up + steps) * params.batch_size + 1
    once = {"max_epochs": 1, "valid_fraction": 0.5 / items}
    clock = StepClock()
    train_autoencoder(
        network,
        random_vectors(items, width, seed),
        params.model_copy(update=once),
        name="vqvae",
        seed=seed,
        device=torch.device("cpu"),
        callbacks=[clock],
    )
    return clock.seconds_a_step(warm_up=warm_up)


def plain_step(
    network: VQVAENetwork, params: VQVAEParams, width: int, seed: int
) -> Step:
    """A step of the plain formulation: one batch, Adam as it stands."""
    vectors = random_vectors(params.batch_size, width, seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=params.learning_rate)
    weights = {"alpha": params.codebook_weight, "beta": params.beta}
    network.train()

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = plain_vqvae.loss(network, vectors, **weights)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def require_equal_results(
    shape: Mapping[str, object], width: int, items: int, seed: int
) -> tuple[float, float]:
    """Compare both formulations on the same items and weights, without dropout.

    Args:
        shape: Of :class:`~mmctr.content.quantizers.params.VQVAEParams`.
        width: Width of the vectors.
        items: Items compared.
        seed: Of weights and items.

    Returns:
        Both losses.

    Raises:
        ValueError: If losses or gradients' norms differ by more than 1e-4 of the
            product's, or a code differs: time would be taken of something else.
    """
    params, network = make_network(shape, width, seed)
    vectors = random_vectors(items, width, seed)
    network.eval()
    _spread_codewords(network, vectors, seed)
    weights = {"alpha": params.codebook_weight, "beta": params.beta}
    losses = (
        lambda: network.losses(vectors).total,
        lambda: plain_vqvae.loss(network, vectors, **weights),
    )
    pairs = [_loss_and_norm(network, loss) for loss in losses]
    for name, mine, other in zip(("loss", "gradient norm"), *pairs, strict=True):
        if not abs(mine - other) <= TOLERANCE * abs(mine):
            raise ValueError(
                f"the plain {name} is {other:.7g}, the product's {mine:.7g}: more "
                f"than {TOLERANCE:g} apart, so no time is taken"
            )
    quantizer = VQVAE(params, method="vqvae", width=width, seed=seed, device="cpu")
    quantizer.load_state(network.state_dict())
    ours = quantizer.encode(vectors.numpy())
    different = int((ours != plain_vqvae.encode(network, vectors).numpy()).sum())
    if different:
        raise ValueError(
            f"{different} of {ours.size} codes are not those of the plain "
            "formulation, so no time is taken"
        )
    return pairs[0][0], pairs[1][0]


@torch.no_grad()
def _spread_codewords(network: VQVAENetwork, vectors: torch.Tensor, seed: int) -> None:
    """Draw codewords as far apart as latents are.

    They start so near to each other that rounding decides between many of them.
    """
    spread = float(network.latents(vectors[:1]).std())
    rng = np.random.default_rng(seed)
    drawn = spread * rng.standard_normal(network.codebook.shape, np.float32)
    network.codebook.copy_(torch.from_numpy(drawn))


def _loss_and_norm(network: VQVAENetwork, loss: Step) -> tuple[float, float]:
    network.zero_grad()
    value = loss()
    value.backward()
    norm = torch.nn.utils.get_total_norm([x.grad for x in network.parameters()])
    return value.item(), float(norm)
