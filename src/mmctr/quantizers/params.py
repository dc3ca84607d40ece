"""Typed parameters of the quantisers."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mmctr.quantizers.methods import METHODS


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
