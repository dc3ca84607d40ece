"""Which logs may be combined."""

import pytest
from pydantic import ValidationError

from mmctr.experiments.evidence.params import EvidenceParams


def test_names_are_joined_as_arms_are():
    assert EvidenceParams(logs="toys + slice").names == ["toys", "slice"]
    assert EvidenceParams().names == []


@pytest.mark.parametrize(
    ("logs", "message"),
    [
        ("toys", "needs two at least"),
        ("toys+toys", "needs two at least"),
        ("toys+slice+toys", "names a data set twice"),
    ],
)
def test_one_log_is_no_evidence(logs, message):
    with pytest.raises(ValidationError, match=message):
        EvidenceParams(logs=logs)
