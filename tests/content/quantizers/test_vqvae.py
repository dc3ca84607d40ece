"""The VQ-VAE's network and its training."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmctr.content.quantizers import autoencoder
from mmctr.content.quantizers import vqvae as vqvae_module
from mmctr.content.quantizers.method_params import VQVAEParams
from mmctr.content.quantizers.vqvae import (
    VQVAE,
    Quantise,
    VQVAENetwork,
    nearest_codewords,
)
from mmctr.runtime import device

WIDTH = 6
OWN = {"method": "vqvae", "width": WIDTH}


def vqvae_params(**changes) -> VQVAEParams:
    """A tiny profile without dropout."""
    values = {
        "hidden": 16,
        "positions": 3,
        "codebook_size": 8,
        "code_width": 4,
        "dropout": 0.0,
        "batch_size": 32,
        "max_epochs": 5,
        "alpha": 0.5,
        "beta": 0.25,
    }
    return VQVAEParams(**{**values, **changes})


def random_vectors(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return VQVAENetwork(vqvae_params(), width=WIDTH)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(1, 50),
    codewords=st.integers(1, 20),
    width=st.integers(1, 8),
    seed=st.integers(0, 1000),
)
def test_nearest_codewords_equal_naive_distances(rows, codewords, width, seed):
    """The chunked form without |z|^2 finds what plain distances find."""
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(rows, width, generator=generator)
    codebook = torch.randn(codewords, width, generator=generator)
    distances = torch.cdist(latents.double(), codebook.double())
    found = nearest_codewords(latents, codebook)
    # Equal distance, not equal index: a tie may fall either way by rounding.
    torch.testing.assert_close(
        distances.gather(1, found[:, None])[:, 0], distances.amin(dim=1)
    )


def test_chunks_do_not_change_the_nearest(monkeypatch):
    generator = torch.Generator().manual_seed(4)
    latents = torch.randn(101, 5, generator=generator)
    codebook = torch.randn(9, 5, generator=generator)
    whole = nearest_codewords(latents, codebook)
    monkeypatch.setattr(vqvae_module, "_DISTANCES", 9 * 7)
    assert torch.equal(nearest_codewords(latents, codebook), whole)


def test_quantising_equals_its_composition_of_plain_operations():
    """Values and gradients, each output weighed differently."""
    generator = torch.Generator().manual_seed(0)
    latents, codebook, weights = (
        torch.randn(rows, 4, generator=generator, dtype=torch.double)
        for rows in (40, 9, 40)
    )

    def plain(latents, codebook):
        nearest = torch.cdist(latents.detach(), codebook.detach()).argmin(dim=1)
        codewords = codebook[nearest]
        passed = latents + (codewords - latents).detach()
        codebook_loss = (codewords - latents.detach()).square().mean()
        return passed, codebook_loss, (latents - codewords.detach()).square().mean()

    results = []
    for quantise in (Quantise.apply, plain):
        ends = [x.clone().requires_grad_() for x in (latents, codebook)]
        outputs = quantise(*ends)
        loss = (outputs[0] * weights).sum() + 3 * outputs[1] + 5 * outputs[2]
        results.append((*outputs, *torch.autograd.grad(loss, ends)))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_losses_equal_a_computation_by_hand(network):
    vectors = torch.from_numpy(random_vectors(7))
    with torch.no_grad():
        losses = network.losses(vectors)

    numpy = {k: v.detach().numpy().astype(float) for k, v in network.named_parameters()}
    hidden = vectors.numpy() @ numpy["encoder.0.weight"].T + numpy["encoder.0.bias"]
    latents = (
        np.maximum(hidden, 0) @ numpy["encoder.3.weight"].T + numpy["encoder.3.bias"]
    ).reshape(21, 4)
    book = numpy["codebook"]
    nearest = np.square(latents[:, None] - book[None]).sum(axis=2).argmin(axis=1)
    flat = book[nearest].reshape(7, 12)
    hidden = np.maximum(flat @ numpy["decoder.0.weight"].T + numpy["decoder.0.bias"], 0)
    decoded = hidden @ numpy["decoder.3.weight"].T + numpy["decoder.3.bias"]
    reconstruction = np.square(decoded - vectors.numpy()).mean()
    distance = np.square(latents - book[nearest]).mean()

    assert float(losses.reconstruction) == pytest.approx(reconstruction, rel=1e-5)
    assert float(losses.codebook) == pytest.approx(distance, rel=1e-5)
    assert float(losses.commitment) == pytest.approx(distance, rel=1e-5)
    assert float(losses.total) == pytest.approx(
        reconstruction + 0.5 * distance + 0.25 * distance, rel=1e-5
    )
    assert np.array_equal(network.indices(vectors).numpy().ravel(), nearest)


def test_each_loss_moves_what_it_should(network):
    vectors = torch.from_numpy(random_vectors(7))

    def moved(part: str) -> set[str]:
        network.zero_grad()
        getattr(network.losses(vectors), part).backward()
        return {
            name.split(".")[0]
            for name, parameter in network.named_parameters()
            if parameter.grad is not None and parameter.grad.abs().sum() > 0
        }

    assert moved("reconstruction") == {"encoder", "decoder"}
    assert moved("codebook") == {"codebook"}
    assert moved("commitment") == {"encoder"}


def test_the_codebook_is_shared_by_the_positions(network):
    """Equal indices at two positions read one and the same codeword."""
    assert network.codebook.shape == (8, 4)
    seen = []
    network.decoder.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    network.decode(torch.full((1, 3), 5))
    torch.testing.assert_close(seen[0].view(3, 4), network.codebook[5].expand(3, 4))


def test_training_improves_on_the_untrained_network():
    vectors = random_vectors(300)
    params = vqvae_params(max_epochs=40, learning_rate=5e-3)
    quantizer = VQVAE(params, **OWN, seed=1, device="cpu")
    report = quantizer.fit(vectors)
    error = np.square(quantizer.decode(quantizer.encode(vectors)) - vectors).mean()
    assert error < 0.7 * vectors.var()
    # 270 items are left to train on, in batches of 32.
    assert report.steps % 9 == 0
    assert 0 < report.steps <= 40 * 9


def test_training_stops_when_validation_does_not_improve():
    """Noise cannot be learnt: patience ends it long before the last epoch."""
    params = vqvae_params(
        max_epochs=200, learning_rate=0.02, patience=2, valid_fraction=0.5
    )
    quantizer = VQVAE(params, **OWN, seed=1, device="cpu")
    report = quantizer.fit(random_vectors(40))
    assert report.steps < 200


def test_the_best_epoch_stays():
    """Held-out error of the final weights is the best one reported."""
    vectors = random_vectors(60)
    params = vqvae_params(max_epochs=60, learning_rate=0.02, patience=5)
    quantizer = VQVAE(params, **OWN, seed=3, device="cpu")
    report = quantizer.fit(vectors)
    generator = torch.Generator().manual_seed(3)
    held_out = torch.randperm(60, generator=generator)[:6].numpy()
    decoded = quantizer.decode(quantizer.encode(vectors[held_out]))
    error = np.square(decoded - vectors[held_out]).mean()
    assert report.reconstruction == pytest.approx(error, rel=1e-4)


def test_divergence_is_an_error_that_says_what_to_do():
    params = vqvae_params(learning_rate=1e30)
    quantizer = VQVAE(params, **OWN, seed=1, device="cpu")
    with pytest.raises(ValueError, match=r"diverged in epoch .*learning_rate"):
        quantizer.fit(random_vectors(50))


@pytest.mark.parametrize("keep", [True, False])
def test_training_keeps_freed_memory_unless_told_otherwise(monkeypatch, keep):
    calls = []
    monkeypatch.setattr(device, "keep_freed_memory", lambda: calls.append(1))
    params = vqvae_params(keep_memory=keep, max_epochs=1)
    VQVAE(params, **OWN, seed=1, device="cpu").fit(random_vectors(20))
    assert len(calls) == keep


def test_encoding_uses_no_dropout_and_any_batch_size(monkeypatch):
    quantizer = VQVAE(vqvae_params(dropout=0.5), **OWN, seed=1, device="cpu")
    vectors = random_vectors(40)
    quantizer.fit(vectors)
    codes = quantizer.encode(vectors)
    decoded = quantizer.decode(codes)
    monkeypatch.setattr(autoencoder, "_LATENTS", 12 * 3)
    np.testing.assert_array_equal(quantizer.encode(vectors), codes)
    np.testing.assert_allclose(quantizer.decode(codes), decoded, rtol=1e-5, atol=1e-6)


def test_nothing_is_left_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    VQVAE(vqvae_params(), **OWN, seed=1, device="cpu").fit(random_vectors(20))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_vqvae_on_cuda_gives_codes_the_cpu_agrees_with():
    quantizer = VQVAE(vqvae_params(), **OWN, seed=1, device="cuda")
    vectors = random_vectors(200)
    quantizer.fit(vectors)
    codes = quantizer.encode(vectors)
    on_cpu = VQVAE(vqvae_params(), **OWN, seed=1, device="cpu")
    on_cpu.load_state(quantizer.state())
    assert (on_cpu.encode(vectors) == codes).mean() > 0.99
    np.testing.assert_allclose(
        on_cpu.decode(codes), quantizer.decode(codes), rtol=1e-3, atol=1e-4
    )
