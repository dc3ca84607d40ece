"""Bars say what is left, and are silent unless somebody reads them."""

import sys
import time

import pytest

from mmctr.runtime import progress
from mmctr.runtime.processes import run_in_processes
from mmctr.runtime.progress import is_shown, progress_bar, track, track_pieces


def test_bars_are_for_terminals_and_those_who_ask(capsys, monkeypatch):
    assert not is_shown(False)
    assert is_shown(True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert is_shown(False)


def test_processes_beside_each_other_draw_none():
    assert dict(run_in_processes(is_shown, {"a": True}, 1)) == {"a": False}


def test_a_silent_bar_writes_nothing_and_passes_everything_on(capsys):
    assert list(track("abc", "reading", 3, show=False)) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_a_bar_in_a_log_file_names_the_job_and_its_end(capsys):
    assert list(track(range(1000), "scoring", 1000, show=True)) == list(range(1000))
    lines = capsys.readouterr().err.replace("\r", "\n").split("\n")
    assert len(lines) < 10
    assert "scoring: 100%" in lines[-2]
    assert "1000 of 1000" in lines[-2]


@pytest.mark.parametrize(
    ("options", "words"),
    [({}, " so far, 00:0"), ({"may_stop_early": True}, " so far, at most 00:0")],
)
def test_the_bar_says_what_is_left_and_whether_it_is_a_bound(capsys, options, words):
    with progress_bar("training", 5, show=True, **options) as bar:
        bar.mininterval = 0.0
        for _ in range(4):
            time.sleep(0.01)
            bar.update()
        bar.set_postfix_str("auc 0.7", refresh=False)
        bar.update()
    said = capsys.readouterr().err
    assert words in said
    last = said.replace("\r", "\n").split("\n")[-2]
    assert "training: 100%" in last
    assert last.endswith("00:00 left, auc 0.7")
    assert "5 of 5" in last


def test_a_bar_goes_on_where_an_earlier_run_ended(capsys):
    with progress_bar("training", 5, show=True, done=3) as bar:
        bar.update()
    assert "training:  80%" in capsys.readouterr().err


def test_long_arrays_have_a_bar_on_a_terminal_and_short_ones_none(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "PIECE", 4)
    cut = [slice(0, 3), slice(3, 6), slice(6, 7)]
    assert list(track_pieces("sorting", 7, step=3)) == cut
    last = capsys.readouterr().err.replace("\r", "\n").split("\n")[-2]
    assert last.startswith("sorting: 100%")
    assert "7 of 7" in last
    assert list(track_pieces("sorting", 4, step=2)) == [slice(0, 2), slice(2, 4)]
    assert capsys.readouterr().err == ""


def test_an_error_ends_the_bar(capsys):
    with pytest.raises(ValueError, match="broken"):
        for step in track(range(5), "reading", 5, show=True):
            if step == 2:
                raise ValueError("broken")
