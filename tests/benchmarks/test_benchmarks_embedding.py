"""The benchmark of embeddings measures what it says; how fast is never asserted."""

import sys

import pytest

from benchmarks import embedding


def test_titles_are_each_their_own():
    titles = embedding.made_up_titles(2000)
    assert len(set(titles)) == 2000
    assert 50 < sum(len(title) for title in titles) / 2000 < 70


@pytest.mark.system
def test_plan_and_numbers_are_printed(monkeypatch, capsys):
    """The product's run, a bare client's and the cache's, each in its own process."""
    monkeypatch.setenv("OPENAI_API_KEY", "any")  # restored, as the benchmark sets it
    monkeypatch.setattr(sys, "argv", ["embedding", "--titles", "700"])
    embedding.main()
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["requests", "2"] for line in lines)
    numbers = {
        (line[:12].strip(), line[13:35].strip()): float(line[35:])
        for line in lines[lines.index("") + 1 :]
    }
    assert numbers["product", "seconds"] > 0
    assert numbers["product", "peak_gb"] > 0
    assert set(numbers) >= {
        ("bare client", "seconds"),
        ("product", "again_seconds"),
        ("product", "seconds_beyond_server"),
        ("cache", "write_seconds"),
        ("cache", "read_seconds"),
        ("cache", "file_gb"),
    }


def test_there_is_a_title_at_least(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["embedding", "--titles", "0"])
    with pytest.raises(SystemExit, match="2"):
        embedding.main()
