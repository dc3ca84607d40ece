"""Typed parameters of the quantisers."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class ResidualKMeansParams(BaseModel):
    """Residual k-means: one k-means per level on what the levels before left over."""

    model_config = ConfigDict(extra="forbid")

    levels: int = Field(8, ge=1, description="codes per item")
    codebook_size: int = Field(
        256, ge=2, description="centroids per level; fewer where there are fewer items"
    )
    iterations: int = Field(25, ge=1, description="Lloyd iterations per level")


class PQParams(BaseModel):
    """Product quantisation: one k-means per slice of the vector."""

    model_config = ConfigDict(extra="forbid")

    positions: int = Field(
        64, ge=1, description="codes per item; the width must be a multiple of it"
    )
    codebook_size: int = Field(
        256, ge=2, description="centroids per slice; fewer where there are fewer items"
    )
    iterations: int = Field(25, ge=1, description="Lloyd iterations per slice")


class VQVAEParams(BaseModel):
    """A VQ-VAE whose positions share one codebook; the defaults are a small profile."""

    model_config = ConfigDict(extra="forbid")

    hidden: int = Field(256, ge=1, description="width of the hidden layers")
    positions: int = Field(32, ge=1, description="codes per item")
    codebook_size: int = Field(256, ge=2, description="codewords in the one codebook")
    code_width: int = Field(16, ge=1, description="width of a codeword")
    dropout: float = Field(0.1, ge=0, lt=1, description="after each hidden layer")
    alpha: Annotated[float, Field(ge=0)] | Literal["std", "plain"] = Field(
        0.1,
        description="weight of the codebook loss; std (0.1) and plain (0.5) are the "
        "reference's two settings",
    )
    beta: float = Field(0.1, ge=0, description="weight of the commitment loss")
    learning_rate: float = Field(1e-3, gt=0, description="of Adam")
    batch_size: int = Field(512, ge=1, description="items per training step")
    max_epochs: int = Field(30, ge=1, description="most passes over the items")
    patience: int = Field(
        3, ge=1, description="epochs without a better validation before stopping"
    )
    valid_fraction: float = Field(
        0.1, gt=0, lt=1, description="share of items, drawn at random, for validation"
    )
    keep_memory: bool = Field(
        True,
        description="on a CPU with glibc: big freed blocks stay with the process until "
        "it ends, so that no step waits for the kernel; the results are the same",
    )

    @property
    def codebook_weight(self) -> float:
        """The number that ``alpha`` stands for."""
        named = {"std": 0.1, "plain": 0.5}
        return named[self.alpha] if isinstance(self.alpha, str) else self.alpha


class QuantizationParams(BaseModel):
    """Which quantiser turns the vectors of every modality into codes, and how."""

    model_config = ConfigDict(extra="forbid")

    method: Literal["residual_kmeans", "pq", "vqvae"] = Field(
        "residual_kmeans",
        description="the quantiser in use; the others' values idle",
    )
    residual_kmeans: ResidualKMeansParams = Field(
        default_factory=ResidualKMeansParams, description="settings of residual_kmeans"
    )
    pq: PQParams = Field(default_factory=PQParams, description="settings of pq")
    vqvae: VQVAEParams = Field(
        default_factory=VQVAEParams, description="settings of vqvae"
    )
    seed: int = Field(ge=0, description="seed of initialisation, order and sampling")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="where the VQ-VAE trains; auto takes a GPU if there is one"
    )
    progress: bool = Field(
        False, description="draw bars even where stderr is no terminal (pq, vqvae)"
    )
