"""Titles to vectors by a service that speaks OpenAI's embeddings API."""

import logging
from collections.abc import Sequence

import numpy as np
import openai

from mmctr.content.embedders.cache import vector_key
from mmctr.content.embedders.errors import DryRun
from mmctr.content.embedders.openai.batch import BATCH_PRICE, send_batches
from mmctr.content.embedders.openai.client import Service
from mmctr.content.embedders.openai.cost_estimate import CostEstimate
from mmctr.content.embedders.openai.direct import Job, send_directly
from mmctr.content.embedders.openai.packing import (
    MAX_TOKENS_PER_REQUEST,
    cut_text,
    pack_requests,
)
from mmctr.content.embedders.openai.run import EmbeddingRun
from mmctr.content.embedders.params import OpenAIParams
from mmctr.content.embedders.protocol import EmbedderContext, EmbeddingUsage
from mmctr.runtime.secrets import redacted_logs

logger = logging.getLogger(__name__)


class OpenAIEmbedder:
    """The embeddings endpoint of OpenAI or of any service compatible with it.

    Vectors are stored in the cache as soon as they arrive and returned from there: a
    run that ends early, for whatever reason, is resumed by the same call.
    """

    depends_on = "text"

    def __init__(self, params: OpenAIParams, context: EmbedderContext) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            params: Model, width, address, sizes and limits.
            context: Cache, number of titles for the plan, and whether a bar is drawn.

        Raises:
            EmbeddingError: If the address holds a password.
        """
        self._params = params
        self._context = context
        self._cache = context.cache
        self._service = Service(params)

    def embed(self, texts: Sequence[str]) -> tuple[np.ndarray, EmbeddingUsage]:
        """Embed texts, those that are not cached through the service.

        Args:
            texts: ``n`` texts, none of them blank (one blank text makes the service
                refuse the whole request). A text over 8191 bytes is cut and counted.

        Returns:
            Vectors ``[n, d]`` float32 in the order of ``texts``, and what that took.

        Raises:
            ValueError: If a text is blank, or there are none.
            DryRun: If only the plan was asked for.
            EmbeddingCostError: If the bill could be above the limit.
            EmbeddingError: If a request failed for good; the other vectors are kept.
            EmbeddingStopped: If the user stopped it.
        """
        _check_texts(texts)
        cut = [cut_text(text) for text in texts]
        space = self._space()
        keys = [vector_key(space, text) for text in cut]
        unique = dict(zip(keys, cut, strict=True))
        known = self._cache.known(list(unique))
        missing = {key: text for key, text in unique.items() if key not in known}
        under_way = self._under_way() & missing.keys()
        jobs = self._pack({k: t for k, t in missing.items() if k not in under_way})
        estimate = CostEstimate(
            model=self._params.model,
            titles=self._context.titles or len(texts),
            unique=len(unique),
            cached=len(known),
            cut=sum(a != b for a, b in zip(texts, cut, strict=True)),
            requests=len(jobs),
            most_tokens=sum(job.size for job in jobs),
            usd_per_million_tokens=self._price(),
            under_way=len(under_way),
        )
        if self._params.dry_run:
            raise DryRun(estimate.describe())
        estimate.check_cost(self._params.max_cost_usd)
        logger.info("%s", estimate.describe())
        run = EmbeddingRun(
            self._service,
            self._cache,
            self._params,
            space,
            width=self._params.dimensions,
            show_progress=self._context.show_progress,
        )
        if missing:
            self._service.check_key()
            if run.width is None and known:
                run.width = self._cache.load(list(known)[:1]).shape[1]
            with redacted_logs(self._service.sdk.api_key):
                if self._params.mode == "batch":
                    send_batches(run, missing)
                else:
                    send_directly(run, jobs)
            run.raise_if_incomplete(list(missing), len(unique))
        tokens = [count for count in run.tokens if count is not None]
        usage = EmbeddingUsage(
            cut_titles=estimate.cut,
            cached=estimate.cached,
            sent=estimate.to_send,
            requests=estimate.requests,
            tokens=None if None in run.tokens else sum(tokens),
            cost_bound_usd=estimate.most_usd,
        )
        return self._cache.load(keys), usage

    def version(self) -> str:
        """Name model, width, address and package."""
        return f"{self._space()}/openai-{openai.__version__}"

    def _space(self) -> str:
        """What keys a vector: the address too, as any service may use any name.

        The SDK's version is left out: a new one must not make old vectors useless.
        """
        width = self._params.dimensions or "own"
        where = self._service.address.partition("://")[2]
        return f"openai/{self._params.model}/width-{width}/{where}"

    def _price(self) -> float | None:
        """US dollars per million tokens, None where it is not known."""
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

    def _pack(self, texts: dict[bytes, str]) -> list[Job]:
        """Pack texts into requests, none of them larger than a minute's budget."""
        keys, values = list(texts), list(texts.values())
        sizes = [len(text.encode()) for text in values]
        budget = self._params.tokens_per_minute or MAX_TOKENS_PER_REQUEST
        most = min(MAX_TOKENS_PER_REQUEST, budget)
        return [
            Job(keys[run], values[run], sum(sizes[run]))
            for run in pack_requests(sizes, self._params.request_size, most)
        ]


def _check_texts(texts: Sequence[str]) -> None:
    if not texts:
        raise ValueError("there is no text to embed")
    for position, text in enumerate(texts):
        if not text.strip():
            raise ValueError(
                f"text {position} is blank; the service would refuse all of its "
                "request: leave blank texts out"
            )
