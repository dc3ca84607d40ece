"""The cache of vectors, shared by threads and processes."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from mmctr.content.embedders.cache import EmbeddingCache, vector_key


def keys_of(texts) -> list[bytes]:
    """Keys of some texts."""
    return [vector_key("space", text) for text in texts]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place without a file or its folder."""
    return tmp_path / "02_intermediate" / "cache.sqlite"


def test_threads_share_one_object(path):
    """Every transaction is whole."""
    with EmbeddingCache(path) as cache:

        def work(number: int) -> None:
            for step in range(10):
                cache.store(keys_of([f"{number}-{step}"]), np.ones((1, 8), np.float32))
                cache.known(keys_of(map(str, range(50))))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        keys = keys_of(f"{i}-{step}" for i in range(4) for step in range(10))
        assert cache.known(keys) == set(keys)


WRITER = """
import sys
from pathlib import Path
import numpy as np
from mmctr.content.embedders.cache import EmbeddingCache, vector_key
path, name, n = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
sys.stdin.readline()
with EmbeddingCache(path) as cache:
    for step in range(n):
        keys = [vector_key("space", f"{name}-{step}-{i}") for i in range(20)]
        cache.store(keys, np.full((20, 64), step + 1, np.float32))
        print(step, flush=True)
"""


def start_writer(path: Path, name: str, steps: int) -> subprocess.Popen:
    """A process that waits for a line, then stores 20 vectors per step."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(steps)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_share_one_file(path):
    """All create it, all write to it, none fails."""
    writers = [start_writer(path, name, 15) for name in "abc"]
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    with EmbeddingCache(path) as cache:
        keys = keys_of(f"{n}-{s}-{i}" for n in "abc" for s in range(15) for i in "789")
        assert cache.known(keys) == set(keys)


def test_a_kill_loses_no_finished_transaction(path):
    """And none is partly there."""
    writer = start_writer(path, "a", 100_000)
    writer.stdin.write("go\n")
    writer.stdin.flush()
    for _ in range(30):
        last = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    last = max([last, *map(int, writer.stdout.read().split())])
    writer.stdin.close()
    writer.stdout.close()
    with EmbeddingCache(path) as cache:
        for step in range(last + 2):
            keys = keys_of(f"a-{step}-{i}" for i in range(20))
            assert len(cache.known(keys)) == 20 or step == last + 1
            assert len(cache.known(keys)) in {0, 20}
        keys = keys_of(f"a-{step}-19" for step in range(last + 1))
        expected = np.arange(1, last + 2, dtype=np.float32)
        np.testing.assert_array_equal(cache.load(keys)[:, 0], expected)
