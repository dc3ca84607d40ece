"""The quantisers on vector-quantize-pytorch: what the project adds to the library."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from mmctr.content.quantizers import bottleneck
from mmctr.content.quantizers.fsq import FSQ, Grid
from mmctr.content.quantizers.method_params import (
    FSQParams,
    RQVAEParams,
    SimVQParams,
    VQVAEEMAParams,
)
from mmctr.content.quantizers.rqvae import RQVAE, ResidualCodebooks
from mmctr.content.quantizers.simvq import MappedCodebook, SimVQ
from mmctr.content.quantizers.vqvae_ema import VQVAEEMA, SharedCodebook

WIDTH = 10
OWN = {"method": "own", "width": WIDTH}
TRAINED = {"hidden": 24, "batch_size": 64, "max_epochs": 20, "learning_rate": 5e-3}
CLASSES = {
    VQVAEEMA: VQVAEEMAParams(positions=3, codebook_size=16, code_width=4, **TRAINED),
    RQVAE: RQVAEParams(levels=3, codebook_size=16, code_width=5, **TRAINED),
    FSQ: FSQParams(positions=3, levels=(5, 4, 3), **TRAINED),
    SimVQ: SimVQParams(positions=3, codebook_size=16, code_width=4, **TRAINED),
}


def spread_vectors(count: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    """Vectors on a plane of four dimensions, away from the origin."""
    rng = np.random.default_rng(seed)
    low = rng.normal(size=(count, 4)) @ np.random.default_rng(9).normal(size=(4, WIDTH))
    return (scale * (low + 3)).astype(np.float32)


def explained(quantizer, vectors: np.ndarray) -> float:
    error = np.square(vectors - quantizer.decode(quantizer.encode(vectors))).sum()
    return 1 - error / np.square(vectors - vectors.mean(axis=0)).sum()


@pytest.fixture(scope="module", params=list(CLASSES), ids=lambda kind: kind.__name__)
def fitted(request):
    quantizer = request.param(CLASSES[request.param], **OWN, seed=3, device="cpu")
    vectors = spread_vectors(500)
    return quantizer, vectors, quantizer.fit(vectors)


@pytest.mark.system
def test_most_of_the_variance_is_kept_and_most_codewords_are_used(fitted):
    quantizer, vectors, _ = fitted
    assert explained(quantizer, vectors) > 0.7
    codes = quantizer.encode(vectors)
    used = [len(np.unique(book)) for book in codes.T]
    assert min(used) > 0.4 * quantizer.codebook_size


def test_codes_are_those_that_the_library_finds(fitted):
    """The product looks nearest codewords up by itself, in chunks."""
    quantizer, vectors, _ = fitted
    network = quantizer._network
    with torch.inference_mode():
        latents = network._encoded(torch.from_numpy(vectors[:100]))
        core = network.bottleneck
        rows = latents
        if isinstance(core, SharedCodebook | MappedCodebook):
            rows = latents.reshape(-1, 4)
        quantised, indices, *_ = core.quantizer(rows[None])
    theirs = indices.reshape(100, -1).numpy() + 1
    np.testing.assert_array_equal(quantizer.encode(vectors[:100]), theirs)
    ours = core.lookup(torch.from_numpy(theirs - 1).long())
    torch.testing.assert_close(ours, quantised.reshape(100, -1), atol=1e-5, rtol=1e-5)


@pytest.mark.system
def test_the_scale_of_the_vectors_does_not_matter(fitted):
    quantizer, _, report = fitted
    scaled = type(quantizer)(quantizer._params, **OWN, seed=3, device="cpu")
    # A power of two: no rounding.
    times = scaled.fit(spread_vectors(500, scale=2.0**-7))
    assert times.reconstruction == pytest.approx(
        report.reconstruction * 2.0**-14, rel=0.05
    )


@pytest.mark.system
def test_training_in_pieces_is_training(fitted, monkeypatch):
    """Where distances do not fit in memory, a batch passes in pieces."""
    quantizer, vectors, _ = fitted
    monkeypatch.setattr(bottleneck, "DISTANCES", 16 * 40)
    pieces = type(quantizer)(quantizer._params, **OWN, seed=3, device="cpu")
    pieces.fit(vectors)
    assert explained(pieces, vectors) > 0.6


def test_fsq_numbers_the_grid_with_the_first_level_fastest():
    torch.manual_seed(0)
    grid = Grid(FSQParams(positions=2, levels=(8, 6, 5)))
    codes = torch.tensor([[0, 1], [8, 48], [239, 0]])
    latents = grid.lookup(codes).view(3, 2, 3)

    def digits(latent: torch.Tensor) -> list[int]:
        halves = torch.tensor([4, 3, 2])
        return (latent * halves + halves).round().int().tolist()

    assert digits(latents[0, 0]) == [0, 0, 0]
    assert digits(latents[0, 1]) == [1, 0, 0]
    assert digits(latents[1, 0]) == [0, 1, 0]
    assert digits(latents[1, 1]) == [0, 0, 1]
    assert digits(latents[2, 0]) == [7, 5, 4]


def test_fsq_levels_that_make_no_codebook_are_refused():
    with pytest.raises(ValidationError, match="use fewer or smaller levels"):
        FSQParams(levels=(128, 128, 128))
    with pytest.raises(ValidationError):
        FSQParams(levels=(2, 8))


@pytest.mark.parametrize("kind", [SharedCodebook, ResidualCodebooks])
def test_codewords_without_use_are_revived(kind):
    """A codeword far from every latent comes back among them, unless told not to."""

    def far_after_steps(revive_under: float) -> int:
        torch.manual_seed(0)
        names = {SharedCodebook: VQVAEEMAParams, ResidualCodebooks: RQVAEParams}
        sizes = {"codebook_size": 8, "code_width": 4, "decay": 0.5, "batch_size": 64}
        sizes["positions" if kind is SharedCodebook else "levels"] = 1
        core = kind(names[kind](revive_under=revive_under, **sizes))
        latents = torch.randn(64, 4)
        core.prepare(latents)
        book = getattr(core.quantizer, "layers", [core.quantizer])[0]._codebook
        book.embed[0, 3:] = 1e3
        book.embed_avg[0, 3:] = 1e3 * book.cluster_size[0, 3:, None]
        for _ in range(12):
            core(latents)
        return int((book.embed.abs().amax(dim=-1) > 100).sum())

    assert far_after_steps(0.0) == 5
    assert far_after_steps(0.2) == 0


def test_kmeans_starts_from_few_latents():
    core = SharedCodebook(VQVAEEMAParams(positions=1, codebook_size=64, code_width=2))
    core.prepare(torch.randn(3, 2))
    assert torch.isfinite(core.quantizer.codebook).all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("kind", list(CLASSES))
def test_cuda_gives_codes_the_cpu_agrees_with(kind):
    quantizer = kind(CLASSES[kind], **OWN, seed=1, device="cuda")
    vectors = spread_vectors(300)
    quantizer.fit(vectors)
    on_cpu = kind(CLASSES[kind], **OWN, seed=1, device="cpu")
    on_cpu.load_state(quantizer.state())
    codes = quantizer.encode(vectors)
    assert (on_cpu.encode(vectors) == codes).mean() > 0.99
