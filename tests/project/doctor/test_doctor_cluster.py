"""What doctor says of the nodes of a cluster."""

from mmctr.project.doctor.cluster import check_cluster, check_nodes
from mmctr.project.doctor.findings import describe_findings
from mmctr.runtime.scale.nodes import NodeFacts, library_versions
from mmctr.runtime.scale.params import ScaleParams

OWN = {"python": "3.11.7", "torch": "2.13"}


def described(*nodes: NodeFacts, storage: str | None = None) -> str:
    return describe_findings(check_nodes(list(nodes), OWN, storage))


def test_nothing_is_checked_without_a_cluster():
    assert check_cluster(ScaleParams()) == []


def test_nodes_of_the_same_versions_and_a_shared_storage_are_fine():
    nodes = [NodeFacts(name, "2 CPUs", OWN, is_shared=True) for name in "ab"]
    text = described(*nodes, storage="/shared")
    assert "a: 2 CPUs, the same versions" in text
    assert "what every node wrote is seen here" in text
    assert "0 errors, 0 warnings" in text


def test_another_version_is_named_with_ours():
    node = NodeFacts("a", "2 CPUs", OWN | {"torch": "2.14"})
    assert "other versions: torch 2.14 (here 2.13)" in described(node)


def test_a_storage_that_is_not_shared_is_an_error():
    nodes = [
        NodeFacts(name, "2 CPUs", OWN, is_shared=name == "a") for name in ("a", "b")
    ]
    text = described(*nodes, storage="/data")
    assert "/data is another folder on b" in text
    assert "1 error," in text


def test_a_node_that_cannot_answer_is_an_error():
    node = NodeFacts("a", "2 CPUs", {}, "does not answer: no module named 'mmctr'")
    assert "install this project there" in described(node)


def test_a_node_that_cannot_write_is_named_once_with_its_versions():
    nodes = [
        NodeFacts("a", "2 CPUs", OWN, is_shared=True),
        NodeFacts("b", "2 CPUs", OWN, "can't write to /data: Read-only file system"),
    ]
    text = described(*nodes, storage="/data")
    assert "b: 2 CPUs, the same versions" in text
    assert "b: can't write to /data: Read-only file system" in text
    assert "with the right to write" in text
    assert "1 error," in text


def test_versions_name_what_computes():
    found = library_versions()
    assert found["ray"] != "none"
    assert found["torch"] != "none"
