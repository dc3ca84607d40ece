"""Answers of an ended batch into the cache: whatever it gives, and why not the rest."""

import time
from collections.abc import Sequence

import numpy as np
from openai.types import Batch

from mmctr.content.embedders.cache import EmbeddingCache, PendingBatch
from mmctr.content.embedders.openai.batch_file import read_answers
from mmctr.content.embedders.openai.batch_jobs import BatchJobs
from mmctr.content.embedders.openai.call_failed import CallFailed

_STORED_AT_ONCE = 2000
_TRIES_TO_READ_A_FILE = 3
_ERRORS_SHOWN = 3
_GONE = 404
# So long a batch whose output can't be read is kept, as it may be readable later.
_KEPT_SECONDS = 48 * 3600
_UNREADABLE = "the output file holds no line of the batch: is there a proxy between?"


class BatchCollector:
    """Stores vectors, counts tokens and keeps the reasons of what failed.

    Attributes:
        failures: Why a text got no vector, by key. A text that failed in one batch may
            have a vector from another: the cache knows.
        tokens: Tokens the service counted of every line with vectors, None where it
            counts none.
    """

    def __init__(
        self,
        jobs: BatchJobs,
        cache: EmbeddingCache,
        *,
        width: int | None,
    ) -> None:
        """Take what it works with.

        Args:
            jobs: The service.
            cache: Where vectors go.
            width: Width of the vectors; None: that of the first one.
        """
        self.failures: dict[bytes, str] = {}
        self.tokens: list[int | None] = []
        self._jobs = jobs
        self._cache = cache
        self._width = width

    def collect(self, job: PendingBatch, batch: Batch) -> None:
        """Store all that an ended batch has, then forget the job.

        A job whose files can't be fetched just now is kept, so that the next run tries
        again: they are paid for.

        Args:
            job: The job.
            batch: What the service says of it.

        Raises:
            CallFailed: If no call would work, as with a refused key.
            EmbeddingCacheError: If the cache can't be written.
        """
        self.fail(job.keys, self._jobs.clean(_explain_end(batch)))
        counts = batch.request_counts
        finished = (counts.completed or 0) if counts else 0
        try:
            if batch.output_file_id:
                read = self._store_file(job, batch.output_file_id, finished)
                if finished and not read and time.time() - job.created < _KEPT_SECONDS:
                    self.fail(job.keys, f"{_UNREADABLE} (batch {batch.id})")
                    return
            if batch.error_file_id:
                self._store_file(job, batch.error_file_id, 0)
        except CallFailed as failure:
            if failure.is_final:
                raise
            self.fail(job.keys, failure.reason)
            if failure.status != _GONE:
                return
        self._jobs.forget(job)

    def fail(self, keys: Sequence[bytes], reason: str) -> None:
        """Note why texts get no vector.

        Args:
            keys: Keys of the texts.
            reason: What is known by now; a later one takes its place.
        """
        self.failures.update(dict.fromkeys(keys, reason))

    def _store_file(self, job: PendingBatch, file: str, lines: int) -> int:
        """Store a file's vectors; fetch it again if lines that were counted lack.

        Returns:
            Lines that could be read, failed ones with them.
        """
        read = 0
        for _ in range(_TRIES_TO_READ_A_FILE):
            tokens: list[int | None] = []
            read = self._store(job, self._jobs.download(file), tokens)
            if read >= lines:
                break
        self.tokens += tokens
        return read

    def _store(
        self, job: PendingBatch, content: bytes, tokens: list[int | None]
    ) -> int:
        """Store vectors, many a transaction; add the tokens of every good line."""
        read = 0
        keys: list[bytes] = []
        rows: list[np.ndarray] = []
        for answer in read_answers(content, job.keys, self._width):
            read += 1
            part = job.keys[answer.part]
            if answer.failure is not None:
                self.fail(part, self._jobs.clean(answer.failure))
                continue
            self._width = answer.vectors.shape[1]
            tokens.append(answer.tokens)
            keys += part
            rows.append(answer.vectors)
            if len(keys) >= _STORED_AT_ONCE:
                self._cache.store(keys, np.concatenate(rows))
                keys, rows = [], []
        if keys:
            self._cache.store(keys, np.concatenate(rows))
        return read


def _explain_end(batch: Batch) -> str:
    """Say why a text of an ended batch may have got no answer."""
    if batch.status == "expired":
        return f"batch {batch.id} was not done within 24 hours and expired"
    if batch.status == "cancelled":
        return f"batch {batch.id} was cancelled"
    if batch.status == "failed":
        errors = (batch.errors.data if batch.errors else None) or []
        words = [
            ": ".join(filter(None, (error.code, error.message)))
            + (f" (line {error.line})" if error.line else "")
            for error in errors[:_ERRORS_SHOWN]
        ]
        return f"batch {batch.id} failed: {'; '.join(words) or 'no reason given'}"
    return f"the answers of batch {batch.id} lack them"
