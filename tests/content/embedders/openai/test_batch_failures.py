"""Mode batch where the service, its files or its answers fail."""

import numpy as np
import pytest
from batch_contract_server import Trouble
from batch_runs import TITLES, assert_right
from embedding_contract_server import KEY

from mmctr.content.embedders.errors import EmbeddingError


@pytest.mark.parametrize("part_of_path", ["files", "batches"])
@pytest.mark.parametrize("status", [429, 503])
def test_temporary_failures_are_retried(service, run, part_of_path, status):
    """Upload, start, polls and downloads."""
    service.troubles = [
        Trouble("POST", part_of_path, status),
        *[Trouble("GET", part_of_path, status)] * 3,
    ]
    assert_right(run()[0])
    assert len(service.uploads) == len(service.batches) == 2


def test_a_start_that_fails_stops_no_other_batch(service, run):
    """The rest is named, and only the rest is sent again."""
    service.troubles = [Trouble("POST", "files", 400)]
    with pytest.raises(EmbeddingError, match="8 of 20 .*12 failed.*400"):
        run()
    assert_right(run()[0])
    assert service.uploaded_texts == [*TITLES[12:], *TITLES[:12]]


def test_an_input_file_the_service_lost(service, run):
    """A lost file is useless: the next run sends a new one."""
    service.troubles = [Trouble("POST", "batches", 503)] * 20
    with pytest.raises(EmbeddingError, match="503"):
        run()
    service.troubles = []
    service.files.clear()
    with pytest.raises(EmbeddingError, match="400"):
        run()
    assert_right(run()[0])


@pytest.mark.parametrize("fate", ["expired", "cancelled"])
def test_an_unfinished_batch_gives_what_it_has(service, run, fate):
    """Half of the lines were done; only the others are sent again."""
    service.fate, service.share = fate, 0.5
    with pytest.raises(EmbeddingError, match=f"9 of 20 .*11 failed.*{fate}") as caught:
        run()
    assert "run again" in str(caught.value)
    service.fate = "completed"
    assert_right(run()[0])
    assert len(service.uploaded_texts) == 31


def test_a_batch_that_fails_validation(service, run):
    """The message quotes its reason, and the next run sends the texts again."""
    service.fate = "failed"
    with pytest.raises(EmbeddingError, match="0 of 20 .*token_limit_exceeded"):
        run()
    service.fate = "completed"
    assert_right(run()[0])


def test_lines_in_the_error_file(service, run):
    """Their reasons are in the message, the other lines are stored."""
    service.failing = lambda custom_id: custom_id.startswith("3-")
    with pytest.raises(EmbeddingError, match="14 of 20 .*6 failed.*stumbled"):
        run()
    service.failing = lambda custom_id: False
    assert_right(run()[0])
    assert service.uploaded_texts[20:] == [*TITLES[3:6], *TITLES[15:18]]


def _without_first_line(content: bytes) -> bytes:
    return content.split(b"\n", 1)[1]


def _cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _first_line_twice(content: bytes) -> bytes:
    return content.split(b"\n", 1)[0] + b"\n" + content


def _blank_lines(content: bytes) -> bytes:
    return content.replace(b"\n", b"\n\n")


def _shuffled(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[i] for i in np.random.default_rng(5).permutation(len(lines)))


def _stray_lines(content: bytes) -> bytes:
    strays = [
        b"{",
        b"7",
        b"{}",
        b'{"custom_id": "0-3-0000000000000000", "response": {"status_code": 200}}',
        b'{"custom_id": "0-999-0000000000000000"}',
        b'{"custom_id": null}',
    ]
    return b"\n".join(strays) + b"\n" + content


@pytest.mark.parametrize(
    "rewrite", [_first_line_twice, _blank_lines, _shuffled, _stray_lines]
)
def test_untidy_output_files(service, run, rewrite):
    """Lines of the batch are used, whatever is between them."""
    service.rewrite = rewrite
    assert_right(run()[0])


@pytest.mark.parametrize("rewrite", [_without_first_line, _cut_off])
def test_output_files_that_lack_lines(service, run, rewrite):
    """The complete lines are stored, the others sent again."""
    service.rewrite = rewrite
    with pytest.raises(EmbeddingError, match="lack them.*run again to resume"):
        run()
    service.rewrite = lambda content: content
    assert_right(run()[0])
    assert 20 < len(service.uploaded_texts) < 40


def test_an_output_file_that_is_a_web_page(service, run):
    """It was paid for, so the next run fetches it again and sends nothing."""
    service.rewrite = lambda content: b"<html>try later</html>"
    with pytest.raises(EmbeddingError, match="no line of the batch"):
        run()
    service.rewrite = lambda content: content
    for batch in service.batches.values():
        batch["status"] = "finalizing"
    assert_right(run()[0])
    assert len(service.uploads) == len(service.batches) == 2


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b'"index": 1', b'"index": 0', "occurs twice"),
        (b'"status_code": 200', b'"status_code": 502', "502"),
        (
            b'"embedding": "',
            b'"embedding": "AAAAAAAAAAAAAAAA',
            "19 wide, expected 16",
        ),
        (b'"embedding": "', b'"embedding": "A', "no base64"),
        (b'"data"', b'"dada"', "no list of vectors"),
    ],
)
def test_unusable_lines(service, run, old, new, complaint):
    """Nothing of a wrong line gets into the cache."""
    service.rewrite = lambda content: content.replace(old, new)
    with pytest.raises(EmbeddingError, match=complaint):
        run()
    service.rewrite = lambda content: content
    assert_right(run()[0])


def test_the_service_is_away_for_long_while_polling(service, run):
    """The run gives up in the end; the batch goes on."""
    service.troubles = [Trouble("GET", "batches/", 503)] * 500
    with pytest.raises(EmbeddingError, match="answered 503"):
        run(max_retries=0, batch={"poll_seconds": 0.001})
    service.troubles = []
    assert_right(run()[0])
    assert len(service.batches) == 2


def test_a_refused_key_stops_at_once(service, run, monkeypatch):
    """And the batch can be resumed with the right one."""
    service.hold = "in_progress"
    with pytest.raises(EmbeddingError):
        run(batch={"max_wait_seconds": 0})
    service.hold = None
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0123456789")
    with pytest.raises(EmbeddingError, match="OPENAI_API_KEY") as caught:
        run()
    assert "sk-wrong" not in str(caught.value)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert_right(run()[0])
    assert len(service.batches) == 2


def test_the_key_of_another_project(service, run):
    """A batch that the service does not know is not silently paid for again."""
    service.hold = "in_progress"
    with pytest.raises(EmbeddingError):
        run(batch={"max_wait_seconds": 0})
    hidden = dict(service.batches)
    service.batches.clear()
    with pytest.raises(EmbeddingError, match="knows no batch batch_0"):
        run()
    assert len(service.uploads) == 2
    service.batches, service.hold = hidden, None
    assert_right(run()[0])


def test_the_key_is_nowhere_to_be_read(service, run, tmp_path, caplog):
    """Not in messages made of what the service wrote, nor in the cache's folder."""
    caplog.set_level("DEBUG")
    service.failing_words = f"the key {KEY} stumbled"
    service.failing = lambda custom_id: True
    with pytest.raises(EmbeddingError, match=r"the key \*\*\* stumbled") as caught:
        run()
    assert caught.value.__context__ is None
    assert all(KEY not in record.getMessage() for record in caplog.records)
    for file in tmp_path.iterdir():
        assert KEY.encode() not in file.read_bytes()
