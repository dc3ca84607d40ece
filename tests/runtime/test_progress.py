"""The time left is that of recent steps, and bars are silent unless they are wanted."""

import sys

import pytest

from mmctr.runtime.processes import side_by_side
from mmctr.runtime.progress import WARM_UP, WINDOW, Forecast, Progress, is_shown, track


class Clock:
    """Stands still until it is moved."""

    def __init__(self):
        self.now = 50.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def advance(forecast, clock, phase, *seconds):
    for duration in seconds:
        clock.now += duration
        forecast.advance(phase)


def test_nothing_is_said_before_the_warm_up_is_over(clock):
    forecast = Forecast({"train": 100}, clock=clock)
    advance(forecast, clock, "train", *[9.0] * WARM_UP)
    assert forecast.seconds_left() is None
    advance(forecast, clock, "train", 2.0)
    assert forecast.seconds_left() == pytest.approx(2.0 * (100 - WARM_UP - 1))


def test_the_rate_is_that_of_recent_steps(clock):
    """A machine that has become three times slower is believed."""
    forecast = Forecast({"train": 2000}, clock=clock)
    advance(forecast, clock, "train", *[1.0] * (WARM_UP + 500))
    advance(forecast, clock, "train", *[3.0] * WINDOW)
    left = 2000 - WARM_UP - 500 - WINDOW
    assert forecast.seconds_left() == pytest.approx(3.0 * left)


def test_validations_to_come_are_counted_before_the_first_one(clock):
    forecast = Forecast({"train": 100, "valid": 20}, guess={"valid": 4.0}, clock=clock)
    advance(forecast, clock, "train", *[1.0] * 50)
    assert forecast.seconds_left() == pytest.approx(50 * 1.0 + 20 * 4.0)


def test_validations_are_timed_once_there_was_one(clock):
    forecast = Forecast({"train": 100, "valid": 20}, guess={"valid": 4.0}, clock=clock)
    advance(forecast, clock, "train", *[1.0] * 50)
    forecast.begin()
    advance(forecast, clock, "valid", *[0.5] * 10)
    assert forecast.seconds_left() == pytest.approx(50 * 1.0 + 10 * 0.5)


def test_time_between_phases_belongs_to_no_step(clock):
    forecast = Forecast({"train": 100, "valid": 10}, clock=clock)
    advance(forecast, clock, "train", *[1.0] * 50)
    clock.now += 1000
    forecast.begin()
    advance(forecast, clock, "train", *[1.0] * 10)
    assert forecast.seconds_left() == pytest.approx(40 * 1.0 + 10 * 1.0)


def test_more_steps_than_planned_leave_nothing(clock):
    forecast = Forecast({"train": 5}, clock=clock)
    advance(forecast, clock, "train", *[1.0] * 8)
    assert forecast.seconds_left() == 0.0


def test_a_forecast_made_on_the_way_comes_true(clock):
    """Two epochs with validations: what is said at each step is what passes."""
    forecast = Forecast({"train": 200, "valid": 40}, guess={"valid": 2.0}, clock=clock)
    said = []
    for _ in range(2):
        forecast.begin()
        for _ in range(100):
            advance(forecast, clock, "train", 1.0)
            said.append((clock.now, forecast.seconds_left()))
        forecast.begin()
        for _ in range(20):
            advance(forecast, clock, "valid", 2.0)
            said.append((clock.now, forecast.seconds_left()))
    for moment, left in said[WARM_UP:]:
        assert moment + left == pytest.approx(clock.now)


def test_bars_are_for_terminals_and_those_who_ask(capsys, monkeypatch):
    assert not is_shown(False)
    assert is_shown(True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert is_shown(False)


def test_processes_beside_each_other_draw_none():
    ((_, shown),) = side_by_side(is_shown, {"a": True}, 1)
    assert shown() is False


def test_a_silent_bar_writes_nothing_and_passes_everything_on(capsys):
    assert list(track("abc", "reading", 3, show=False)) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_a_bar_in_a_log_file_names_the_job_and_its_end(capsys):
    assert list(track(range(1000), "scoring", 1000, show=True)) == list(range(1000))
    lines = capsys.readouterr().err.replace("\r", "\n").split("\n")
    assert len(lines) < 10
    assert "scoring: 100%" in lines[-2]
    assert "1000/1000" in lines[-2]


def test_the_bar_says_what_is_left_and_whether_it_is_a_bound(capsys):
    with Progress(
        "training", {"train": 10}, show=True, may_stop_early=True
    ) as progress:
        progress._bar.mininterval = 0.0
        for _ in range(9):
            progress.advance("train")
    assert "at most 00:00 left" in capsys.readouterr().err


def test_an_error_ends_the_bar(capsys):
    with pytest.raises(ValueError, match="broken"):
        for step in track(range(5), "reading", 5, show=True):
            if step == 2:
                raise ValueError("broken")
