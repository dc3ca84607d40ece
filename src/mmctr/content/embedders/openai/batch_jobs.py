"""Batch jobs at the service, each remembered in the cache before it can cost money.

A job is a :class:`~mmctr.content.embedders.cache.PendingBatch` with an id of ours; its
status says how far it got:

1. ``new``: stored before the upload, so that a kill can't hide a file;
2. ``file ID``: the input file is at the service;
3. ``batch ID``: the service works on it.

Whoever finds a step unfinished asks the service what came of it (a file by its name, a
batch by its input file) before doing it again. So neither a kill nor an answer that got
lost makes the service embed the same texts twice.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import uuid4

import openai
from openai.types import Batch, FileObject

from mmctr.content.embedders.cache import EmbeddingCache, PendingBatch
from mmctr.content.embedders.openai.batch_file import ENDPOINT
from mmctr.content.embedders.openai.call_failed import CallFailed
from mmctr.content.embedders.openai.openai_client import address_of
from mmctr.content.embedders.openai.openai_errors import explain_failure, without_key

_NEW, _FILE, _BATCH = "new", "file ", "batch "
# Answers of services that can't list files or batches.
_NO_SUCH_CALL = {404, 405, 501}
# Waits between tries: doubled from the first, or what the service asks for.
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 8.0
# What is that much older than a job can't be of that job; clocks may differ.
_CLOCKS_DIFFER_SECONDS = 24 * 3600

T = TypeVar("T")
Made = TypeVar("Made", FileObject, Batch)


class BatchJobs:
    """Starts, finds and asks for batch jobs of one space of vectors.

    Every method that talks to the service raises :class:`CallFailed` where that fails.
    """

    def __init__(
        self, client: openai.OpenAI, cache: EmbeddingCache, space: str
    ) -> None:
        """Take what it works with.

        Args:
            client: Knows address, key and retries.
            cache: Where jobs are remembered.
            space: Space of the vectors, see
                :func:`~mmctr.content.embedders.cache.vector_key`.
        """
        self._client = client
        self._cache = cache
        self._space = space

    def start(self, keys: Sequence[bytes], content: bytes) -> None:
        """Upload an input file and let the service work on it.

        Args:
            keys: Keys of the texts, in the order the lines of the file refer to.
            content: The input file.

        Raises:
            CallFailed: If the service does not; what it has got is remembered.
        """
        job = PendingBatch(
            id=f"mmctr-{uuid4().hex}",
            space=self._space,
            status=_NEW,
            created=time.time(),
            keys=tuple(keys),
        )
        self._cache.put_batch(job)
        file = self._once(
            lambda: self._file_of(job),
            lambda client: client.files.create(
                file=(_file_name(job), content, "application/jsonl"), purpose="batch"
            ),
        )
        self._start_batch(self._remember(job, f"{_FILE}{file}"), file)

    def resume(self, job: PendingBatch) -> bool:
        """Bring a job that an earlier run began to where it has a batch.

        Args:
            job: A job of :meth:`unfinished`.

        Returns:
            Whether there is a batch. If not, the service never got the file and the
            job is forgotten.

        Raises:
            CallFailed: If the service can't be asked.
        """
        if batch_id(job) is not None:
            return True
        if job.status.startswith(_FILE):
            file: str | None = job.status.removeprefix(_FILE)
        else:
            file = self._file_of(job)
        if file is None:
            self.forget(job)
            return False
        batch = self._batch_of(job, file)
        if batch is None:
            self._start_batch(self._remember(job, f"{_FILE}{file}"), file)
        else:
            self._remember(job, f"{_BATCH}{batch}")
        return True

    def unfinished(self) -> list[PendingBatch]:
        """List the jobs whose answers were not collected yet, the oldest first."""
        return self._cache.batches(self._space)

    def ask(self, job: PendingBatch) -> Batch:
        """Ask how a job stands."""
        name = job.status.removeprefix(_BATCH)

        def ask() -> Batch:
            batch = self._client.batches.retrieve(name)
            _identify(batch)
            return batch

        return self._call(ask)

    def download(self, file: str) -> bytes:
        """Fetch an output or error file."""
        return self._call(lambda: self._client.files.content(file).content)

    def clean(self, text: str) -> str:
        """Take the key out of what the service wrote."""
        return without_key(text, self._client.api_key)

    def forget(self, job: PendingBatch) -> None:
        """Drop a job: its answers are stored, or there will be none."""
        self._cache.remove_batch(job.id)

    def _start_batch(self, job: PendingBatch, file: str) -> None:
        try:
            batch = self._once(
                lambda: self._batch_of(job, file),
                lambda client: client.batches.create(
                    input_file_id=file, endpoint=ENDPOINT, completion_window="24h"
                ),
            )
        except CallFailed as failure:
            if not failure.may_pass and not failure.is_final:
                # The file is of no use (deleted, too old): uploading anew is free.
                self.forget(job)
            raise
        self._remember(job, f"{_BATCH}{batch}")

    def _once(
        self,
        find: Callable[[], str | None],
        make: Callable[[openai.OpenAI], FileObject | Batch],
    ) -> str:
        """Make something at the service; after an unclear answer look for it first.

        The SDK would just send again, and a batch that was made although the answer got
        lost would be paid twice.
        """
        client = self._client.with_options(max_retries=0)
        tries = 0
        while True:
            try:
                return self._call(lambda: _identify(make(client)))
            except CallFailed as failure:
                if tries >= self._client.max_retries or not failure.may_pass:
                    raise
                wait = failure.wait_seconds
            if wait is None:
                wait = min(_FIRST_WAIT_SECONDS * 2**tries, _LONGEST_WAIT_SECONDS)
            time.sleep(wait)
            found = find()
            if found is not None:
                return found
            tries += 1

    def _file_of(self, job: PendingBatch) -> str | None:
        """Find the file of a job by its name."""
        name = _file_name(job)
        return self._find(
            job,
            lambda: self._client.files.list(purpose="batch", limit=100),
            lambda file: file.filename == name,
        )

    def _batch_of(self, job: PendingBatch, file: str) -> str | None:
        """Find the batch of a job by its input file."""
        return self._find(
            job,
            lambda: self._client.batches.list(limit=100),
            lambda batch: batch.input_file_id == file,
        )

    def _find(
        self,
        job: PendingBatch,
        pages: Callable[[], Iterable[Made]],
        fits: Callable[[Made], bool],
    ) -> str | None:
        """Look through what the service got since the job began, newest first."""

        def find() -> str | None:
            for made in pages():
                made_at = made.created_at or job.created
                if made_at < job.created - _CLOCKS_DIFFER_SECONDS:
                    break
                if fits(made):
                    return made.id
            return None

        try:
            return self._call(find)
        except CallFailed as failure:
            if failure.status in _NO_SUCH_CALL:
                return None
            raise

    def _call(self, call: Callable[[], T]) -> T:
        failed: CallFailed | None = None
        try:
            return call()
        except (openai.OpenAIError, ValueError) as error:
            key = self._client.api_key
            failed = CallFailed(
                error, explain_failure(error, address_of(self._client), key)
            )
        # Raised here, not above: a chained exception would carry what the service
        # wrote, perhaps the key, into every traceback.
        raise failed

    def _remember(self, job: PendingBatch, status: str) -> PendingBatch:
        job = replace(job, status=status)
        self._cache.put_batch(job)
        return job


def batch_id(job: PendingBatch) -> str | None:
    """Name the batch at the service; None while there is none."""
    if not job.status.startswith(_BATCH):
        return None
    return job.status.removeprefix(_BATCH)


def done_share(batch: Batch) -> float:
    """Tell which share of its requests is done; services may count none."""
    counts = batch.request_counts
    if counts is None or not counts.total:
        return 0.0
    return min((counts.completed or 0) / counts.total, 1.0)


def _file_name(job: PendingBatch) -> str:
    return f"{job.id}.jsonl"


def _identify(made: FileObject | Batch) -> str:
    """Return the id; the SDK lets answers pass that have none (a web page, say)."""
    name = getattr(made, "id", None)
    if not isinstance(name, str) or not name:
        raise ValueError("an answer without an id")
    return name
