"""A wrong name is answered with the nearest ones."""

from mmctr.runtime.suggestions import did_you_mean, suggest


def test_the_nearest_are_two_at_most():
    known = ["predict_test", "predict_valid", "train_model"]
    assert suggest("predict_tset", known).count("'") <= 4
    assert suggest("predict_tset", known).startswith("did you mean 'predict_test'")
    assert "'train_model'" in suggest("train", known)


def test_without_a_similar_name_all_are_listed():
    assert suggest("zzz", ["b", "a"]) == "known: a, b"
    assert suggest("zzz", []) == "known: none"


def test_several_names_are_joined():
    assert did_you_mean(["a", "b"]) == "did you mean 'a' or 'b'?"
