"""Which columns of a file stand for what, and what those not taken may be."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mmctr.data.reading.files import is_row_number
from mmctr.data.reading.params import ReadingParams
from mmctr.runtime.suggestions import LEAST_LIKENESS, did_you_mean, likeness

_LIKES = "like likes liked"
_EVENTS = (
    "label labels click clicks clicked rating ratings star stars event action purchase "
    "purchases purchased converted conversion conversions behavior behaviour target "
    "buy buys bought ordered reward rewards feedback response overall interaction"
)
_UNCLEAR = "score scores order orders outcome result watched y"
_RATES = "ctr cvr"
# An event_id or a click_time tells nothing about what happened.
_LAST_WORDS = "id ids time times timestamp ts date day hour at url"
_SYNONYMS = {
    "user_id": "user userid uid customer customerid visitor visitorid member "
    "reviewerid",
    "item_id": "item itemid iid product productid movie movieid article articleid asin "
    "news newsid video videoid",
    "timestamp": "time ts date datetime unixtime eventtime createdat unixreviewtime",
    "title": "name headline itemtitle productname itemname text",
    "tags": "genres genre keywords labels topics",
    "likes": "likecount numlikes nlikes likescount",
    "views": "viewcount numviews nviews viewscount plays playcount",
    "image_vector": "images image imageemb imageembedding imgemb imagevec imgvec "
    "imagevectors imagefeatures",
}


@dataclass(frozen=True)
class NamedColumns:
    """The columns of a table by the project's names.

    Attributes:
        taken: Name in the file by the project's name; others keep their own.
        ignored: Names in the file that are not read, and why.
    """

    taken: dict[str, str]
    ignored: dict[str, str]


def name_columns(found: list[str], params: ReadingParams, place: str) -> NamedColumns:
    """Rename columns as the parameters say, and leave out what they ignore.

    Args:
        found: The file's columns.
        params: ``columns`` and ``ignore_columns``.
        place: The file, for messages.

    Returns:
        The names.

    Raises:
        ValueError: If two columns would have one name.
    """
    ignored = {
        name: "preparation.reading.ignore_columns"
        for name in found
        if name in params.ignore_columns
    }
    ignored |= {x: "it numbers the rows" for x in found if is_row_number(x)}
    kept = [name for name in found if name not in ignored]
    renamed = {theirs: ours for ours, theirs in params.columns.items()}
    taken: dict[str, str] = {}
    for name in kept:
        ours = renamed.get(name, name)
        if ours in taken:
            raise ValueError(
                f"{place} has both '{taken[ours]}' and '{name}' for '{ours}'; keep one "
                "with --params preparation.reading.ignore_columns=[NAME]"
            )
        taken[ours] = name
    return NamedColumns(taken, ignored)


def near_names(wanted: str, found: Iterable[str]) -> list[str]:
    """Columns that may stand for a name, the most similar first.

    Args:
        wanted: The project's name.
        found: Names in a file.

    Returns:
        Those that are a usual other name, or written much alike.
    """
    synonyms = _SYNONYMS.get(wanted, "").split()

    def score(name: str) -> float:
        bare = re.sub(r"[^a-z0-9]", "", name.lower())
        same = bare in synonyms or bare == wanted.replace("_", "")
        return 1.0 if same else likeness(wanted, name.lower())

    scored = sorted(((score(x), x) for x in found), reverse=True)
    return [name for value, name in scored if value >= max(LEAST_LIKENESS, 0.7)][:3]


def missing_columns(wanted: list[str], names: NamedColumns, place: str) -> str:
    """Say which needed columns are missing, what there is, and what to set."""
    found = list(names.taken.values())
    near = {name: near_names(name, found) for name in wanted}
    meant = [did_you_mean(each) for each in near.values() if each]
    chosen = {name: each[0] if each else "NAME" for name, each in near.items()}
    mapping = ", ".join(f"{ours}: {theirs}" for ours, theirs in chosen.items())
    options = ",".join(
        f"preparation.reading.columns.{ours}={theirs}"
        for ours, theirs in chosen.items()
    )
    missing = " and ".join(f"column '{name}' is missing" for name in wanted)
    return (
        f"{place}: {missing}; it has {', '.join(found)}; "
        f"{' '.join(meant)}{' ' if meant else ''}name what stands for them, "
        f"columns: {{{mapping}}} (--params {options})"
    )


def looks_like_a_label(name: str) -> bool:
    """Whether a column's name says that it tells clicks from the rest."""
    return _has_word(name, f"{_EVENTS} {_LIKES}")


def may_be_a_label(name: str) -> bool:
    """Whether a column's name says that it could tell clicks from the rest."""
    return _has_word(name, _UNCLEAR)


def counts_labels(name: str) -> bool:
    """Whether a column of items or users may count clicks; likes have their own."""
    return _has_word(name, f"{_EVENTS} {_RATES}")


def _has_word(name: str, words: str) -> bool:
    """Whether a name has one of the words, and a last one that means no event."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    found = [x for x in re.split(r"[^a-z0-9]+", spaced.lower()) if x]
    is_event = bool(found) and found[-1] not in _LAST_WORDS.split()
    return is_event and not set(words.split()).isdisjoint(found)


def require_known_names(params: ReadingParams, found: Iterable[str]) -> None:
    """Check that the parameters name columns that some table has.

    Args:
        params: ``columns``, ``ignore_columns`` and ``label.column``.
        found: The columns of all tables, by their names in the files.

    Raises:
        ValueError: Naming parameter and column, and what there is.
    """
    there = sorted(set(found))
    stated = {f"columns.{ours}": x for ours, x in params.columns.items()}
    stated |= {f"ignore_columns ({x})": x for x in params.ignore_columns}
    for parameter, name in stated.items():
        if name not in there:
            near = near_names(name, there)
            meant = f"; {did_you_mean(near)}" if near else ""
            raise ValueError(
                f"preparation.reading.{parameter}: no table has a column '{name}'"
                f"{meant}; there are {', '.join(there)}"
            )
