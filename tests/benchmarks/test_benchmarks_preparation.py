"""One in ten events is a bot's, and the exponent is that of the data."""

import numpy as np
import pytest

from benchmarks import preparation
from benchmarks.child import measure


def test_the_bot_has_a_tenth_of_the_events_and_nearly_every_item():
    log = preparation.log_with_bot(50_000, 1).log.to_pandas()
    bot = log[log["user_id"] == 0]
    assert len(bot) == 5_000
    assert bot["item_id"].nunique() == preparation.ITEMS - preparation.LEFT_BY_THE_BOT
    others = log[log["user_id"] > 0].groupby("user_id").size()
    assert others.mean() == pytest.approx(preparation.CLICKS, rel=0.1)
    assert np.median(bot.groupby("timestamp").size()) > 1


def test_medians_are_fitted():
    """One round of three was slow."""
    slow = iter((1.0, 9.0, 1.0) * 4)

    def measure(what, arguments):
        assert what == "preparation_run"
        power = 1 if arguments["shown"] else 1.5
        return {"seconds": next(slow) * arguments["events"] ** power}

    found = preparation.run(3, measure, sizes=(100, 400), shown_sizes=(200, 900))
    assert found["events"] == pytest.approx(1.5)
    assert found["impressions"] == pytest.approx(1)
    assert found["measured"]["events"]["100"]["seconds"] == pytest.approx(1000)
    assert found["measured"]["impressions"]["900"]["seconds"] == pytest.approx(900)


def test_a_tenth_of_the_screens_are_the_bots():
    log = preparation.shown_to_a_bot(50_000, 1).log.to_pandas()
    screens = log.groupby("impression_id")
    assert set(screens.size()) == {preparation.SCREEN}
    assert (screens["user_id"].nunique() == 1).all()
    assert (log["user_id"] == 0).mean() == pytest.approx(0.1, rel=0.01)
    assert log["label"].mean() == pytest.approx(preparation.CLICK_RATE, rel=0.1)


@pytest.mark.system
@pytest.mark.parametrize("shown", [False, True])
def test_a_log_is_prepared_in_a_process_of_its_own(shown):
    found = measure("preparation_run", {"events": 2_000, "shown": shown})
    assert found["seconds"] > 0
    assert found["gb"] >= 0
