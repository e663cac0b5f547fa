"""The seam to the MIDI libraries: which one is taken, and what rtmidi2 must not do to a program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from instrument.live import rtmidi_ports
from instrument.live.rtmidi_ports import Refused, RtMidi2, load_library, opens_elsewhere

APIS = {"API_LINUX_ALSA": 1, "API_MACOSX_CORE": 2, "API_WINDOWS_MM": 3}

RTMIDI2 = """
import os
class MidiIn:
    def __init__(self, clientname, queuesize, api):
        self.given = [clientname, api]
    def open_port(self, port):
        if port == 1:
            os.abort()
        assert [port, *self.given] == [0, "Arco", 7]
"""
"""Ends the program where the second port is opened, as the real one does if a port refuses."""


def fake(name: str, **more: Any) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(APIS, __file__="compiled", **more)
    return module


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both libraries are installed."""
    compiled = SimpleNamespace(__file__="compiled")
    monkeypatch.setitem(
        sys.modules, "rtmidi", fake("rtmidi", _rtmidi=compiled, get_compiled_api=lambda: [1, 4])
    )
    monkeypatch.setitem(sys.modules, "rtmidi2", fake("rtmidi2"))


@pytest.mark.usefixtures("both")
def test_python_rtmidi_is_taken_where_it_is() -> None:
    assert load_library().systems == ["ALSA"]


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    ("platform", "systems"),
    [("linux", ["ALSA"]), ("darwin", ["CoreMIDI"]), ("win32", ["Windows"]), ("emscripten", [])],
)
def test_else_rtmidi2_with_the_system_s_own_midi(
    monkeypatch: pytest.MonkeyPatch, platform: str, systems: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    monkeypatch.setattr(sys, "platform", platform)
    library = load_library()
    assert isinstance(library, RtMidi2)
    assert library.systems == systems
    assert library.path == "compiled"


def test_without_a_sequencer_rtmidi2_isnt_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(rtmidi_ports, "SEQUENCER", str(tmp_path / "seq"))
    with pytest.raises(Refused):
        RtMidi2(fake("rtmidi2")).open_client("ALSA", "Arco", 1)


def test_a_port_that_would_end_the_program_is_tried_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rtmidi2.py").write_text(RTMIDI2)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert opens_elsewhere(7, 0, "Arco")
    assert not opens_elsewhere(7, 1, "Arco")


REAL = """
import sys
from instrument.live import rtmidi_ports
from instrument.live.rtmidi_ports import Refused, load_library
sys.modules["rtmidi"] = None
library = load_library()
try:
    client = library.open_client(library.systems[0], "Arco", 16)
except Refused:
    print("refused")
else:
    print("ports", client.ports(), client.take())
    client.close()
"""


def test_the_real_rtmidi2_answers_or_refuses_and_prints_nothing() -> None:
    pytest.importorskip("rtmidi2", reason="rtmidi2 isn't installed, it has no wheels here")
    done = subprocess.run(
        [sys.executable, "-c", REAL], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.startswith(("refused", "ports"))
    assert done.stderr == ""
