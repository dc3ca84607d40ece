"""Kedro's loader of configuration, which resolves nothing twice."""

import copy
import os
from typing import Any

from kedro.config import OmegaConfigLoader
from omegaconf import OmegaConf


def expand_user(path: str | None) -> str | None:
    """Put the home folder in place of ``~``; no path stays none."""
    return path and os.path.expanduser(path)


class CachedConfigLoader(OmegaConfigLoader):
    """Merge and resolve each part of the configuration once per session.

    A run asks for catalog and parameters several times, at 0.1 s each. A catalog
    entry may take a value of the merged parameters: ``${parameters:section.name}``.
    """

    def __getitem__(self, key: str) -> Any:
        """Return a copy of its own to every caller: Kedro changes some of them."""
        if key not in self.data:
            if key == "catalog":
                self._register_parameters_resolver()
            self.data[key] = super().__getitem__(key)
        return copy.deepcopy(self.data[key])

    def _register_parameters_resolver(self) -> None:
        """Let entries take parameters, those of the command line included."""
        parameters = OmegaConf.create(self["parameters"])
        OmegaConf.register_new_resolver(
            "parameters",
            lambda name: OmegaConf.select(parameters, name, throw_on_missing=True),
            replace=True,
        )
