"""`arco ui`: what it needs and what it refuses, in one line."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from instrument.cli import ui
from tests.instrument.cli.conftest import Arco, Refused

MISSING = [name for name in ui.NEEDED if find_spec(name) is None]


def test_what_is_missing_is_said_with_what_to_type(
    arco: Arco, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui, "NEEDED", ("no_such_library",))
    assert "pip install 'arco[ui]'" in refused(arco, "ui")


@pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING}")
@pytest.mark.parametrize(
    "options",
    [
        ("--port", "70000"),
        ("--block", "1"),
        ("--instrument", "nothing"),
        ("--host", "no.such.name.invalid"),
        ("song.mid",),
    ],
)
def test_what_is_wrong_is_said(arco: Arco, refused: Refused, options: tuple[str, ...]) -> None:
    refused(arco, "ui", *options)
