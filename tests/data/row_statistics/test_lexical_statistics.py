"""Statistics of kind lexical: words that titles share."""

import numpy as np
from statistic_worlds import history_rows

from mmctr.data.row_statistics.lexical import TitleWords

TITLES = ["Acme red train", "acme blue train", "Bolt red robot", "", "bolt train red"]
ALL_IN_TRAIN = np.ones(len(TITLES) + 1, bool)


def test_the_same_words_are_alike_whatever_their_order_and_case():
    words = TitleWords([*TITLES, "TRAIN red Bolt"], np.ones(7, bool))
    found = words.statistics(history_rows([5, 5, 5], [[6], [4], [3]]))
    same, nothing, some = found["words_max"].tolist()
    assert (same, nothing) == (1, 0)
    assert 0 < some < 1


def test_a_rare_word_says_more_than_a_frequent_one():
    titles = ["red x1", "red x2", "red x3", "red x4", "rare one", "rare two"]
    titles += ["red rare"]
    words = TitleWords(titles, np.ones(8, bool))
    found = words.statistics(history_rows([7, 7], [[1], [5]]))
    by_red, by_rare = found["words_max"].tolist()
    assert 0 < by_red < by_rare


def test_words_are_those_of_train_alone():
    in_train = np.array([False, True, True, False, False, False])
    words = TitleWords(TITLES, in_train)
    assert words.weights is not None
    # acme and train are in two of its titles.
    assert words.weights.shape == (6, 2)
    others = TitleWords([*TITLES[:2], "robot", "robot", "robot"], in_train)
    rows = history_rows([1, 3], [[2], [4]])
    np.testing.assert_array_equal(
        words.statistics(rows)["words_max"][0], others.statistics(rows)["words_max"][0]
    )
    assert others.statistics(rows)["words_max"].tolist() == [1, 0]


def test_the_first_word_is_compared_by_itself():
    words = TitleWords(TITLES, ALL_IN_TRAIN)
    rows = history_rows([1, 1, 1, 4, 5], [[2], [3], [3, 2], [4], []])
    found = words.statistics(rows)
    expected = [1, 0, 0.5, 0, np.nan]  # two items without a title share nothing
    np.testing.assert_array_equal(found["first_word_mean"], expected)
    assert len(found) == 10


def test_an_unknown_target_shares_nothing():
    words = TitleWords(TITLES, ALL_IN_TRAIN)
    found = words.statistics(history_rows([0], [[1, 2]]))
    assert {float(column[0]) for column in found.values()} == {0}


def test_without_a_word_in_two_titles_there_is_no_column():
    rows = history_rows([1], [[2]])
    for titles in (["a train", "one robot"], ["", ""], ["!", "?"]):
        words = TitleWords(titles, np.ones(3, bool))
        assert words.statistics(rows) == {}
    nothing_in_train = TitleWords(TITLES, np.zeros(6, bool))
    assert nothing_in_train.statistics(rows) == {}
