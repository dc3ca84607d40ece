"""Typed parameters of the embedding pipeline."""

from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator, model_validator

from mmctr.content.covers.image_params import ImageParams
from mmctr.content.providers import TEXT_PROVIDER, TEXT_PROVIDERS, TextProvider
from mmctr.content.vectors import ModalityName, ModalityParams
from mmctr.runtime.params import Params

Device = Literal["auto", "cpu", "cuda", "mps"]


class SentenceTransformerParams(Params):
    """A sentence-transformers model on this machine; never downloaded."""

    model: str = Field("bundled", min_length=1)
    """`bundled` (all-MiniLM-L6-v2, 384 wide, comes with the install) or the directory
    of a saved sentence-transformers model."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto: bf16 autocast where a batch of these titles is clearly faster in it on this
    processor, and its vectors nearly equal; else fp32, as for under 5,000 titles and on
    GPUs. Vectors that are all in the cache are taken as they are."""
    batch_size: int = Field(64, ge=1)
    """Titles per forward pass in fp32."""
    batch_tokens: int = Field(2048, ge=1)
    """Tokens per forward pass in bf16: as many titles of similar length."""
    max_seq_length: int = Field(128, ge=8)
    """Tokens read per title, the rest is cut off; a lower limit of the model itself
    holds (MiniLM was trained on 128)."""


class BatchParams(Params):
    """How titles are split into batches of OpenAI's Batch API and waited for."""

    poll_seconds: float = Field(30.0, gt=0)
    """Time between two polls of a batch."""
    max_wait_seconds: float = Field(90_000.0, ge=0)
    """After this wait the run ends, and a later one goes on waiting; a batch takes at
    most 24 hours; 0: start the batches, poll once and end."""
    max_inputs: int = Field(50_000, ge=1, le=50_000)
    """Titles per batch; 50,000 is OpenAI's limit."""


class OpenAIParams(Params):
    """A service that speaks OpenAI's embeddings API.

    The key is no parameter: the SDK reads it from the variable ``OPENAI_API_KEY``,
    which a run fills from ``conf/local/credentials.yml`` where it is not set.
    """

    # A rejected base_url may hold a password, which an error must not repeat.
    model_config = ConfigDict(hide_input_in_errors=True)

    model: str = Field("text-embedding-3-large", min_length=1)
    """Name the service knows; for Azure that of the deployment."""
    dimensions: int | None = Field(1024, ge=1)
    """Width to request; null: not sent, the model's own."""
    base_url: str | None = None
    """null: the variable OPENAI_BASE_URL, else OpenAI itself."""
    api_version: str | None = Field(None, pattern=r"^[\w.-]+$")
    """Version of Azure's interface, such as 2024-10-21, whose requests name the
    deployment in the address and the key in a header `api-key`; base_url is then
    https://RESOURCE.openai.azure.com; null: not Azure, or its /openai/v1."""
    encoding_format: Literal["base64", "float"] | None = "base64"
    """How vectors are sent back: base64 is a third of the bytes; null: not sent, for
    services that refuse the field."""
    mode: Literal["direct", "batch"] = "direct"
    """direct: immediately; batch: through the Batch API, within 24 hours and at half
    the price."""
    batch: BatchParams = Field(default_factory=BatchParams)
    """Batches of mode batch."""
    request_size: int = Field(512, ge=1, le=2048)
    """Titles per request; 2048 is OpenAI's limit."""
    tokens_per_minute: int | None = Field(None, ge=8192)
    """Requests are spaced so that their tokens, counted as UTF-8 bytes, stay within
    this; null: not spaced."""
    concurrency: int = Field(4, ge=1, le=64)
    """Requests at the same time."""
    max_retries: int = Field(8, ge=0)
    """Retries after 408, 409, 429, 5xx, or no answer."""
    timeout_seconds: float = Field(60.0, gt=0)
    """Longest wait for one answer."""
    stop_after_failures: int = Field(8, ge=1)
    """After so many failed requests in a row, retries included, the rest is not sent.
    """
    usd_per_million_tokens: float | None = Field(0.13, ge=0)
    """Price of the model, for the cost estimate; 0: a service of your own; null:
    unknown."""
    max_cost_usd: float | None = Field(5.0, ge=0)
    """A run that may cost more is refused; null: no limit."""
    dry_run: bool = False
    """Print the plan and end; nothing is sent or written."""

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
                "put the key into the variable OPENAI_API_KEY, and Azure's api-version "
                "into embedding.openai.api_version"
            )
        return value

    @model_validator(mode="after")
    def _azure_is_direct(self) -> Self:
        if self.api_version is not None and self.mode == "batch":
            raise ValueError(
                "batches of Azure's interface with an api_version are not supported: "
                "use mode=direct, or base_url=https://RESOURCE.openai.azure.com/openai/"
                "v1 with api_version=null"
            )
        return self


