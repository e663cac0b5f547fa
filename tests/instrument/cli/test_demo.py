"""``arco demo``: rendered, and played where there is a device."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile

from instrument.cli import demo as demo_command
from instrument.cli.demo import MELODY
from instrument.midi.events import ControlChange, NoteOff, NoteOn
from instrument.midi.score import read_score

Arco = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shipped(tiny_instrument: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of shipped instruments in which the tiny one is the violin."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copytree(tiny_instrument, folder / "violin")
    return folder


@pytest.fixture
def short_melody(desk: Path, monkeypatch: pytest.MonkeyPatch, shipped: Path) -> None:
    monkeypatch.setattr("instrument.model.catalogue.EXPORTED", shipped)
    monkeypatch.setattr(demo_command, "MELODY", desk / "song.mid")


@pytest.mark.usefixtures("short_melody")
def test_the_demo_says_why_it_isnt_played(
    arco: Arco, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    status, out, err = arco("demo")
    assert (status, err) == (0, "")
    assert soundfile.info(desk / "demo" / "londonderry-air.wav").frames > 0
    assert "faster" in out or "slower" in out
    assert out.splitlines()[-1].startswith("Not played: ")


class FakeSoundDevice(ModuleType):
    """Stands in for sounddevice: a machine with or without a device."""

    PortAudioError = OSError

    def __init__(self, has_device: bool) -> None:
        super().__init__("sounddevice")
        self.has_device = has_device
        self.played = 0

    def query_hostapis(self) -> tuple[()]:
        return ()

    def query_devices(self, kind: str) -> None:
        if not self.has_device:
            raise self.PortAudioError(f"no {kind}")

    def OutputStream(self, samplerate: int, channels: int) -> FakeSoundDevice:  # noqa: N802
        assert (samplerate, channels) == (48_000, 2)
        return self

    def __enter__(self) -> FakeSoundDevice:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, block: Any) -> None:
        self.played += len(block)


@pytest.mark.usefixtures("short_melody")
def test_the_demo_is_played_where_there_is_a_device(
    arco: Arco, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = FakeSoundDevice(has_device=True)
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    _, out, _ = arco("demo", "-o", "mine.flac")
    assert device.played == soundfile.info(desk / "mine.flac").frames
    assert "Not played" not in out
    assert not (desk / "demo").exists()


@pytest.mark.usefixtures("short_melody")
def test_the_demo_is_silent_where_there_is_no_device(
    arco: Arco, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSoundDevice(has_device=False))
    status, out, _ = arco("demo")
    assert status == 0
    assert "Not played: there is no sound device." in out


def test_the_melody_is_one_slurred_line_on_the_violin() -> None:
    score = read_score(MELODY)
    events = [timed.event for timed in score.events]
    notes = [event for event in events if isinstance(event, NoteOn)]
    assert {event.channel for event in events} == {0}
    assert len(notes) == score.notes == 90
    assert 55 < score.duration_seconds < 70
    assert 55 <= min(note.key for note in notes) < max(note.key for note in notes) == 83
    loudest = max(notes, key=lambda note: note.velocity)
    assert (loudest.key, loudest.velocity) == (83, 100)
    sounding: set[int] = set()
    for event in events:
        if isinstance(event, NoteOn):
            assert not sounding
            sounding.add(event.key)
        elif isinstance(event, NoteOff):
            sounding.remove(event.key)
        elif isinstance(event, ControlChange):
            assert event.controller == 11
            assert 96 <= event.value <= 127
    swells = [event.value for event in events if isinstance(event, ControlChange)]
    assert np.abs(np.diff(swells)).max() <= 4
