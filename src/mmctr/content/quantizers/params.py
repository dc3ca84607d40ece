"""Typed parameters of the quantisers."""

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mmctr.content.quantizers.methods import METHODS

# An implicit codebook is written out once.
_MAX_CODEBOOK = 2**20


class RQKMeansParams(BaseModel):
    """Residual k-means: one k-means per level on what the levels before left over."""

    model_config = ConfigDict(extra="forbid")

    levels: int = Field(8, ge=1, description="codes per item")
    codebook_size: int = Field(
        256, ge=2, description="centroids per level; fewer where there are fewer items"
    )
    iterations: int = Field(25, ge=1, description="Lloyd iterations per level")

    @property
    def positions(self) -> int:
        """Codes per item: one a level."""
        return self.levels


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


class TrainingParams(BaseModel):
    """How a learned quantiser is trained."""

    model_config = ConfigDict(extra="forbid")

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


class AutoencoderParams(TrainingParams):
    """Encoder and decoder of a learned quantiser, one hidden layer each."""

    hidden: int = Field(256, ge=1, description="width of the hidden layers")
    dropout: float = Field(0.1, ge=0, lt=1, description="after each hidden layer")


class VQVAEParams(AutoencoderParams):
    """A VQ-VAE whose positions share one codebook; the defaults are a small profile."""

    positions: int = Field(32, ge=1, description="codes per item")
    codebook_size: int = Field(256, ge=2, description="codewords in the one codebook")
    code_width: int = Field(16, ge=1, description="width of a codeword")
    alpha: Annotated[float, Field(ge=0)] | Literal["std", "plain"] = Field(
        0.1,
        description="weight of the codebook loss; std (0.1) and plain (0.5) are the "
        "reference's two settings",
    )
    beta: float = Field(0.1, ge=0, description="weight of the commitment loss")

    @property
    def codebook_weight(self) -> float:
        """The number that ``alpha`` stands for."""
        named = {"std": 0.1, "plain": 0.5}
        return named[self.alpha] if isinstance(self.alpha, str) else self.alpha


class MovingCodebookParams(AutoencoderParams):
    """Codewords that follow the latents by moving averages."""

    beta: float = Field(0.25, ge=0, description="weight of the commitment loss")
    decay: float = Field(
        0.95, gt=0, lt=1, description="share of the average kept at a step"
    )
    revive_under: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="a codeword used less than this share of an even use is replaced "
        "by a latent of the batch; 0 replaces none",
    )
    rotation_trick: bool = Field(
        False, description="gradients turned with the latent, not just passed on"
    )


class VQVAEEMAParams(MovingCodebookParams):
    """A VQ-VAE with k-means start, moving averages, revival and the rotation trick."""

    positions: int = Field(32, ge=1, description="codes per item")
    codebook_size: int = Field(256, ge=2, description="codewords in the one codebook")
    code_width: int = Field(16, ge=1, description="width of a codeword")


class RQVAEParams(MovingCodebookParams):
    """A residual VQ-VAE: levels of codebooks on one latent vector."""

    levels: int = Field(8, ge=1, description="codes per item")
    codebook_size: int = Field(256, ge=2, description="codewords per level")
    code_width: int = Field(64, ge=1, description="width of the latent and codewords")

    @property
    def positions(self) -> int:
        """Codes per item: one a level."""
        return self.levels


class FSQParams(AutoencoderParams):
    """Finite scalar quantisation; the default levels make 240 codes, near 8 bits."""

    positions: int = Field(32, ge=1, description="codes per item")
    levels: tuple[Annotated[int, Field(ge=3)], ...] = Field(
        (8, 6, 5),
        min_length=1,
        description="values that each number of a position is rounded to; their "
        "product is the codebook's size",
    )

    @field_validator("levels")
    @classmethod
    def _makes_a_codebook(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if math.prod(value) > _MAX_CODEBOOK:
            raise ValueError(
                f"they make {math.prod(value):,} codes a position, over "
                f"{_MAX_CODEBOOK:,}; use fewer or smaller levels"
            )
        return value

    @property
    def codebook_size(self) -> int:
        """The product of the levels."""
        return math.prod(self.levels)


class SimVQParams(AutoencoderParams):
    """A VQ-VAE whose frozen codewords are moved by one learned linear map."""

    positions: int = Field(32, ge=1, description="codes per item")
    codebook_size: int = Field(256, ge=2, description="codewords in the one codebook")
    code_width: int = Field(16, ge=1, description="width of a codeword")
    beta: float = Field(
        0.25, ge=0, description="weight of the encoder's side of the codebook loss"
    )
    rotation_trick: bool = Field(
        False, description="gradients turned with the latent, not just passed on"
    )


class HealthParams(BaseModel):
    """How codebooks are measured, and when they are refused."""

    model_config = ConfigDict(extra="forbid")

    queries: int = Field(
        2_000, ge=1, description="items, drawn at random, whose neighbours are compared"
    )
    sample: int = Field(
        20_000, ge=2, description="most items, drawn at random, measured by level"
    )
    stability: bool = Field(
        False, description="fit a second time with the next seed and compare the two"
    )
    min_perplexity_share: float = Field(
        0.01,
        ge=0,
        lt=1,
        description="a codebook with less of the perplexity it could have is refused; "
        "0 refuses none",
    )


class QuantizationParams(BaseModel):
    """Which quantiser turns the vectors of every modality into codes, and how."""

    model_config = ConfigDict(extra="forbid")

    method: str = Field(
        "rq_kmeans", description="the quantiser in use; the others' values idle"
    )
    rq_kmeans: RQKMeansParams = Field(
        default_factory=RQKMeansParams, description="residual k-means"
    )
    pq: PQParams = Field(default_factory=PQParams, description="product quantisation")
    vqvae: VQVAEParams = Field(
        default_factory=VQVAEParams, description="the reference's VQ-VAE"
    )
    vqvae_ema: VQVAEEMAParams = Field(
        default_factory=VQVAEEMAParams, description="VQ-VAE with moving averages"
    )
    rqvae: RQVAEParams = Field(
        default_factory=RQVAEParams, description="residual VQ-VAE"
    )
    fsq: FSQParams = Field(
        default_factory=FSQParams, description="finite scalar quantisation"
    )
    simvq: SimVQParams = Field(default_factory=SimVQParams, description="SimVQ")
    health: HealthParams = Field(
        default_factory=HealthParams, description="how codebooks are measured"
    )
    seed: int = Field(ge=0, description="seed of initialisation, order and sampling")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="where networks train; auto takes a GPU if there is one"
    )
    progress: bool = Field(
        False, description="draw bars even where stderr is no terminal"
    )

    @field_validator("method")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in METHODS:
            raise ValueError(f"use one of {', '.join(METHODS)}")
        return value
