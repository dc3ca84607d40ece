"""Both formulations of the VQ-VAE must agree before either is timed."""

import pytest
import torch

from benchmarks import plain_vqvae, vqvae
from benchmarks.report import empty_results
from benchmarks.vqvae_steps import make_network, plain_step, random_vectors

TINY = {
    "hidden": 16,
    "positions": 6,
    "codebook_size": 12,
    "code_width": 4,
    "batch_size": 8,
}
SHAPE = {**vqvae.SHAPE, **TINY}


def test_both_compute_the_same_loss_and_the_same_codes():
    losses = vqvae.check(changes=TINY, items=20)
    assert losses["loss"] == pytest.approx(losses["plain_loss"], rel=1e-5)


def test_the_plain_nearest_codeword_is_the_nearest():
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(5, 3, 4, generator=generator)
    codebook = torch.randn(9, 4, generator=generator)
    distances = torch.cdist(latents.double(), codebook.double().expand(5, 9, 4))
    assert torch.equal(plain_vqvae.nearest(latents, codebook), distances.argmin(2))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda loss: loss + 0.001, "plain loss"),
        (lambda loss: loss.detach() + 1.01 * (loss - loss.detach()), "gradient norm"),
    ],
)
def test_another_loss_or_gradient_is_not_timed(monkeypatch, changed, message):
    right = plain_vqvae.loss
    monkeypatch.setattr(
        plain_vqvae, "loss", lambda *x, **weights: changed(right(*x, **weights))
    )
    with pytest.raises(ValueError, match=f"{message} is .* no time is taken"):
        vqvae.check(changes=TINY, items=20)


def test_other_codes_are_not_timed(monkeypatch):
    def encode(network, vectors):
        return torch.zeros(len(vectors), 6)

    monkeypatch.setattr(plain_vqvae, "encode", encode)
    with pytest.raises(ValueError, match="120 of 120 codes"):
        vqvae.check(changes=TINY, items=20)


def test_a_plain_step_trains():
    params, network = make_network(SHAPE, 10, 1)
    before = [weights.clone() for weights in network.parameters()]
    plain_step(network, params, 10, 1)()
    changed = [
        not torch.equal(old, new)
        for old, new in zip(before, network.parameters(), strict=True)
    ]
    assert all(changed)


def test_vectors_have_length_one():
    norms = random_vectors(7, 10, 1).norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(7))


@pytest.mark.parametrize("side", [vqvae.time_product, vqvae.time_plain])
def test_both_sides_give_rates(side):
    rates = side(changes=TINY)
    assert set(rates) == {"trained_per_s", "encoded_per_s"}
    assert min(rates.values()) > 0


def test_ratios_are_of_medians_and_the_check_comes_first():
    order = []
    rates = {
        "vqvae_product": iter((40.0, 60.0, 900.0)),
        "vqvae_plain": iter((20.0,) * 3),
    }

    def measure(what, arguments):
        order.append(what)
        if what == "vqvae_check":
            return {}
        rate = next(rates[what])
        return {"trained_per_s": rate, "encoded_per_s": rate / 2}

    results = vqvae.run(3, measure)
    assert order == ["vqvae_check"] + ["vqvae_product", "vqvae_plain"] * 3
    assert (results["train_ratio"], results["encode_ratio"]) == (3.0, 3.0)
    assert results["product"]["encoded_per_s"] == 30
    assert set(empty_results()["vqvae"]) <= set(results)
