"""Kedro's loader of configuration, which resolves nothing twice."""

import copy
from typing import Any

from kedro.config import OmegaConfigLoader


class CachedConfigLoader(OmegaConfigLoader):
    """Merge and resolve each part of the configuration once per session.

    A run asks for catalog and parameters several times, at 0.1 s each.
    """

    def __getitem__(self, key: str) -> Any:
        """Return a copy of its own to every caller: Kedro changes some of them."""
        if key not in self.data:
            self.data[key] = super().__getitem__(key)
        return copy.deepcopy(self.data[key])
