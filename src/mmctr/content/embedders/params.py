"""Typed parameters of the embedding pipeline."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator, model_validator

from mmctr.content.covers.image_params import ImageParams
from mmctr.content.providers import TitleProvider
from mmctr.content.vectors import VectorParams
from mmctr.runtime.params import Params

Device = Literal["auto", "cpu", "cuda", "mps"]


class SentenceTransformerParams(Params):
    """A sentence-transformers model on this machine; never downloaded."""

    model: str = Field(
        "bundled",
        min_length=1,
        description="`bundled` (all-MiniLM-L6-v2, 384 wide, comes with the install) or "
        "the directory of a saved sentence-transformers model",
    )
    batch_size: int = Field(64, ge=1, description="titles per forward pass")
    max_seq_length: int = Field(
        128,
        ge=8,
        description="tokens read per title, the rest is cut off; a lower limit of the "
        "model itself holds (MiniLM was trained on 128)",
    )


class BatchParams(Params):
    """How titles are split into batches of OpenAI's Batch API and waited for."""

    poll_seconds: float = Field(
        30.0, gt=0, description="time between two polls of a batch"
    )
    max_wait_seconds: float = Field(
        90_000.0,
        ge=0,
        description="after this wait the run ends, and a later one goes on waiting; a "
        "batch takes at most 24 hours; 0: start the batches, poll once and end",
    )
    max_inputs: int = Field(
        50_000,
        ge=1,
        le=50_000,
        description="titles per batch; 50,000 is OpenAI's limit",
    )


class OpenAIParams(Params):
    """A service that speaks OpenAI's embeddings API.

    The key is no parameter: the SDK reads it from the variable ``OPENAI_API_KEY``,
    which a run fills from ``conf/local/credentials.yml`` where it is not set.
    """

    # A rejected base_url may hold a password, which an error must not repeat.
    model_config = ConfigDict(hide_input_in_errors=True)

    model: str = Field(
        "text-embedding-3-large", min_length=1, description="name the service knows"
    )
    dimensions: int | None = Field(
        1024, ge=1, description="width to request; null: not sent, the model's own"
    )
    base_url: str | None = Field(
        None, description="null: the variable OPENAI_BASE_URL, else OpenAI itself"
    )
    mode: Literal["direct", "batch"] = Field(
        "direct",
        description="direct: immediately; batch: through the Batch API, within 24 "
        "hours and at half the price",
    )
    batch: BatchParams = Field(
        default_factory=BatchParams, description="batches of mode batch"
    )
    request_size: int = Field(
        512, ge=1, le=2048, description="titles per request; 2048 is OpenAI's limit"
    )
    tokens_per_minute: int | None = Field(
        None,
        ge=8192,
        description="requests are spaced so that their tokens, counted as UTF-8 bytes, "
        "stay within this; null: not spaced",
    )
    concurrency: int = Field(4, ge=1, le=64, description="requests at the same time")
    max_retries: int = Field(
        8, ge=0, description="retries after 408, 409, 429, 5xx, or no answer"
    )
    timeout_seconds: float = Field(
        60.0, gt=0, description="longest wait for one answer"
    )
    stop_after_failures: int = Field(
        8,
        ge=1,
        description="after so many failed requests in a row, retries included, the "
        "rest is not sent",
    )
    usd_per_million_tokens: float | None = Field(
        0.13,
        ge=0,
        description="price of the model, for the cost estimate; 0: a service of your "
        "own; null: unknown",
    )
    max_cost_usd: float | None = Field(
        5.0, ge=0, description="a run that may cost more is refused; null: no limit"
    )
    dry_run: bool = Field(
        False, description="print the plan and end; nothing is sent or written"
    )

    @field_validator("base_url")
    @classmethod
    def _holds_no_credentials(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("write it as http://HOST/v1 or https://HOST/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError(
                "it must hold no user, password or query: parameters are not secret; "
                "put the key into the variable OPENAI_API_KEY"
            )
        return value


class LsaParams(Params):
    """TF-IDF and a truncated SVD, fitted on the titles: quick, for tests."""

    dimensions: int = Field(
        64, ge=1, description="width; lower where there are too few titles or words"
    )
    max_features: int = Field(
        50_000, ge=2, description="size of the vocabulary: the most frequent words"
    )


class PrecomputedParams(Params):
    """A ready matrix, row i for item i.

    The embedder opens the file itself, so that the graph stays the same whatever the
    provider is.
    """

    path: Path | None = Field(
        None, description=".npy file [n_items, d]; relative to the project"
    )
    dimensions: int | None = Field(
        None, ge=1, description="width the file must have; null: any"
    )


class EmbeddingParams(Params):
    """How titles and covers of the items become vectors."""

    provider: TitleProvider = Field(
        "sentence_transformers",
        description="what makes the vectors: sentence_transformers, openai, lsa or "
        "precomputed",
    )
    empty_title: Literal["zero", "placeholder"] = Field(
        "zero",
        description="an empty, blank or missing title gets the zero vector (similar to "
        "nothing), or the vector of `placeholder`",
    )
    cache: Path | None = Field(
        None,
        description="SQLite file that stores the vectors of sentence_transformers, "
        "openai and covers, for all data sets; relative to the project; null: no "
        "cache",
    )
    placeholder: str = Field(
        "untitled",
        description="text that is embedded for empty titles, if chosen",
    )
    sentence_transformers: SentenceTransformerParams = Field(
        default_factory=SentenceTransformerParams, description="local model"
    )
    openai: OpenAIParams = Field(
        default_factory=OpenAIParams, description="embeddings API"
    )
    lsa: LsaParams = Field(default_factory=LsaParams, description="TF-IDF + SVD")
    precomputed: PrecomputedParams = Field(
        default_factory=PrecomputedParams, description="ready vectors"
    )
    images: ImageParams = Field(default_factory=ImageParams, description="cover images")
    vectors: VectorParams = Field(
        default_factory=VectorParams,
        description="what happens to the vectors of titles and covers before they are "
        "stored",
    )
    device: Device = Field(
        "auto", description="where a local model runs; auto: cuda, else mps, else cpu"
    )
    seed: int = Field(20242025, ge=0, lt=2**32, description="seed of the LSA's SVD")
    progress: bool = Field(
        False, description="draw a progress bar even where stderr is no terminal"
    )

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.provider == "precomputed" and self.precomputed.path is None:
            raise ValueError(
                "embedding.provider is precomputed but embedding.precomputed.path is "
                "not set: name the .npy file that holds one row per item"
            )
        batch = self.provider == "openai" and self.openai.mode == "batch"
        if batch and self.cache is None:
            raise ValueError(
                "embedding.openai.mode is batch but embedding.cache is null: batches "
                "are remembered there, so that none is paid twice; name a file"
            )
        if self.empty_title == "placeholder" and not self.placeholder.strip():
            raise ValueError(
                "embedding.placeholder is blank: write a word, or choose "
                "embedding.empty_title=zero"
            )
        return self
