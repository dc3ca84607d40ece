"""Case 9: a codebook that hardly anything uses stops the run, with advice."""

from fault_runs import kedro, said
from project_runs import files_below

# Steps so long that the encoder is thrown to where one codeword is nearest to all.
COLLAPSING = (
    "--params=quantization.method=vqvae,quantization.vqvae.positions=1,"
    "quantization.vqvae.codebook_size=128,quantization.vqvae.learning_rate=1.0,"
    "quantization.vqvae.max_epochs=2"
)


def test_a_collapsed_codebook_stops_the_run_and_codes_stay(finished_project):
    project = finished_project
    before = files_below(project / "data")
    done = kedro(project, "run", "--env=test", "--nodes=quantize_items", COLLAPSING)
    assert done.returncode == 1
    for words in (
        "title vectors: vqvae collapsed: the codebook is used as if it had",
        "of 128 codewords, under quantization.health.min_perplexity_share (0.01)",
        "try method vqvae_ema",
        "0 there accepts it",
    ):
        assert words in said(done)
    assert files_below(project / "data") == before
