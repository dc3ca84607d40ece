"""What pyproject.toml can't say: a wheel holds conf/, for ``mmctr new``."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConfiguration(build_py):
    """Copies conf/ into the package that is built."""

    def run(self) -> None:
        """Build, then copy; a checkout that is installed as it lies needs no copy."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "mmctr", "project", "starter", "conf")
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree("conf", target, ignore=shutil.ignore_patterns("local"))


setup(cmdclass={"build_py": BuildWithConfiguration})
