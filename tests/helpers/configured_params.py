"""The parameters of base, and copies with other values."""

import copy
import functools
from typing import Any

from kedro.config import OmegaConfigLoader
from paths import CONF


@functools.cache
def configured_params() -> dict[str, Any]:
    """The parameters of base, as Kedro merges them; not to be changed in place."""
    loader = OmegaConfigLoader(
        conf_source=str(CONF), base_env="base", default_run_env="base"
    )
    return dict(loader["parameters"])


def changed(tree: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of the tree with one value set."""
    tree = copy.deepcopy(tree)
    *sections, name = path.split(".")
    section = tree
    for part in sections:
        section = section.setdefault(part, {})
    section[name] = value
    return tree
