"""Titles through the embeddings endpoint, several requests at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import openai

from mmctr.content.embedders.errors import EmbeddingStopped
from mmctr.content.embedders.openai.answers import Answer, read_answer
from mmctr.content.embedders.openai.errors import RequestFailed
from mmctr.content.embedders.openai.request_pool import RequestPool, TokenRateLimiter
from mmctr.content.embedders.openai.run import EmbeddingRun
from mmctr.runtime.progress import progress_bar
from mmctr.runtime.signals import StopRequest


@dataclass(frozen=True)
class Job:
    """The texts of one request.

    Attributes:
        keys: The cache's key of each text.
        texts: The texts.
        size: Their UTF-8 bytes.
    """

    keys: Sequence[bytes]
    texts: Sequence[str]
    size: int


def send_directly(run: EmbeddingRun, jobs: Sequence[Job]) -> None:
    """Fill the cache; every finished request goes there at once.

    Args:
        run: What failed, and what was not sent, is noted here.
        jobs: Texts that are not in the cache.

    Raises:
        EmbeddingStopped: If the user wants to stop at once.
        EmbeddingCacheError: If the cache can't be written.
    """
    bar = progress_bar("Embedding titles", len(jobs), show=run.show_progress)

    def store(job: Job, answer: Answer) -> None:
        width = answer.vectors.shape[1]
        if run.width not in (None, width):
            raise RequestFailed(
                f"{run.service.address} answered {run.width} wide and later {width} "
                "wide: one model must answer all requests"
            )
        run.store(job.keys, answer.vectors)
        run.tokens.append(answer.tokens)
        bar.update()

    with StopRequest() as stop, bar:
        pool = RequestPool(
            send=lambda job: _request(run, job),
            store=store,
            concurrency=run.params.concurrency,
            stop_after_failures=run.params.stop_after_failures,
            limiter=TokenRateLimiter(run.params.tokens_per_minute),
            stop=stop,
        )
        try:
            results = pool.run(jobs, [job.size for job in jobs])
        except KeyboardInterrupt:
            raise EmbeddingStopped(
                "stopped at once: requests in flight are lost, those finished are "
                "kept in the cache; run again to resume"
            ) from None
    for position, reason in results.failed.items():
        run.fail(jobs[position].keys, reason)
    run.ended_by = results.ended_by
    run.is_stopped = stop.requested


def _request(run: EmbeddingRun, job: Job) -> Answer:
    """Send one request and check its answer."""
    where, params = run.service.address, run.params
    create = run.service.sdk.embeddings.with_raw_response.create
    answer = run.service.call(
        lambda: create(
            input=list(job.texts),
            model=params.model,
            dimensions=params.dimensions or openai.omit,
            # Here, as the SDK itself writes base64 where it is given nothing.
            extra_body={"encoding_format": params.encoding_format or openai.omit},
        )
    )
    if "json" not in answer.headers.get("content-type", ""):
        raise RequestFailed(
            f"{where} answered with a page of text or HTML in place of vectors: is "
            "embedding.openai.base_url (or OPENAI_BASE_URL) an embeddings service?"
        )
    body = run.service.call(answer.http_response.json)
    try:
        return read_answer(body, len(job.texts), params.dimensions)
    except ValueError as error:
        raise RequestFailed(
            f"{where}: the answer of model {params.model} is not usable: {error}"
        ) from None
