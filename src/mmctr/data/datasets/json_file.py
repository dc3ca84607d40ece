"""A JSON dataset that writes NaN and infinity as null and rejects them on load."""

import json
import logging
import math
from typing import Any, NoReturn

from kedro_datasets.json import JSONDataset

logger = logging.getLogger(__name__)


class JsonDataset(JSONDataset):
    """Kedro's JSON dataset, restricted to what the JSON standard allows."""

    def load(self) -> Any:
        """Read the file.

        Raises:
            ValueError: If it is not JSON, or holds NaN or an infinite number.
        """
        with self._fs.open(str(self._filepath), mode="rb") as file:
            return json.loads(
                file.read(), parse_constant=_refuse, parse_float=_finite_float
            )

    def save(self, data: Any) -> None:
        """Write the file; numbers that are not finite become null, with a warning.

        An undefined number in a report must not cost a finished training.
        """
        places: list[str] = []
        content = null_not_finite(data, places)
        if places:
            shown = ", ".join(places[:5])
            more = f" and {len(places) - 5} more" if len(places) > 5 else ""
            logger.warning(
                "%s: not finite, so written as null: %s%s", self._filepath, shown, more
            )
        super().save(content)


def null_not_finite(value: Any, places: list[str] | None = None, name: str = "") -> Any:
    """Replace NaN and infinite numbers by None in nested lists and dictionaries.

    Args:
        value: What is to become JSON.
        places: Receives where such numbers were.
        name: Where the value itself is.
    """
    if isinstance(value, dict):
        items = value.items()
        return {k: null_not_finite(v, places, f"{name}.{k}") for k, v in items}
    if isinstance(value, list | tuple):
        parts = enumerate(value)
        return [null_not_finite(v, places, f"{name}[{i}]") for i, v in parts]
    if isinstance(value, float) and not math.isfinite(value):
        if places is not None:
            places.append(name.lstrip(".") or "the whole")
        return None
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"holds {constant}, which is not a JSON number")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"holds {text}, which is too large for float64")
    return value
