"""Batch jobs at the service, each remembered in the cache before it can cost money.

A job is a :class:`~mmctr.content.embedders.cache.PendingBatch` with an id of this
program; its status says how far it got:

1. ``new``: stored before the upload, so that a kill can't hide a file;
2. ``file ID``: the input file is at the service;
3. ``batch ID``: the service works on it.

A run that finds an unfinished step asks the service what came of it (a file by its
name, a batch by its input file) before doing it again. So neither a kill nor an answer
that got lost makes the service embed the same texts twice.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import uuid4

import openai
from openai.types import Batch, FileObject

from mmctr.content.embedders.cache import PendingBatch
from mmctr.content.embedders.openai.batch_file import ENDPOINT
from mmctr.content.embedders.openai.errors import RequestFailed
from mmctr.content.embedders.openai.run import EmbeddingRun

_NEW, _FILE, _BATCH = "new", "file ", "batch "
# Answers of services that can't list files or batches.
_NO_SUCH_CALL = {404, 405, 501}
# Waits between tries: doubled from the first, or what the service asks for.
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 8.0
# What is older than a job by more than this is not of that job; clocks may differ.
_CLOCKS_DIFFER_SECONDS = 24 * 3600

Made = TypeVar("Made", FileObject, Batch)


class BatchJobs:
    """Starts, finds and asks for batch jobs of one space of vectors.

    Every method that talks to the service raises :class:`RequestFailed` where that
    fails.
    """

    def __init__(self, run: EmbeddingRun) -> None:
        """Prepare; nothing is sent yet.

        Args:
            run: Its service does the jobs, its cache remembers them.
        """
        self._service = run.service
        self._sdk = run.service.sdk
        self._cache = run.cache
        self._space = run.space

    def start(self, keys: Sequence[bytes], content: bytes) -> None:
        """Upload an input file and let the service work on it.

        Args:
            keys: Keys of the texts, in the order the lines of the file refer to.
            content: The input file.

        Raises:
            RequestFailed: If the service does not; what it has got is remembered.
        """
        job = PendingBatch(
            id=f"mmctr-{uuid4().hex}",
            space=self._space,
            status=_NEW,
            created=time.time(),
            keys=tuple(keys),
        )
        self._cache.put_batch(job)
        file = self._make_once(
            lambda: self._find_file(job),
            lambda sdk: sdk.files.create(
                file=(_file_name(job), content, "application/jsonl"), purpose="batch"
            ),
        )
        self._start_batch(job, file)

    def resume(self, job: PendingBatch) -> bool:
        """Bring a job that an earlier run began to where it has a batch.

        Args:
            job: A job of :meth:`unfinished`.

        Returns:
            Whether there is a batch. If not, the service never got the file and the
            job is forgotten.

        Raises:
            RequestFailed: If the service can't be asked.
        """
        if batch_id(job) is not None:
            return True
        if job.status == _NEW:
            file = self._find_file(job)
        else:
            file = job.status.removeprefix(_FILE)
        if file is None:
            self.forget(job)
            return False
        batch = self._find_batch(job, file)
        if batch is None:
            self._start_batch(job, file)
        else:
            self._remember(job, f"{_BATCH}{batch}")
        return True

    def unfinished(self) -> list[PendingBatch]:
        """List the jobs whose answers were not collected yet, the oldest first."""
        return self._cache.batches(self._space)

    def ask(self, job: PendingBatch) -> Batch:
        """Ask for the state of a job."""
        return self._call(
            lambda: self._sdk.batches.retrieve(job.status.removeprefix(_BATCH))
        )

    def download(self, file: str) -> bytes:
        """Fetch an output or error file."""
        return self._service.call(lambda: self._sdk.files.content(file).content)

    def forget(self, job: PendingBatch) -> None:
        """Drop a job: its answers are stored, or there will be none."""
        self._cache.remove_batch(job.id)

    def _start_batch(self, job: PendingBatch, file: str) -> None:
        self._remember(job, f"{_FILE}{file}")
        try:
            batch = self._make_once(
                lambda: self._find_batch(job, file),
                lambda sdk: sdk.batches.create(
                    input_file_id=file, endpoint=ENDPOINT, completion_window="24h"
                ),
            )
        except RequestFailed as failure:
            if not failure.is_temporary and not failure.is_final:
                # The file is of no use (deleted, too old): a new upload is free.
                self.forget(job)
            raise
        self._remember(job, f"{_BATCH}{batch}")

    def _make_once(
        self,
        find: Callable[[], str | None],
        make: Callable[[openai.OpenAI], FileObject | Batch],
    ) -> str:
        """Make something at the service; after an unclear answer look for it first.

        The SDK would just send again, and a batch that was made although its answer got
        lost would be paid twice.
        """
        sdk = self._sdk.with_options(max_retries=0)
        tries = 0
        while True:
            try:
                return self._call(lambda: make(sdk)).id
            except RequestFailed as failure:
                if tries >= self._sdk.max_retries or not failure.is_temporary:
                    raise
                wait = failure.wait_seconds
            if wait is None:
                wait = min(_FIRST_WAIT_SECONDS * 2**tries, _LONGEST_WAIT_SECONDS)
            time.sleep(wait)
            found = find()
            if found is not None:
                return found
            tries += 1

    def _find_file(self, job: PendingBatch) -> str | None:
        """Find the file of a job by its name."""
        return self._find(
            job,
            lambda: self._sdk.files.list(purpose="batch", limit=100),
            lambda file: file.filename == _file_name(job),
        )

    def _find_batch(self, job: PendingBatch, file: str) -> str | None:
        """Find the batch of a job by its input file."""
        return self._find(
            job,
            lambda: self._sdk.batches.list(limit=100),
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
            return self._service.call(find)
        except RequestFailed as failure:
            if failure.status in _NO_SUCH_CALL:
                return None
            raise

    def _call(self, send: Callable[[], Made]) -> Made:
        """Call the SDK, which lets answers pass that have no id (a web page, say)."""

        def call() -> Made:
            made = send()
            if not isinstance(getattr(made, "id", None), str) or not made.id:
                raise ValueError("an answer without an id")
            return made

        return self._service.call(call)

    def _remember(self, job: PendingBatch, status: str) -> None:
        self._cache.put_batch(replace(job, status=status))


def batch_id(job: PendingBatch) -> str | None:
    """Name the batch at the service; None while there is none."""
    is_batch = job.status.startswith(_BATCH)
    return job.status.removeprefix(_BATCH) if is_batch else None


def _file_name(job: PendingBatch) -> str:
    return f"{job.id}.jsonl"
