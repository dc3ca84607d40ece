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
    slow = iter((1.0, 9.0, 1.0) * 2)

    def measure(what, arguments):
        assert what == "preparation_run"
        return {"seconds": next(slow) * arguments["events"] ** 1.5}

    found = preparation.run(3, measure, sizes=(100, 400))
    assert found["events"] == pytest.approx(1.5)
    assert found["measured"]["100"]["seconds"] == pytest.approx(1000)


@pytest.mark.system
def test_a_log_is_prepared_in_a_process_of_its_own():
    found = measure("preparation_run", {"events": 2_000})
    assert found["seconds"] > 0
