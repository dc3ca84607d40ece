"""Typed parameters of the quantization pipeline."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    create_model,
    model_validator,
)

from mmctr.content.quantizers.method_params import Settings
from mmctr.content.quantizers.methods import METHODS, QUANTIZER, Method


class HealthParams(Settings):
    """How codebooks are measured, and when they are refused."""

    queries: int = Field(2_000, ge=1)
    """Items, drawn at random, whose neighbours are compared."""
    sample: int = Field(20_000, ge=2)
    """Most items, drawn at random, measured by level."""
    stability: bool = False
    """Fit a second time with the next seed and compare the two."""
    min_perplexity_share: float = Field(0.01, ge=0, lt=1)
    """A codebook with less of the perplexity it could have is refused; 0 refuses none.
    """


class _Common(Settings):
    """Which quantiser turns the vectors of every modality into codes, and how."""

    method: Annotated[str, AfterValidator(QUANTIZER.check_name)] = "rq_kmeans"
    """The quantiser in use; settings of other methods are ignored. Or
    package.module:Class of one of your own that mmctr.check_quantizer approves."""
    options: dict[str, Any] = {}
    """Settings of a quantiser of your own."""
    modalities: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """What a modality has otherwise, by its name: the method or settings of one, such
    as `{tag: {method: pq, pq: {positions: 16}}}`."""
    health: HealthParams = Field(default_factory=HealthParams)
    """How codebooks are measured."""
    seed: int = Field(ge=0)
    """Seed of initialisation, order and sampling."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where networks train; auto takes a GPU if there is one."""
    progress: bool = False
    """Draw progress bars even where stderr is no terminal."""

    @model_validator(mode="after")
    def _modalities_are_settings(self) -> Self:
        for name in self.modalities:
            try:
                self.for_modality(name)
            except ValidationError as error:
                problems = "; ".join(
                    f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
                    for each in error.errors()
                )
                raise ValueError(f"modalities.{name}: {problems}") from None
        return self

    def for_modality(self, name: str) -> Self:
        """The parameters of one modality: these, and what it has otherwise."""
        if name not in self.modalities:
            return self
        common = self.model_dump(exclude={"modalities"})
        if self.modalities[name].get("method", self.method) != self.method:
            common["options"] = {}
        return self.model_validate(_merged(common, self.modalities[name]))

    def by_modality(self, names: Iterable[str]) -> dict[str, Self]:
        """The parameters of each of some modalities."""
        return {name: self.for_modality(name) for name in names}

    @property
    def methods(self) -> set[str]:
        """Every method that may be in use: this one, and those of modalities."""
        named = self.by_modality(self.modalities).values()
        return {self.method, *(each.method for each in named)}

    @property
    def own(self) -> Any:
        """The settings of the method in use.

        Raises:
            ValueError: If the method is not of this project and can't be imported, or a
                setting is wrong.
        """
        if self.method in METHODS:
            return getattr(self, self.method)
        return QUANTIZER.settings(self.method, self.options, "quantization.options")

    def with_own(self, own: BaseModel) -> Self:
        """The same with other settings of the method in use."""
        if self.method in METHODS:
            return self.model_copy(update={self.method: own})
        return self.model_copy(update={"options": own.model_dump()})


def _merged(values: dict[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Values with others in their place, section by section."""
    return values | {
        name: _merged(values[name], other)
        if isinstance(other, Mapping) and isinstance(values.get(name), dict)
        else other
        for name, other in others.items()
    }


def params_of(methods: Mapping[str, Method]) -> type[_Common]:
    """Build the parameters: a section per method beside the common ones.

    Args:
        methods: The table of methods.

    Returns:
        A pydantic model.
    """
    sections: dict[str, Any] = {
        name: (
            method.params,
            Field(default_factory=method.params, description=method.about),
        )
        for name, method in methods.items()
    }
    return create_model(
        "QuantizationParams",
        __base__=_Common,
        __module__=__name__,
        __doc__=_Common.__doc__,
        **sections,
    )


QuantizationParams = params_of(METHODS)
