"""Mode batch, over real HTTP to a server that enforces the contract."""

import os
import signal
import threading
from multiprocessing import get_context

import numpy as np
import pytest
from batch_contract_server import Trouble
from batch_runs import TITLES, assert_right, embed_in_child

from mmctr.content.embedders.errors import DryRun, EmbeddingError, EmbeddingStopped
from mmctr.content.embedders.openai import batch_file
from mmctr.content.embedders.openai.batch_file import pack_batches, write_requests
from mmctr.content.embedders.openai.cost_estimate import EmbeddingCostError
from mmctr.content.embedders.params import EmbeddingParams


def test_vectors_are_those_of_mode_direct(service, run):
    """Bit for bit, over several batches of several lines, each text sent once."""
    vectors, report = run()
    direct, _ = run(mode="direct", cache="other.sqlite")
    np.testing.assert_array_equal(vectors, direct)
    assert_right(vectors)
    assert service.uploaded_texts == TITLES
    assert len(service.batches) == 2
    assert (report.requests, report.tokens) == (7, 60)


def test_nothing_is_sent_when_all_is_there(service, run):
    """A finished batch is forgotten, its vectors are not."""
    run()
    assert_right(run()[0])
    assert len(service.uploads) == 2
    assert service.requests == []


def test_width_of_the_model_itself(service, run):
    """Without dimensions the field is not sent."""
    vectors, _ = run(dimensions=None)
    assert vectors.shape == (20, 24)
    assert b"dimensions" not in service.uploads[0].content


def test_a_run_ends_while_the_batch_goes_on(service, run):
    """The wait is limited; the next run resumes the same batches."""
    service.hold = "in_progress"
    with pytest.raises(EmbeddingError, match="max_wait_seconds") as caught:
        run(batch={"max_wait_seconds": 0.05})
    assert "20" in str(caught.value)
    assert "run again" in str(caught.value)
    with pytest.raises(EmbeddingError):
        run(batch={"max_wait_seconds": 0})
    service.hold = None
    assert_right(run()[0])
    assert len(service.uploads) == len(service.batches) == 2


def test_other_titles_in_the_second_run(service, run):
    """The order and the other titles may change; only new ones are sent."""
    service.hold = "in_progress"
    with pytest.raises(EmbeddingError):
        run(batch={"max_wait_seconds": 0})
    service.hold = None
    titles = ["a new one", *TITLES[::-1], "another"]
    assert_right(run(titles)[0], titles)
    assert service.uploaded_texts == [*TITLES, "a new one", "another"]


def test_a_batch_of_titles_that_are_not_needed_is_not_waited_for(service, run):
    """Another data set's batch does not delay this run."""
    service.hold = "in_progress"
    with pytest.raises(EmbeddingError):
        run(TITLES[:10], batch={"max_wait_seconds": 0})
    service.hold = None
    assert_right(run(TITLES[10:])[0], TITLES[10:])
    assert service.batches["batch_0"]["status"] != "completed"
    assert_right(run()[0])
    assert service.uploaded_texts == TITLES


@pytest.mark.parametrize("part_of_path", ["files", "batches"])
def test_a_lost_answer_makes_nothing_twice(service, run, part_of_path):
    """The service did it, but the answer got lost: the run looks for it."""
    service.troubles = [Trouble("POST", part_of_path, 500, carried_out=True)]
    assert_right(run()[0])
    assert len(service.uploads) == len(service.batches) == 2


def test_interrupt_while_polling(service, run):
    """Ctrl-C ends the run, says so, and leaves the batches running."""
    service.hold = "in_progress"
    service.troubles = [
        Trouble("GET", "batches/", action=lambda: os.kill(os.getpid(), signal.SIGINT))
    ]
    with pytest.raises(EmbeddingStopped, match="you stopped it") as caught:
        run(batch={"poll_seconds": 30})
    assert "go on" in str(caught.value)
    service.hold = None
    assert_right(run()[0])
    assert len(service.batches) == 2


def test_two_runs_at_the_same_time(service, run):
    """Both get all vectors, each text is sent once."""
    results: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: results.append(run()[0])) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    for vectors in results:
        assert_right(vectors)
    assert sorted(service.uploaded_texts) == sorted(TITLES)


@pytest.mark.parametrize(
    ("method", "part_of_path", "carried_out"),
    [
        ("POST", "files", False),
        ("POST", "files", True),
        ("POST", "batches", False),
        ("POST", "batches", True),
        ("GET", "batches/", True),
        ("GET", "content", True),
    ],
)
def test_kill(service, run, settings, method, part_of_path, carried_out):
    """After a kill at the worst moments nothing is paid twice."""
    trouble = Trouble(
        method,
        part_of_path,
        carried_out=carried_out,
        action=lambda: os.kill(child.pid, signal.SIGKILL),
    )
    service.troubles = [trouble]
    context = get_context("forkserver")
    context.set_forkserver_preload(["mmctr.content.embedders.openai.api"])
    child = context.Process(target=embed_in_child, args=(settings(), dict(os.environ)))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    assert service.troubles == []
    vectors, _ = run(TITLES[::-1])
    assert sorted(service.uploaded_texts) == sorted(TITLES)
    assert len(service.batches) == len(service.uploads)
    direct, _ = run(TITLES[::-1], mode="direct", cache="other.sqlite")
    np.testing.assert_array_equal(vectors, direct)


def test_the_plan(service, run, caplog):
    """Half the price, and what is under way is not to be sent."""
    with pytest.raises(DryRun) as planned:
        run(dry_run=True, usd_per_million_tokens=1000.0)
    assert f"${0.0005 * sum(map(len, TITLES)):.4f}" in str(planned.value)
    with pytest.raises(EmbeddingCostError):
        run(max_cost_usd=0.1, usd_per_million_tokens=1000.0)
    assert service.uploads == []
    service.hold = "in_progress"
    with pytest.raises(EmbeddingError):
        run(batch={"max_wait_seconds": 0})
    with pytest.raises(DryRun) as planned:
        run([*TITLES, "new"], dry_run=True)
    rows = dict(line.rsplit(maxsplit=1) for line in str(planned.value).splitlines()[1:])
    rows = {name.strip(): value for name, value in rows.items()}
    assert (rows["in batches"], rows["to send"]) == ("20", "1")
    service.hold = None
    assert_right(run(max_cost_usd=0.0)[0])


def test_a_cache_in_a_file_is_needed():
    """In memory a batch would be forgotten, and paid twice."""
    with pytest.raises(ValueError, match=r"embedding\.cache is null"):
        EmbeddingParams(provider="openai", openai={"mode": "batch"})


def test_limits_of_a_batch(monkeypatch):
    """50,000 inputs and 200 MB, whichever comes first; here a hundredth of the size."""
    batches = pack_batches(["a"] * 50_001, 2048, 50_000)
    assert [part for part, _ in batches] == [slice(0, 49_152), slice(49_152, 50_001)]
    assert batch_file.MAX_BYTES_PER_FILE < 200_000_000
    limit = batch_file.MAX_BYTES_PER_FILE // 100
    monkeypatch.setattr(batch_file, "MAX_BYTES_PER_FILE", limit)
    long = ["x" * 8191] * 240
    batches = pack_batches(long, 2048, 50_000)
    assert len(batches) == 2
    keys = [bytes(32)] * len(long)
    for part, requests in batches:
        content = write_requests(long[part], keys[part], requests, {"model": "m"})
        assert len(content) < limit
