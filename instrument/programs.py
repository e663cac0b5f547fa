"""Programs of Arco's own that run in processes of their own."""

from __future__ import annotations

import sys
from pathlib import Path

BESIDE = Path(__file__).resolve().parents[1]
"""Where Arco is installed, or its source is."""


def python_program(text: str) -> tuple[str, ...]:
    """The command that runs a program text, which may import Arco.

    By itself Python would import what lies in the working folder first: a ``json.py`` among
    somebody's songs.
    """
    found = f"import sys; sys.path.append({str(BESIDE)!r})"
    return sys.executable, "-P", "-c", f"{found}\n{text}"
