"""The settings of each quantiser."""

import math
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, field_validator, model_validator

from mmctr.runtime.params import Params

# An implicit codebook is written out once.
_MAX_CODEBOOK = 2**20


class MethodParams(Protocol):
    """What the settings of every method, pydantic models, have in common."""

    @property
    def positions(self) -> int:
        """Codes per item."""

    @property
    def codebook_size(self) -> int:
        """Codewords per codebook."""


class Settings(Params):
    """Settings without unknown keys."""


class RQKMeansParams(Settings):
    """Residual k-means: one k-means per level, on what the levels before left over."""

    levels: int = Field(8, ge=1)
    """Codes per item."""
    codebook_size: int = Field(256, ge=2)
    """Centroids per level; fewer where there are fewer items."""
    iterations: int = Field(25, ge=1)
    """Lloyd iterations per level."""

    @property
    def positions(self) -> int:
        """Codes per item: one per level."""
        return self.levels


class RQFSQParams(RQKMeansParams):
    """Residual k-means, and rounded principal components of what it leaves over."""

    levels: int = Field(3, ge=1)
    """Codes per item by k-means."""
    rest_positions: int = Field(4, ge=1)
    """Codes per item of the rest."""
    rest_levels: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        (8, 6, 5), min_length=1
    )
    """Values that each component in one of these codes is rounded to; their product
    must not be over codebook_size."""

    @model_validator(mode="after")
    def _rest_fits_codebook(self) -> Self:
        product = math.prod(self.rest_levels)
        if product > self.codebook_size:
            raise ValueError(
                f"'rest_levels' make {product} codes per position, more than "
                f"codebook_size ({self.codebook_size}); use fewer or smaller ones"
            )
        return self

    @property
    def positions(self) -> int:
        """Codes per item: one per level, then those of the rest."""
        return self.levels + self.rest_positions


class PQParams(Settings):
    """Product quantisation: one k-means per slice of the vector."""

    positions: int = Field(64, ge=1)
    """Codes per item; the width must be a multiple of it."""
    codebook_size: int = Field(256, ge=2)
    """Centroids per slice; fewer where there are fewer items."""
    iterations: int = Field(25, ge=1)
    """Lloyd iterations per slice."""


class AutoencoderParams(Settings):
    """Encoder and decoder of a learned quantiser, and how they are trained."""

    hidden: int = Field(256, ge=1)
    """Width of the one hidden layer of encoder and decoder."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """Dropout after each hidden layer."""
    learning_rate: float = Field(1e-3, gt=0)
    """Adam's learning rate."""
    batch_size: int = Field(512, ge=1)
    """Items per training step."""
    max_epochs: int = Field(30, ge=1)
    """Most passes over the items."""
    patience: int = Field(3, ge=1)
    """Epochs without a better validation before stopping."""
    valid_fraction: float = Field(0.1, gt=0, lt=1)
    """Share of items, drawn at random, for validation."""
    keep_memory: bool = True
    """On a CPU with glibc: big freed blocks stay with the process until it ends, so
    that no step waits for the kernel; the results are the same."""


class SharedCodebookParams(AutoencoderParams):
    """Positions that read one codebook."""

    positions: int = Field(32, ge=1)
    """Codes per item."""
    codebook_size: int = Field(256, ge=2)
    """Codewords in the one codebook."""
    code_width: int = Field(16, ge=1)
    """Width of a codeword."""


class RotationParams(AutoencoderParams):
    """How gradients pass a codebook."""

    beta: float = Field(0.25, ge=0)
    """Weight of the commitment loss."""
    rotation_trick: bool = False
    """Gradients are turned with the latent, not just passed on."""


class MovingCodebookParams(RotationParams):
    """Codewords that follow the latents by moving averages."""

    decay: float = Field(0.95, gt=0, lt=1)
    """Share of the average kept per step."""
    revive_under: float = Field(0.1, ge=0, lt=1)
    """A codeword used less than this share of an even use is replaced by a latent of
    the batch; 0 replaces none."""


class VQVAEParams(SharedCodebookParams):
    """A VQ-VAE whose positions share one codebook; the defaults are a small profile."""

    alpha: Annotated[float, Field(ge=0)] | Literal["std", "plain"] = 0.1
    """Weight of the codebook loss; std (0.1) and plain (0.5) are the reference's two
    settings."""
    beta: float = Field(0.1, ge=0)
    """Weight of the commitment loss."""

    @property
    def codebook_weight(self) -> float:
        """The number that ``alpha`` stands for."""
        named = {"std": 0.1, "plain": 0.5}
        return named[self.alpha] if isinstance(self.alpha, str) else self.alpha


class VQVAEEMAParams(SharedCodebookParams, MovingCodebookParams):
    """A VQ-VAE with k-means start, moving averages, revival and the rotation trick."""


class RQVAEParams(MovingCodebookParams):
    """A residual VQ-VAE: levels of codebooks on one latent vector."""

    levels: int = Field(8, ge=1)
    """Codes per item."""
    codebook_size: int = Field(256, ge=2)
    """Codewords per level."""
    code_width: int = Field(64, ge=1)
    """Width of the latent and codewords."""

    @property
    def positions(self) -> int:
        """Codes per item: one per level."""
        return self.levels


class FSQParams(AutoencoderParams):
    """Finite scalar quantisation; the default levels make 240 codes, near 8 bits."""

    positions: int = Field(32, ge=1)
    """Codes per item."""
    levels: tuple[Annotated[int, Field(ge=3)], ...] = Field((8, 6, 5), min_length=1)
    """Values that each number of a position is rounded to; their product is the
    codebook's size."""

    @field_validator("levels")
    @classmethod
    def _check_product(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if math.prod(value) > _MAX_CODEBOOK:
            raise ValueError(
                f"they make {math.prod(value):,} codes per position, over "
                f"{_MAX_CODEBOOK:,}; use fewer or smaller levels"
            )
        return value

    @property
    def codebook_size(self) -> int:
        """The product of the levels."""
        return math.prod(self.levels)


class SimVQParams(SharedCodebookParams, RotationParams):
    """A VQ-VAE whose frozen codewords are moved by one learned linear map."""
