"""What made every artifact, written down, and what no longer fits together."""

from mmctr.provenance.hashing import FileHashes, content_hash
from mmctr.provenance.manifest import Manifest
from mmctr.provenance.relevance import relevant_parameters
from mmctr.provenance.staleness import Cause, Lineage, describe_causes
from mmctr.provenance.versions import code_versions

__all__ = [
    "Cause",
    "FileHashes",
    "Lineage",
    "Manifest",
    "code_versions",
    "content_hash",
    "describe_causes",
    "relevant_parameters",
]
