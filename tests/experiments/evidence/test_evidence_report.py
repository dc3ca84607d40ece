"""What several logs' reports say together."""

from typing import Any

import pytest
from evidence_logs import HALF_WIDTH, ablation, metrics

from mmctr.experiments.evidence.differences import differences_of
from mmctr.experiments.evidence.report import combine_logs, tabulate_evidence
from mmctr.reporting.evidence_figures import draw_forest
from mmctr.reporting.evidence_page import write_page


def evidence(*reports: Any, **settings: Any) -> dict[str, Any]:
    """Of ablations, or pairs of ablation and metrics, called a, b, ..."""
    pairs = [each if isinstance(each, tuple) else (each, None) for each in reports]
    logs = {
        name: differences_of(*pair) for name, pair in zip("abcd", pairs, strict=False)
    }
    return combine_logs(logs, settings.get("confidence", 0.95))


def result(found: dict[str, Any], arm: str, other: str, measure: str) -> Any:
    (one,) = [
        each
        for each in found["results"]
        if (each["arm"], each["other"], each["measure"]) == (arm, other, measure)
    ]
    return one


def test_a_difference_of_one_sign_on_every_log_holds():
    found = evidence(ablation({"plain": 0.05}), ablation({"plain": 0.06}))
    one = result(found, "plain", "none", "gauc")
    assert (one["holds"], one["arm_is"]) == (True, "better")
    assert [each["log"] for each in one["logs"]] == ["a", "b"]
    assert one["logs"][0]["low"] == pytest.approx(0.05 - HALF_WIDTH)
    # Both logs have intervals of one width: the mean is the plain one.
    assert one["fixed"]["delta"] == pytest.approx(0.055)
    width = one["fixed"]["high"] - one["fixed"]["low"]
    assert width == pytest.approx(2 * HALF_WIDTH / 2**0.5)


def test_a_lower_logloss_is_better_and_a_lower_gauc_worse():
    found = evidence(ablation({"plain": 0.05}), ablation({"plain": 0.06}))
    logloss = result(found, "plain", "none", "logloss")
    assert logloss["random"]["delta"] < 0
    assert (logloss["holds"], logloss["arm_is"]) == (True, "better")
    worse = evidence(ablation({"plain": -0.05}), ablation({"plain": -0.06}))
    gauc = result(worse, "plain", "none", "gauc")
    assert (gauc["holds"], gauc["arm_is"]) == (True, "worse")


def test_opposite_signs_do_not_hold_however_clear_the_mean_is():
    """A log of little weight is enough."""
    against = ablation({"plain": -0.001}, half=0.5)
    found = evidence(*[ablation({"plain": 0.05})] * 3, against)
    one = result(found, "plain", "none", "gauc")
    assert one["random"]["low"] > 0
    assert not one["holds"]


def test_an_interval_around_zero_does_not_hold():
    found = evidence(ablation({"plain": 0.004}), ablation({"plain": 0.003}))
    one = result(found, "plain", "none", "gauc")
    assert one["random"]["low"] < 0
    assert not one["holds"]


def test_what_one_log_alone_has_is_named_and_not_combined():
    found = evidence(ablation({"plain": 0.05, "mine": 0.1}), ablation({"plain": 0.06}))
    assert found["left_out"] == [{"arm": "mine", "other": "none"}]
    assert {each["arm"] for each in found["results"]} == {"plain"}
    assert "mine minus none" in write_page(found).splitlines()[-1]


def test_listed_comparisons_come_first_and_the_model_minus_baselines_last():
    log = (
        ablation({"plain": 0.05, "coded": 0.06}, codes=0.01),
        metrics(0.7, {"popularity": 0.6}),
    )
    found = evidence(log, log)
    pairs = list(dict.fromkeys((x["arm"], x["other"]) for x in found["results"]))
    assert pairs[0] == ("coded", "plain")
    assert pairs[-1] == ("model", "popularity")
    model = result(found, "model", "popularity", "gauc")
    assert model["random"]["delta"] == pytest.approx(0.1)
    # Its metrics have nothing but gAUC.
    assert len([x for x in found["results"] if x["arm"] == "model"]) == 1


def test_a_pair_and_its_reverse_are_one():
    log = ablation({"plain": 0.05, "coded": 0.06}, codes=0.01)
    log["comparisons"].append(
        {**log["comparisons"][0], "arm": "none", "other": "plain"}
    )
    found = evidence(log, log)
    arms = {(each["arm"], each["other"]) for each in found["results"]}
    assert arms == {("coded", "plain"), ("none", "plain"), ("coded", "none")}


def test_undefined_intervals_and_those_without_a_width_are_left_out():
    log = ablation({"plain": 0.05, "same": 0.0})
    of_plain, of_same = (arm["against"]["none"] for arm in log["arms"][1:])
    of_plain["gauc"].update(low=None, high=None)
    of_same["auc"].update(low=0.0, high=0.0)
    measures = [(x["arm"], x["measure"]) for x in evidence(log, log)["results"]]
    assert ("plain", "gauc") not in measures
    assert ("same", "auc") not in measures
    assert {("plain", "auc"), ("same", "gauc")} <= set(measures)


def test_another_confidence_of_a_log_changes_its_weight_alone():
    log = ablation({"plain": 0.05})
    narrow = {**ablation({"plain": 0.06}), "confidence": 0.5}
    one = result(evidence(log, narrow), "plain", "none", "gauc")
    # An interval of 50 % as wide as one of 95 % comes from more spread.
    assert 0.05 < one["fixed"]["delta"] < 0.0525


def test_page_table_and_figure_show_every_log_and_what_holds():
    found = evidence(
        ablation({"plain": 0.05, "coded": 0.01}, codes=-0.04),
        ablation({"plain": 0.06, "coded": -0.01}, codes=-0.07),
    )
    page = write_page(found)
    assert "plain is better than none" in page
    assert "| plain minus none | +0.0500 [+0.0400, +0.0600] | +0.0600" in page
    assert page.count("yes, worse") == 3
    assert "From 2 logs tau2 is poorly known" in page
    table = tabulate_evidence(found)
    assert len(table) == len(found["results"]) == 9
    row = table[(table["arm"] == "plain") & (table["measure"] == "auc")].iloc[0]
    assert (row["a_delta"], row["b_delta"], row["holds"]) == (0.05, 0.06, True)
    figure = draw_forest(found)
    labels = [x.get_text() for x in figure.axes[0].get_yticklabels()]
    assert labels == ["coded\nminus plain"]
    (diamond,) = figure.axes[0].patches
    assert diamond.get_xy()[:, 0].min() == pytest.approx(
        result(found, "coded", "plain", "gauc")["random"]["low"]
    )


def test_logs_without_a_common_difference_have_a_page_and_a_figure_too():
    found = evidence(ablation({"plain": 0.05}), ablation({"mine": 0.05}))
    assert found["results"] == []
    assert "nothing holds" in write_page(found)
    assert "no difference" in draw_forest(found).axes[0].texts[0].get_text()
