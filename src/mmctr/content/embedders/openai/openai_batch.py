"""Titles to vectors through OpenAI's Batch API: half the price, within 24 hours."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import openai
from filelock import FileLock
from tqdm import tqdm

from mmctr.content.embedders.cache import EmbeddingCache, PendingBatch
from mmctr.content.embedders.openai.batch_collect import BatchCollector
from mmctr.content.embedders.openai.batch_file import pack_batches, write_requests
from mmctr.content.embedders.openai.batch_jobs import BatchJobs, batch_id, done_share
from mmctr.content.embedders.openai.call_failed import CallFailed
from mmctr.content.embedders.params import OpenAIParams

logger = logging.getLogger(__name__)

# Of the price of mode direct.
BATCH_PRICE = 0.5

_ENDED = {"completed", "failed", "expired", "cancelled"}
# Of each batch, beside the SDK's own tries; ten minutes at 30 s a poll.
_FAILED_POLLS_IN_A_ROW = 20
# After this a batch that the service does not know will never come back.
_FORGET_AFTER_SECONDS = 48 * 3600
_NOT_FOUND = 404
_REASONS_SHOWN = 3


@dataclass(frozen=True)
class BatchOutcome:
    """What became of the texts of one run.

    Attributes:
        failures: Why a text has no vector, by key.
        under_way: Keys of the texts whose batches go on at the service.
        missing: All keys without a vector, those two kinds with them.
        ended_by: Why the run ended before all batches did; empty if they did.
        is_stopped: Whether it was the user.
        tokens: Tokens the service counted of every request that was answered, None
            where it counts none.
    """

    failures: dict[bytes, str]
    under_way: set[bytes]
    missing: set[bytes]
    ended_by: str
    is_stopped: bool
    tokens: list[int | None]

    def describe(self, n_texts: int) -> str:
        """Say what is not done, why, and how to go on.

        Args:
            n_texts: Different texts of the data set.

        Returns:
            One sentence.
        """
        parts = [f"{n_texts - len(self.missing):,} of {n_texts:,} done"]
        if self.failures:
            counts = Counter(self.failures.values()).most_common()
            words = "; ".join(
                f"{reason} ({count:,})" if len(counts) > 1 else reason
                for reason, count in counts[:_REASONS_SHOWN]
            )
            parts.append(f"{len(self.failures):,} failed: {words}")
        if self.under_way:
            parts.append(
                f"{len(self.under_way):,} still under way: their batches go on at the "
                "service and will not be sent again"
            )
        rest = len(self.missing) - len(self.failures) - len(self.under_way)
        if rest:
            parts.append(f"{rest:,} not sent")
        why = f" ({self.ended_by})" if self.ended_by else ""
        return f"{', '.join(parts)}{why}; run again to resume"


@dataclass(frozen=True)
class _State:
    ended: bool
    share: float


class BatchEmbedder:
    """Fills the cache through batches; what a batch gives is kept, whatever its end.

    Batches that an earlier run began are waited for and not sent again.
    """

    def __init__(
        self,
        client: openai.OpenAI,
        cache: EmbeddingCache,
        params: OpenAIParams,
        *,
        space: str,
        width: int | None,
        show_progress: bool = False,
    ) -> None:
        """Take what it works with; nothing is sent yet.

        Args:
            client: Knows address, key and retries.
            cache: Where vectors and unfinished batches are kept.
            params: Model, sizes and waits.
            space: Space of the vectors, see
                :func:`~mmctr.content.embedders.cache.vector_key`.
            width: Width of the vectors; None: that of the first one.
            show_progress: Whether a bar is drawn on stderr.
        """
        self._cache = cache
        self._params = params
        self._jobs = BatchJobs(client, cache, space)
        self._collector = BatchCollector(self._jobs, cache, width=width)
        self._show_progress = show_progress
        self._failed_polls = 0
        self._last_failure = ""
        self._told: dict[str, str] = {}

    def embed(self, texts: Sequence[str], keys: Sequence[bytes]) -> BatchOutcome:
        """Embed texts, and wait for them as long as the parameters say.

        Args:
            texts: Texts that are not in the cache, cut to the service's limit.
            keys: The cache's key of each, all different.

        Returns:
            What is not in the cache now, and why.

        Raises:
            EmbeddingCacheError: If the cache can't be read or written.
        """
        needed = set(keys)
        is_stopped = False
        try:
            with self._alone():
                # Another run may have stored some while this one waited for its turn.
                held = self._resume(needed) | self._cache.known(keys)
                fresh = [i for i, key in enumerate(keys) if key not in held]
                self._start([texts[i] for i in fresh], [keys[i] for i in fresh])
            ended_by = self._wait(needed)
        except CallFailed as failure:
            ended_by = failure.reason
        except KeyboardInterrupt:
            ended_by, is_stopped = "you stopped it", True
        missing = needed - self._cache.known(keys)
        reasons = self._collector.failures
        pending = {key for job in self._jobs.unfinished() for key in job.keys}
        return BatchOutcome(
            failures={key: reasons[key] for key in missing if key in reasons},
            under_way=(missing & pending) - reasons.keys(),
            missing=missing,
            ended_by=ended_by,
            is_stopped=is_stopped,
            tokens=self._collector.tokens,
        )

    def _alone(self) -> AbstractContextManager[object]:
        """Keep other runs from starting batches: they may want the same texts."""
        path = self._cache.path
        return nullcontext() if path is None else FileLock(f"{path}.batch.lock")

    def _resume(self, needed: set[bytes]) -> set[bytes]:
        """Take up the jobs that earlier runs began; returns the keys they hold."""
        held: set[bytes] = set()
        for job in self._unfinished(needed):
            try:
                if not self._jobs.resume(job):
                    continue
            except CallFailed as failure:
                if failure.is_final:
                    raise
                self._collector.fail(job.keys, failure.reason)
            held.update(job.keys)
        if held:
            logger.info(
                "%s titles are in batches of an earlier run", f"{len(held & needed):,}"
            )
        return held

    def _start(self, texts: Sequence[str], keys: Sequence[bytes]) -> None:
        """Start as many batches as the texts need; one that fails stops no other."""
        body: dict[str, object] = {"model": self._params.model}
        if self._params.dimensions is not None:
            body["dimensions"] = self._params.dimensions
        body["encoding_format"] = "base64"
        batches = pack_batches(
            texts, self._params.request_size, self._params.batch.max_inputs
        )
        for part, requests in batches:
            content = write_requests(texts[part], keys[part], requests, body)
            try:
                self._jobs.start(keys[part], content)
            except CallFailed as failure:
                if failure.is_final:
                    raise
                self._collector.fail(keys[part], failure.reason)
            else:
                logger.info(
                    "A batch of %s titles is under way", f"{part.stop - part.start:,}"
                )

    def _wait(self, needed: set[bytes]) -> str:
        """Collect every batch once it ends; returns why it stopped before, or ''."""
        waiting = [job for job in self._unfinished(needed) if batch_id(job)]
        done = dict.fromkeys((job.id for job in waiting), 0)
        wait = self._params.batch
        until = time.monotonic() + wait.max_wait_seconds
        with tqdm(
            total=sum(len(job.keys) for job in waiting),
            desc="Waiting for batches",
            unit="title",
            disable=not self._show_progress,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} "
            "[{elapsed} gone]",
        ) as bar:
            while True:
                for job in list(waiting):
                    state = self._poll(job)
                    done[job.id] = round(state.share * len(job.keys))
                    if state.ended:
                        waiting.remove(job)
                bar.update(sum(done.values()) - bar.n)
                left = until - time.monotonic()
                if not waiting:
                    return ""
                if self._failed_polls >= _FAILED_POLLS_IN_A_ROW * len(waiting):
                    return self._last_failure
                if left <= 0:
                    return (
                        f"waited {wait.max_wait_seconds:,g} s, "
                        "embedding.openai.batch.max_wait_seconds"
                    )
                time.sleep(min(wait.poll_seconds, left))

    def _poll(self, job: PendingBatch) -> _State:
        """Ask once how a job stands, and collect it if its batch has ended."""
        try:
            batch = self._jobs.ask(job)
        except CallFailed as failure:
            if failure.is_final:
                raise
            return self._take_failed_poll(job, failure)
        self._failed_polls = 0
        if batch.status in _ENDED:
            logger.info("Batch %s: %s", batch.id, batch.status)
            self._collector.collect(job, batch)
            return _State(ended=True, share=1.0)
        share = done_share(batch)
        news = f"{batch.status}, {share:.0%} done"
        if self._told.get(job.id) != news:
            logger.info("Batch %s: %s", batch.id, news)
            self._told[job.id] = news
        return _State(ended=False, share=share)

    def _take_failed_poll(self, job: PendingBatch, failure: CallFailed) -> _State:
        """Decide whether to ask again: hours of work outlast a bad minute."""
        if failure.may_pass:
            self._failed_polls += 1
            self._last_failure = failure.reason
            logger.warning("Asked for batch %s: %s", batch_id(job), failure.reason)
            return _State(ended=False, share=0.0)
        reason = failure.reason
        if failure.status == _NOT_FOUND:
            reason = (
                f"the service knows no batch {batch_id(job)}: take the key of the "
                "project that began it, or embedding.openai.mode=direct"
            )
            if time.time() - job.created > _FORGET_AFTER_SECONDS:
                self._jobs.forget(job)
        self._collector.fail(job.keys, reason)
        return _State(ended=True, share=0.0)

    def _unfinished(self, needed: set[bytes]) -> list[PendingBatch]:
        return [
            job for job in self._jobs.unfinished() if not needed.isdisjoint(job.keys)
        ]
