"""Parameters of the evidence over several logs."""

from typing import Self

from pydantic import Field, model_validator

from mmctr.runtime.params import Params

FEWEST_LOGS = 2


class EvidenceParams(Params):
    """Which logs' results are combined."""

    logs: str | None = None
    """Names of the data sets, two at least, joined by +; each must have run the
    ablation."""
    confidence: float = Field(0.95, gt=0, lt=1)
    """Confidence of the combined intervals."""

    @property
    def names(self) -> list[str]:
        """The data sets; none where ``logs`` is null."""
        return [] if self.logs is None else [x.strip() for x in self.logs.split("+")]

    @model_validator(mode="after")
    def _are_several(self) -> Self:
        if self.logs is not None and len(set(self.names)) < FEWEST_LOGS:
            raise ValueError(
                f"'logs' = '{self.logs}' names one data set, and evidence needs two at "
                "least, joined by +, such as toys+books"
            )
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"'logs' = '{self.logs}' names a data set twice")
        return self
