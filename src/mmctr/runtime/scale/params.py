"""Parameters of work on more than one machine."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from mmctr.runtime.params import Params


class ScaleParams(Params):
    """Whether work is spread over a cluster of Ray, and over how much of it."""

    backend: Literal["none", "ray"] = "none"
    """none: everything in this process, or in processes of this machine; ray: workers
    of a Ray cluster."""
    address: str | None = None
    """The cluster; null: one of this machine alone, started for this run; auto: the one
    that runs on this machine; HOST:PORT: the one whose head is there."""
    workers: int | None = Field(None, ge=1)
    """Worker processes; null: as many as the cluster has free CPUs and GPUs for."""
    cpus_per_worker: int = Field(1, ge=1)
    """CPUs that a worker reserves, and its threads."""
    gpus_per_worker: float = Field(0, ge=0)
    """GPUs that a worker reserves; a part of one where workers share it."""
    storage: str | None = None
    """Folder that every node reads and writes under the same name, or s3://BUCKET/PATH;
    needed by trainings across nodes."""

    content_items: int = Field(20_000, ge=0)
    """More items than this have their titles and covers embedded, and their vectors
    encoded, by workers; fewer take less time than workers need to begin."""

    @model_validator(mode="after")
    def _address_is_read(self) -> Self:
        if self.address is not None and self.backend == "none":
            raise ValueError(
                f"scale.address={self.address} is read with scale.backend=ray alone; "
                "add --params scale.backend=ray"
            )
        return self

    @property
    def checkpoints(self) -> Path | None:
        """Where a training across nodes keeps them; None without a shared folder."""
        if self.backend == "none" or self.storage is None or "://" in self.storage:
            return None
        return Path(self.storage).expanduser().resolve() / "checkpoints"


ONE_MACHINE = ScaleParams()
"""Everything in this process, or in processes of this machine."""
