"""Titles to vectors through OpenAI's Batch API: half the price, within 24 hours."""

import logging
import time
from collections.abc import Mapping, Sequence

from filelock import FileLock
from openai.types import Batch

from mmctr.content.embedders.cache import PendingBatch
from mmctr.content.embedders.openai.batch_collect import collect
from mmctr.content.embedders.openai.batch_file import pack_batches, write_requests
from mmctr.content.embedders.openai.batch_jobs import BatchJobs, batch_id
from mmctr.content.embedders.openai.errors import RequestFailed
from mmctr.content.embedders.openai.run import EmbeddingRun
from mmctr.runtime.progress import progress_bar

logger = logging.getLogger(__name__)

# Of the price of mode direct.
BATCH_PRICE = 0.5

_ENDED = {"completed", "failed", "expired", "cancelled"}
# Per batch, beside the SDK's own tries; ten minutes at 30 s per poll.
_FAILED_POLLS_IN_A_ROW = 20
# After this a batch that the service does not know will never come back.
_FORGET_AFTER_SECONDS = 48 * 3600
_NOT_FOUND = 404


def send_batches(run: EmbeddingRun, texts: Mapping[bytes, str]) -> None:
    """Fill the cache through batches, and wait for them as long as the parameters say.

    What a batch gives is kept, however it ends. Batches that an earlier run began are
    waited for and not sent again.

    Args:
        run: What failed, and what is under way, is noted here.
        texts: Texts that are not in the cache, cut to the service's limit, by key.

    Raises:
        EmbeddingCacheError: If the cache can't be read or written.
    """
    batches = _Batches(run, texts)
    try:
        # Runs start batches one after the other, as they may need the same texts.
        with FileLock(f"{run.cache.path}.batch.lock"):
            # Another run may have stored some while this one waited for the lock.
            held = batches.resume() | run.cache.known(list(texts))
            batches.start([key for key in texts if key not in held])
        run.ended_by = batches.wait()
    except RequestFailed as failure:
        run.ended_by = failure.reason
    except KeyboardInterrupt:
        run.ended_by, run.is_stopped = "you stopped it", True
    run.under_way = {key for job in batches.jobs.unfinished() for key in job.keys}


class _Batches:
    """The batches that hold the texts of a run."""

    def __init__(self, run: EmbeddingRun, texts: Mapping[bytes, str]) -> None:
        self.jobs = BatchJobs(run)
        self._run = run
        self._texts = texts
        self._failed_polls = 0
        self._last_failure = ""
        self._last_news: dict[str, str] = {}

    def resume(self) -> set[bytes]:
        """Resume the jobs that earlier runs began; returns the keys they hold."""
        held: set[bytes] = set()
        for job in self._unfinished():
            try:
                if not self.jobs.resume(job):
                    continue
            except RequestFailed as failure:
                self._note_failure(job.keys, failure)
            held.update(job.keys)
        if held:
            count = f"{len(held & self._texts.keys()):,}"
            logger.info("%s titles are in batches of an earlier run", count)
        return held

    def start(self, keys: Sequence[bytes]) -> None:
        """Start as many batches as the texts need; one that fails stops no other."""
        params = self._run.params
        body = params.model_dump(
            include={"model", "dimensions", "encoding_format"}, exclude_none=True
        )
        texts = [self._texts[key] for key in keys]
        batches = pack_batches(texts, params.request_size, params.batch.max_inputs)
        for part, requests in batches:
            content = write_requests(texts[part], keys[part], requests, body)
            try:
                self.jobs.start(keys[part], content)
            except RequestFailed as failure:
                self._note_failure(keys[part], failure)
            else:
                count = f"{part.stop - part.start:,}"
                logger.info("A batch of %s titles is under way", count)

    def wait(self) -> str:
        """Collect every batch once it ends; returns why the wait ended, or ''."""
        waiting = [job for job in self._unfinished() if batch_id(job)]
        done = dict.fromkeys((job.id for job in waiting), 0)
        wait = self._run.params.batch
        until = time.monotonic() + wait.max_wait_seconds
        total = sum(len(job.keys) for job in waiting)
        show = self._run.show_progress
        with progress_bar("Waiting for batches", total, show=show) as bar:
            while True:
                for job in list(waiting):
                    share = self._poll(job)
                    if share is None:
                        waiting.remove(job)
                        share = 1.0
                    done[job.id] = round(share * len(job.keys))
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

    def _unfinished(self) -> list[PendingBatch]:
        jobs = self.jobs.unfinished()
        return [job for job in jobs if not self._texts.keys().isdisjoint(job.keys)]

    def _note_failure(self, keys: Sequence[bytes], failure: RequestFailed) -> None:
        """Note why texts get no vector; raise what every other call would meet."""
        if failure.is_final:
            raise failure
        self._run.fail(keys, failure.reason)

    def _poll(self, job: PendingBatch) -> float | None:
        """Ask once, and collect a batch that has ended.

        Returns:
            The share of the job that is done; None: there is nothing to wait for.
        """
        try:
            batch = self.jobs.ask(job)
        except RequestFailed as failure:
            return self._note_failed_poll(job, failure)
        self._failed_polls = 0
        if batch.status in _ENDED:
            logger.info("Batch %s: %s", batch.id, batch.status)
            collect(self._run, self.jobs, job, batch)
            return None
        share = _done_share(batch)
        news = f"{batch.status}, {share:.0%} done"
        if self._last_news.get(job.id) != news:
            logger.info("Batch %s: %s", batch.id, news)
            self._last_news[job.id] = news
        return share

    def _note_failed_poll(
        self, job: PendingBatch, failure: RequestFailed
    ) -> float | None:
        """Decide whether to ask again: hours of work outlast a bad minute."""
        if failure.is_temporary:
            self._failed_polls += 1
            self._last_failure = failure.reason
            logger.warning("Polling batch %s: %s", batch_id(job), failure.reason)
            return 0.0
        if failure.status == _NOT_FOUND:
            failure.reason = (
                f"the service knows no batch {batch_id(job)}: use the key of the "
                "project that began it, or embedding.openai.mode=direct"
            )
            if time.time() - job.created > _FORGET_AFTER_SECONDS:
                self.jobs.forget(job)
        self._note_failure(job.keys, failure)
        return None


def _done_share(batch: Batch) -> float:
    """Share of its requests that are done; services may count none."""
    counts = batch.request_counts
    if counts is None or not counts.total:
        return 0.0
    return min((counts.completed or 0) / counts.total, 1.0)