class LsaParams(Params):
    """TF-IDF and a truncated SVD, fitted on the titles: quick, for tests."""

    dimensions: int = Field(64, ge=1)
    """Width; lower where there are too few titles or words."""
    max_features: int = Field(50_000, ge=2)
    """Size of the vocabulary: the most frequent words."""


class PrecomputedParams(Params):
    """A ready matrix, row i for item i.

    The embedder opens the file itself, so that the graph stays the same whatever the
    provider is.
    """

    path: Path | None = None
    """.npy file [n_items, d]; relative to the project."""
    dimensions: int | None = Field(None, ge=1)
    """Width the file must have; null: any."""


class EmbeddingParams(Params):
    """How texts and covers of the items become vectors."""

    provider: TextProvider = "sentence_transformers"
    """What makes the vectors: sentence_transformers, openai, lsa, precomputed, or
    package.module:Class of an embedder of your own that mmctr.check_embedder approves.
    """
    empty_title: Literal["zero", "placeholder"] = "zero"
    """An empty, blank or missing title gets the zero vector (similar to nothing), or
    the vector of `placeholder`."""
    cache: Path | None = None
    """SQLite file that stores the vectors of sentence_transformers, openai and covers,
    for all data sets; relative to the project; null: no cache."""
    placeholder: str = "untitled"
    """Text that is embedded for empty titles, if chosen."""
    sentence_transformers: SentenceTransformerParams = Field(
        default_factory=SentenceTransformerParams
    )
    """Local model."""
    openai: OpenAIParams = Field(default_factory=OpenAIParams)
    """Embeddings API."""
    lsa: LsaParams = Field(default_factory=LsaParams)
    """TF-IDF + SVD."""
    precomputed: PrecomputedParams = Field(default_factory=PrecomputedParams)
    """Ready vectors."""
    options: dict[str, Any] = {}
    """Settings of an embedder of your own."""
    images: ImageParams = Field(default_factory=ImageParams)
    """Cover images."""
    modalities: dict[ModalityName, ModalityParams | None] = Field(
        default_factory=lambda: {
            "title": ModalityParams(column="title", optional=True),
            "image": ModalityParams(column="image_vector", optional=True),
        }
    )
    """By name, in the order in which they enter the model; null leaves one out. A
    column of the items that ends in `_vector` is one without being named."""
    device: Device = "auto"
    """Where a local model runs; auto: cuda, else mps, else cpu."""
    seed: int = Field(20242025, ge=0, lt=2**32)
    """Seed of the LSA's SVD."""
    progress: bool = False
    """Draw a progress bar even where stderr is no terminal."""

    def provider_of(self, modality: ModalityParams) -> str:
        """What embeds the text of a modality."""
        if modality.path is not None:
            return "precomputed"
        return modality.provider or self.provider

    def settings_of(self, provider: str, modality: ModalityParams | None = None) -> Any:
        """Settings of what embeds a text, as a modality has them if it is alone."""
        if provider == "precomputed" and modality is not None and modality.path:
            return self.precomputed.model_copy(update={"path": modality.path})
        if provider in TEXT_PROVIDERS:
            return getattr(self, provider)
        options = self.options
        if modality is not None and modality.options is not None:
            options = modality.options
        return TEXT_PROVIDER.settings(provider, options, "embedding.options")

    @property
    def providers(self) -> set[str]:
        """Every provider in use."""
        named = {self.provider_of(each) for each in self.modalities.values() if each}
        return named | {self.provider}

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        chosen = [self.provider, *(x.provider for x in self.modalities.values() if x)]
        if "precomputed" in chosen and self.precomputed.path is None:
            raise ValueError(
                "embedding.provider is precomputed but embedding.precomputed.path is "
                "not set: name the .npy file that holds one row per item"
            )
        batch = "openai" in self.providers and self.openai.mode == "batch"
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
