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
        content = _without_nan(data, "", places)
        if places:
            shown = ", ".join(places[:5])
            more = f" and {len(places) - 5} more" if len(places) > 5 else ""
            logger.warning(
                "%s: not finite, so written as null: %s%s", self._filepath, shown, more
            )
        super().save(content)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"holds {constant}, which is not a JSON number")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"holds {text}, which is too large for float64")
    return value


def _without_nan(value: Any, name: str, places: list[str]) -> Any:
    if isinstance(value, dict):
        return {k: _without_nan(v, f"{name}.{k}", places) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v, f"{name}[{i}]", places) for i, v in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        places.append(name.lstrip(".") or "the whole")
        return None
    return value
