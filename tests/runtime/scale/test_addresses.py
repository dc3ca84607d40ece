"""Addresses where no cluster can be joined are refused at once."""

import pytest

from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.params import ScaleParams


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1:1", "Connection refused"),
        ("first", "expected auto or HOST:PORT"),
        ("ray://first:10001", "expected auto or HOST:PORT"),
        ("127.0.0.1:x", "no Ray cluster that can be joined"),
    ],
)
def test_an_address_without_a_cluster_is_named_with_what_to_do(address, words):
    params = ScaleParams(backend="ray", address=address)
    expected = f"scale.address={address}: .*{words}.*ray start --head"
    with (
        pytest.raises(ValueError, match=expected),
        connected_cluster(params),
    ):
        raise AssertionError
