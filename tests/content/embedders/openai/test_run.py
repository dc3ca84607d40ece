"""What a run says of the texts that it could not embed."""

import numpy as np
import pytest

from mmctr.content.embedders.cache import EmbeddingCache
from mmctr.content.embedders.errors import EmbeddingError, EmbeddingStopped
from mmctr.content.embedders.openai.client import Service
from mmctr.content.embedders.openai.run import EmbeddingRun
from mmctr.content.embedders.params import OpenAIParams

KEYS = [bytes([number]) * 32 for number in range(10)]


@pytest.fixture
def run() -> EmbeddingRun:
    """A run of which one of ten texts has its vector."""
    params = OpenAIParams()
    made = EmbeddingRun(Service(params), EmbeddingCache(None), params, "space")
    made.store(KEYS[:1], np.ones((1, 4), np.float32))
    return made


def test_failures_batches_and_the_rest_are_counted(run):
    """The three most frequent reasons are named, the others counted."""
    for number, reason in enumerate(["A", "A", "B", "C", "D"], start=1):
        run.fail([KEYS[number]], reason)
    run.under_way = {*KEYS[5:8]}
    run.ended_by = "the wait is over"
    with pytest.raises(EmbeddingError) as caught:
        run.raise_if_incomplete(KEYS, 12)
    assert str(caught.value) == (
        "3 of 12 done, 5 failed: A; or: B; or: C; and 1 more reasons, 2 still under "
        "way: their batches go on at the service and will not be sent again, 2 not "
        "sent (the wait is over); run again to resume"
    )


def test_what_failed_once_and_came_later_is_done(run):
    """A vector in the cache counts, whatever failed before."""
    run.fail(KEYS[:1], "no luck")
    run.raise_if_incomplete(KEYS[:1], 1)


def test_a_stop_is_no_error(run):
    """Not even where nothing is missing."""
    run.is_stopped, run.ended_by = True, "you stopped it"
    with pytest.raises(EmbeddingStopped, match=r"1 of 1 done \(you stopped it\)"):
        run.raise_if_incomplete(KEYS[:1], 1)
