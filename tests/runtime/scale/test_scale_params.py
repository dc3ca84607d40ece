"""Parameters of scale, and that without them nothing of Ray is imported."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from mmctr.runtime.scale.params import ScaleParams

WITHOUT = """
import sys
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.runtime.scale.params import ScaleParams
import mmctr.pipeline_registry
mmctr.pipeline_registry.register_pipelines()
with connected_cluster(ScaleParams()) as cluster:
    print(cluster, [name for name in sys.modules if name.split(".")[0] == "ray"])
"""


def test_without_a_backend_nothing_of_ray_is_imported():
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "None []\n"


def test_an_address_without_its_backend_is_refused():
    with pytest.raises(ValidationError, match=r"scale\.backend=ray alone; add"):
        ScaleParams(address="auto")


@pytest.mark.parametrize("name", ["workers", "cpus_per_worker"])
def test_a_number_of_none_is_refused(name):
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        ScaleParams(backend="ray", **{name: 0})
