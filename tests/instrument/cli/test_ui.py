"""`arco ui`: what it needs and what it refuses, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from instrument.cli import ui
from tests.instrument.cli.conftest import Arco, Refused

MISSING = [name for name in ui.NEEDED if find_spec(name) is None]


def test_what_is_missing_is_said_with_what_to_type(
    arco: Arco, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui, "NEEDED", ("no_such_library",))
    assert "pip install '.[ui]'" in refused(arco, "ui")


@pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING}")
@pytest.mark.parametrize(
    "options",
    [
        ("--port", "70000"),
        ("--block", "1"),
        ("--voices", "0"),
        ("--instrument", "nothing"),
        ("--host", "no.such.name.invalid"),
        ("song.mid",),
    ],
)
def test_what_is_wrong_is_said(arco: Arco, refused: Refused, options: tuple[str, ...]) -> None:
    refused(arco, "ui", *options)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], Path, dict[str, Any]]]:
    """What is served in place of a page: options of what plays, folder of takes, and the rest."""
    calls: list[tuple[Sequence[str], Path, dict[str, Any]]] = []

    def serve(_instrument: object, options: Sequence[str], takes: Path, **chosen: Any) -> None:
        calls.append((options, takes, chosen))

    for module in ("ui", "play"):
        monkeypatch.setattr(f"instrument.cli.{module}.serve", serve)
        monkeypatch.setattr(f"instrument.cli.{module}.check_page", lambda: None)
    return calls


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("ui",), []),
        (("ui", "--port", "80", "--json", "--open"), []),
        (("ui", "--midi-in", "Keys", "--takes", "x"), ["--midi-in=Keys", "--takes=x"]),
        (("play", "--ui"), []),
        (
            ("play", "--ui", "--ui-port", "80", "--learn", "vibrato", "--learn", "pan"),
            ["--learn=vibrato", "--learn=pan"],
        ),
        (("play", "--ui", "--mode", "mono", "--osc", "9000"), ["--osc=9000", "--mode=mono"]),
    ],
)
def test_what_plays_is_given_the_options_that_were_given(
    arco: Arco,
    served: list[tuple[Sequence[str], Path, dict[str, Any]]],
    tiny_instrument: Path,
    command: tuple[str, ...],
    expected: list[str],
) -> None:
    status, _, err = arco(*command, "--instrument", str(tiny_instrument))
    assert (status, err) == (0, "")
    ((options, takes, chosen),) = served
    assert sorted(options) == sorted([*expected, f"--instrument={tiny_instrument}"])
    assert takes == Path("x" if "x" in command else "takes")
    assert chosen["port"] == (80 if "80" in command else 0)
