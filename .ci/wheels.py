"""Find out whether what playing needs has wheels for every Python that Arco supports.

pip looks for another Python's wheels on this system, but reads environment markers as if they were
about its own; so they are decided here, and pip gets what is left.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

PLAYING = "ui"
"""The extra of those who play, live and in the browser."""


def supported(project: dict[str, Any]) -> list[str]:
    """The Pythons, like 3.11, among the classifiers."""
    found = (re.fullmatch(r".* :: (3\.\d+)", line) for line in project["classifiers"])
    return [match[1] for match in found if match]


def needed(project: dict[str, Any], extra: str, python: str, **platform: str) -> Iterator[str]:
    """Requirements of the project and an extra on a Python, without markers.

    Args:
        project: The table ``project`` of ``pyproject.toml``.
        extra: Name of the extra.
        python: As 3.11.
        platform: What markers say of a computer, where that isn't this one.
    """
    extras = project["optional-dependencies"]
    lines = list(project["dependencies"]) + list(extras[extra])
    while lines:
        requirement = Requirement(lines.pop(0))
        environment = {"python_version": python, "python_full_version": f"{python}.0", **platform}
        if requirement.marker is not None and not requirement.marker.evaluate(environment):
            continue
        if requirement.name == project["name"]:
            lines += [line for name in sorted(requirement.extras) for line in extras[name]]
        else:
            yield f"{requirement.name}{requirement.specifier}"


def asking(requirements: Iterable[str], python: str, nowhere: str) -> subprocess.Popen[bytes]:
    """Let pip look for wheels of a Python; it fails where one is missing."""
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    pip += ["--dry-run", "--ignore-installed", "--target", nowhere]
    pip += ["--only-binary=:all:", "--python-version", python]
    return subprocess.Popen([*pip, *requirements])  # noqa: S603


def main() -> int:
    """Ask pip for all Pythons at once; 1 if something has no wheel."""
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    with tempfile.TemporaryDirectory() as nowhere:
        asked = {
            python: asking(needed(project, PLAYING, python), python, nowhere)
            for python in supported(project)
        }
        missing = {python for python, pip in asked.items() if pip.wait()}
    for python in asked:
        print(f"Python {python}: {'a wheel is missing' if python in missing else 'all wheels'}")  # noqa: T201
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
