"""Code from elsewhere, found by its name: the one loader of it, and what checks say.

Importing this module imports none of that code.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from pydantic import BaseModel, ValidationError

from mmctr.runtime.hashing import file_fingerprint
from mmctr.runtime.suggestions import suggest

_OUTSIDE = re.compile(r"[A-Za-z_]\w*(\.\w+)*:[A-Za-z_]\w*(\.\w+)*")


class CheckError(ValueError):
    """Own code does not do what runs rely on; the message says everything."""


class OwnCodeError(ValueError):
    """Own code that a name stands for can't be imported here."""


class NoSettings(BaseModel, extra="forbid"):
    """Settings of own code that names none."""


@dataclass(frozen=True)
class ExtensionPoint:
    """A parameter that names code: the project's own, or that of others.

    Attributes:
        parameter: The parameter, for messages.
        group: Entry points of this group are found by their names.
        built_in: ``module:attribute`` by the name of what the project has.
        needed: Attributes that code from elsewhere must have.
    """

    parameter: str
    group: str
    built_in: Mapping[str, str]
    needed: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        """Whether it is the project's own."""
        return name in self.built_in

    def check_name(self, name: str) -> str:
        """Refuse a name that can't be loaded, without importing anything.

        Args:
            name: Of the project's own, of an entry point, or ``package.module:Name``.

        Returns:
            The name.

        Raises:
            ValueError: With the names that are known.
        """
        if name in self.built_in or _OUTSIDE.fullmatch(name) or self._found(name):
            return name
        known = [*self.built_in, *(x.name for x in entry_points(group=self.group))]
        first = f"use one of {', '.join(known)}, or " if known else "use "
        raise ValueError(
            f"{first}package.module:Name, or the name of an entry point of the group "
            f"{self.group} (docs/extend.md)"
        )

    def load(self, name: str) -> Any:
        """Import what a name stands for.

        Args:
            name: As for :meth:`check_name`.

        Returns:
            The class or function.

        Raises:
            OwnCodeError: If it can't be imported; it names the parameter and says what
                to do.
            ValueError: If it lacks what it must have.
        """
        if name in self.built_in:
            return resolve_name(self.built_in[name])
        found = self._found(self.check_name(name))
        target = name if found is None else found.value
        made = self._imported(name, target)
        missing = [each for each in self.needed if not hasattr(made, each)]
        if missing or not callable(made):
            what = f"lacks {', '.join(missing)}" if missing else "can't be called"
            raise ValueError(
                f"{self._of(name)} {what}; see docs/extend.md for what it must have"
            )
        return made

    def settings(self, name: str, options: Mapping[str, Any], where: str) -> Any:
        """Check the settings of code from elsewhere by its own pydantic model.

        Args:
            name: As for :meth:`check_name`.
            options: As the parameters say.
            where: The parameter that holds them, for messages.

        Returns:
            An instance of the class's ``Settings``.

        Raises:
            ValueError: If a setting is unknown or wrong.
        """
        kind = getattr(self.load(name), "Settings", NoSettings)
        try:
            return kind.model_validate(dict(options))
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
                for each in error.errors()
            )
            raise ValueError(f"{where} of {name}: {problems}") from None

    def _found(self, name: str) -> EntryPoint | None:
        return next(iter(entry_points(group=self.group, name=name)), None)

    def _of(self, name: str) -> str:
        return f"{self.parameter}={name}"

    def _imported(self, name: str, target: str) -> Any:
        module, _, attribute = target.partition(":")
        try:
            made = resolve_name(f"{module}:")
        except ModuleNotFoundError as error:
            raise OwnCodeError(
                f"{self._of(name)}: there is no module {error.name} here; install its "
                "package, put it into src/ of the project, or name its folder in the "
                "variable PYTHONPATH"
            ) from error
        except Exception as error:
            raise OwnCodeError(
                f"{self._of(name)}: importing {module} fails: "
                f"{type(error).__name__}: {error}"
            ) from error
        try:
            return resolve_name(target)
        except AttributeError as error:
            raise OwnCodeError(
                f"{self._of(name)}: module {module} has no {attribute} "
                f"({suggest(attribute, (x for x in vars(made) if x[0] != '_'))})"
            ) from error


def source_of(name: str) -> Path | None:
    """Find the file of a module that a parameter names.

    Args:
        name: ``package.module:Name``.

    Returns:
        The file; None for names of another form, and where there is no such file.
    """
    if not _OUTSIDE.fullmatch(name):
        return None
    try:
        found = find_spec(name.partition(":")[0])
    except (ImportError, ValueError):
        return None
    path = Path(found.origin) if found and found.origin else None
    return path if path and path.is_file() else None


def source_hashes(*names: str) -> dict[str, str]:
    """Hash the modules that parameters name; none for names of another form."""
    files = {name: source_of(name) for name in names}
    return {name: file_fingerprint(path) for name, path in files.items() if path}


def raise_problems(name: str, problems: Callable[[], Iterable[str]]) -> None:
    """Run the checks of own code, and raise one error with all that is wrong.

    Args:
        name: Of the code.
        problems: Sentences on what is wrong.

    Raises:
        CheckError: If anything is, or the code fails.
    """
    found: list[str] = []
    try:
        found.extend(problems())
    except Exception as error:
        raise CheckError(f"{name} fails: {type(error).__name__}: {error}") from error
    if found:
        lines = "\n".join(f"- {problem}" for problem in found)
        raise CheckError(f"{name} can't be used:\n{lines}")
