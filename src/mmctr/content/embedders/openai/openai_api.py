"""Titles to vectors by a service that speaks OpenAI's embeddings API."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import openai

from mmctr.content.embedders.cache import EmbeddingCache, vector_key
from mmctr.content.embedders.openai.answers import read_vectors
from mmctr.content.embedders.openai.delivery import Courier, RequestFailed
from mmctr.content.embedders.openai.openai_batch import BATCH_PRICE, BatchEmbedder
from mmctr.content.embedders.openai.openai_client import (
    address_of,
    check_key,
    open_client,
)
from mmctr.content.embedders.openai.openai_errors import explain_failure
from mmctr.content.embedders.openai.outcome import require_all
from mmctr.content.embedders.openai.pace import TokenPace
from mmctr.content.embedders.openai.packing import (
    MAX_TOKENS_PER_REQUEST,
    cut_text,
    pack_requests,
)
from mmctr.content.embedders.openai.plan import EmbeddingPlan
from mmctr.content.embedders.params import OpenAIParams
from mmctr.content.embedders.protocol import (
    DryRun,
    EmbeddingError,
    EmbeddingStopped,
    EmbeddingUsage,
)
from mmctr.runtime.progress import progress_bar
from mmctr.runtime.secrets import hidden_in_logs
from mmctr.runtime.signals import StopRequest

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Answer:
    vectors: np.ndarray
    tokens: int | None


class OpenAIEmbedder:
    """The embeddings endpoint of OpenAI or of any service compatible with it.

    Every finished request goes into the cache at once, and the vectors that are given
    back are read from there: a run that ends early, for whatever reason, is resumed by
    the same call.
    """

    def __init__(
        self,
        params: OpenAIParams,
        cache: EmbeddingCache,
        *,
        titles: int | None = None,
        show_progress: bool = False,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            params: Model, width, address, sizes and limits.
            cache: Where vectors are kept.
            titles: How many items the texts belong to, for the plan; None: one each.
            show_progress: Whether a bar is drawn on stderr.

        Raises:
            EmbeddingError: If the address holds a password.
        """
        self._params = params
        self._cache = cache
        self._titles = titles
        self._show_progress = show_progress
        self._usage = EmbeddingUsage(cached=0, sent=0, requests=0)
        self._client = open_client(params)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts, several requests at a time.

        Args:
            texts: ``n`` texts, none of them blank (one blank text makes the service
                refuse the whole request). A text over 8191 bytes is cut and counted.

        Returns:
            Vectors ``[n, d]`` float32 in the order of ``texts``.

        Raises:
            ValueError: If a text is blank, or there are none.
            DryRun: If the plan is all that is wanted.
            EmbeddingCostError: If the bill could be above the limit.
            EmbeddingError: If a request failed for good; what others brought is kept.
            EmbeddingStopped: If the user stopped it.
        """
        _check_texts(texts)
        cut = [cut_text(text) for text in texts]
        space = self._space()
        keys = [vector_key(space, text) for text in cut]
        unique = dict(zip(keys, cut, strict=True))
        known = self._cache.known(list(unique))
        todo = [(key, text) for key, text in unique.items() if key not in known]
        waiting = self._under_way() & {key for key, _ in todo}
        sizes = [len(text.encode()) for key, text in todo if key not in waiting]
        runs = pack_requests(sizes, self._params.request_size, self._most_bytes())
        plan = EmbeddingPlan(
            model=self._params.model,
            titles=len(texts) if self._titles is None else self._titles,
            unique=len(unique),
            cached=len(known),
            cut=sum(a != b for a, b in zip(texts, cut, strict=True)),
            requests=len(runs),
            most_tokens=sum(sizes),
            usd_per_million_tokens=self._price(),
            under_way=len(waiting),
        )
        if self._params.dry_run:
            raise DryRun(plan.describe())
        plan.check_cost(self._params.max_cost_usd)
        logger.info("%s", plan.describe())
        tokens: list[int | None] = []
        if todo:
            width = self._params.dimensions
            if width is None and known:
                width = self._cache.load(list(known)[:1]).shape[1]
            with hidden_in_logs(self._client.api_key):
                if self._params.mode == "batch":
                    tokens = self._send_batches(todo, plan, width)
                else:
                    jobs = [todo[run] for run in runs]
                    bytes_of_jobs = [sum(sizes[run]) for run in runs]
                    tokens = self._send(jobs, bytes_of_jobs, plan, width)
        self._usage = EmbeddingUsage(
            cut_texts=plan.cut,
            cached=plan.cached,
            sent=plan.to_send,
            requests=plan.requests,
            tokens=None if None in tokens else sum(t for t in tokens if t is not None),
            cost_bound_usd=plan.most_usd,
        )
        return self._cache.load(keys)

    def version(self) -> str:
        """Name model, width, address and package."""
        return f"{self._space()}/openai-{openai.__version__}"

    def usage(self) -> EmbeddingUsage:
        """Say what the last call took."""
        return self._usage

    def _space(self) -> str:
        """What keys a vector: the address too, as any service may use any name.

        The SDK's version is left out: a new one must not cost all vectors anew.
        """
        width = self._params.dimensions or "own"
        where = address_of(self._client).partition("://")[2]
        return f"openai/{self._params.model}/width-{width}/{where}"

    def _price(self) -> float | None:
        """US dollars for a million tokens, None where it is not known."""
        price = self._params.usd_per_million_tokens
        if price is None or self._params.mode == "direct":
            return price
        return price * BATCH_PRICE

    def _under_way(self) -> set[bytes]:
        """Keys of texts that wait in batches; mode direct does not wait for them."""
        if self._params.mode == "direct":
            return set()
        jobs = self._cache.batches(self._space())
        return {key for job in jobs for key in job.keys}

    def _send_batches(
        self, todo: list[tuple[bytes, str]], plan: EmbeddingPlan, width: int | None
    ) -> list[int | None]:
        """Have what is not cached embedded in batches; returns tokens like `_send`."""
        check_key(self._client)
        embedder = BatchEmbedder(
            self._client,
            self._cache,
            self._params,
            space=self._space(),
            width=width,
            show_progress=self._show_progress,
        )
        outcome = embedder.embed([text for _, text in todo], [key for key, _ in todo])
        if outcome.missing:
            message = outcome.describe(plan.unique)
            stopped = outcome.is_stopped
            raise EmbeddingStopped(message) if stopped else EmbeddingError(message)
        return outcome.tokens

    def _most_bytes(self) -> int:
        budget = self._params.tokens_per_minute
        return min(MAX_TOKENS_PER_REQUEST, budget or MAX_TOKENS_PER_REQUEST)

    def _send(
        self,
        jobs: list[list[tuple[bytes, str]]],
        sizes: list[int],
        plan: EmbeddingPlan,
        width: int | None,
    ) -> list[int | None]:
        """Send what is not cached; returns the tokens counted of each request."""
        check_key(self._client)
        tokens: list[int | None] = []
        stop = StopRequest()
        with (
            stop,
            progress_bar(
                "Embedding titles", len(jobs), show=self._show_progress
            ) as bar,
        ):

            def keep(job: list[tuple[bytes, str]], answer: _Answer) -> None:
                nonlocal width
                width = width or answer.vectors.shape[1]
                if answer.vectors.shape[1] != width:
                    raise RequestFailed(
                        f"{address_of(self._client)} answered {width} wide and later "
                        f"{answer.vectors.shape[1]} wide: one model must answer all "
                        "requests"
                    )
                self._cache.store([key for key, _ in job], answer.vectors)
                tokens.append(answer.tokens)
                bar.update()

            courier = Courier(
                self._request,
                keep,
                concurrency=self._params.concurrency,
                stop_after_failures=self._params.stop_after_failures,
                pace=TokenPace(self._params.tokens_per_minute),
                stop=stop,
            )
            try:
                delivery = courier.deliver(jobs, sizes)
            except KeyboardInterrupt:
                raise EmbeddingStopped(
                    "stopped at once: requests in flight are lost, those finished are "
                    "kept in the cache; run again to resume"
                ) from None
        require_all(
            delivery, [len(job) for job in jobs], plan, is_stopped=stop.requested
        )
        return tokens

    def _request(self, job: list[tuple[bytes, str]]) -> _Answer:
        """Send one request and check its answer."""
        texts = [text for _, text in job]
        where = address_of(self._client)
        failure = None
        try:
            answer = self._client.embeddings.create(
                input=texts,
                model=self._params.model,
                dimensions=self._params.dimensions or openai.omit,
                encoding_format="base64",  # a third of the bytes of decimal numbers
            )
        except (openai.OpenAIError, ValueError) as error:
            failure = explain_failure(error, where, self._client.api_key)
        if failure is not None:
            # Raised here, not above: a service may repeat the key in its answer, and a
            # chained exception would carry that text into every traceback.
            raise failure
        if isinstance(answer, str):
            raise RequestFailed(
                f"{where} answered with a page of text or HTML in place of vectors: is "
                "embedding.openai.base_url (or OPENAI_BASE_URL) an embeddings service?"
            )
        try:
            vectors = read_vectors(
                getattr(answer, "data", None), len(texts), self._params.dimensions
            )
        except ValueError as error:
            raise RequestFailed(
                f"{where}: the answer of model {self._params.model} is not usable: "
                f"{error}"
            ) from None
        used = getattr(getattr(answer, "usage", None), "prompt_tokens", None)
        return _Answer(vectors, used if isinstance(used, int) else None)


def _check_texts(texts: Sequence[str]) -> None:
    if not texts:
        raise ValueError("there is no text to embed")
    for position, text in enumerate(texts):
        if not text.strip():
            raise ValueError(
                f"text {position} is blank; the service would refuse all of its "
                "request: leave blank texts out"
            )
