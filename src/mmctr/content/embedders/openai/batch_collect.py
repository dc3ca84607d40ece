"""Answers of an ended batch into the cache: all that it gives, and why not the rest."""

import time

import numpy as np
from openai.types import Batch

from mmctr.content.embedders.cache import PendingBatch
from mmctr.content.embedders.openai.batch_file import read_answers
from mmctr.content.embedders.openai.batch_jobs import BatchJobs
from mmctr.content.embedders.openai.errors import RequestFailed
from mmctr.content.embedders.openai.run import EmbeddingRun

_STORED_AT_ONCE = 2000
_TRIES_TO_READ_A_FILE = 3
_ERRORS_SHOWN = 3
_GONE = 404
# How long a batch with unreadable output is kept: it may be readable later.
_KEPT_SECONDS = 48 * 3600
_UNREADABLE = "the output file holds no line of the batch: is there a proxy between?"


def collect(
    run: EmbeddingRun, jobs: BatchJobs, job: PendingBatch, batch: Batch
) -> None:
    """Store all that an ended batch has, then forget the job.

    A job whose files can't be fetched just now is kept, so that the next run tries
    again: they are paid for.

    Args:
        run: Vectors go into its cache; it gets the failures and counted tokens.
        jobs: The jobs at the service.
        job: The job.
        batch: What the service says of it.

    Raises:
        RequestFailed: If no call would work, as with a refused key.
        EmbeddingCacheError: If the cache can't be written.
    """
    run.fail(job.keys, run.service.clean(_explain_end(batch)))
    counts = batch.request_counts
    finished = (counts.completed or 0) if counts else 0
    try:
        if batch.output_file_id:
            read = _store_file(run, jobs, job, batch.output_file_id, finished)
            if finished and not read and time.time() - job.created < _KEPT_SECONDS:
                run.fail(job.keys, f"{_UNREADABLE} (batch {batch.id})")
                return
        if batch.error_file_id:
            _store_file(run, jobs, job, batch.error_file_id, 0)
    except RequestFailed as failure:
        if failure.is_final:
            raise
        run.fail(job.keys, failure.reason)
        if failure.status != _GONE:
            return
    jobs.forget(job)


def _store_file(
    run: EmbeddingRun, jobs: BatchJobs, job: PendingBatch, file: str, lines: int
) -> int:
    """Store a file's vectors; fetch it again if it has too few lines.

    Returns:
        Lines that could be read, including failed ones.
    """
    for _ in range(_TRIES_TO_READ_A_FILE):
        read, tokens = _store(run, job, jobs.download(file))
        if read >= lines:
            break
    run.tokens += tokens
    return read


def _store(
    run: EmbeddingRun, job: PendingBatch, content: bytes
) -> tuple[int, list[int | None]]:
    """Store vectors, many per transaction; returns lines, and tokens of good lines."""
    read = 0
    tokens: list[int | None] = []
    keys: list[bytes] = []
    rows: list[np.ndarray] = []
    for part, answer in read_answers(content, job.keys, run.width):
        read += 1
        if isinstance(answer, str):
            run.fail(job.keys[part], run.service.clean(answer))
            continue
        tokens.append(answer.tokens)
        keys += job.keys[part]
        rows.append(answer.vectors)
        if len(keys) >= _STORED_AT_ONCE:
            run.store(keys, np.concatenate(rows))
            keys, rows = [], []
    if keys:
        run.store(keys, np.concatenate(rows))
    return read, tokens


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
