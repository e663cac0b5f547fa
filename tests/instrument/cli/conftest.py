"""A desk with a song, and ``arco`` typed at it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import mido
import pytest

from instrument.audio.portaudio import NO_JACK
from instrument.cli import main

Arco = Callable[..., tuple[int, str, str]]
Files = Callable[[], dict[str, bytes | None]]
Refused = Callable[..., str]


class Missing(NamedTuple):
    """A part that playing live needs and that isn't there.

    Attributes:
        module: What cannot be imported.
        name: What a person calls it.
        help: What to type.
    """

    module: str
    name: str
    help: str


PIP = "pip install '.[live]'"
PARTS = [
    Missing("rtmidi", "python-rtmidi", PIP),
    Missing("sounddevice", "sounddevice", PIP),
    Missing("sounddevice", "PortAudio", "apt-get install libportaudio2"),
]


def write_song(path: Path, *channels: int) -> None:
    """Write a .mid in which the channels play a short note, one after another."""
    track = mido.MidiTrack()
    for channel in channels:
        track.append(mido.Message("note_on", channel=channel, note=67, velocity=80))
        track.append(mido.Message("note_off", channel=channel, note=67, time=120))
    file = mido.MidiFile()
    file.tracks.append(track)
    file.save(path)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a person is in: a song, something that isn't one, and a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    write_song(tmp_path / "song.mid", 0, 3)
    (tmp_path / "letter.mid").write_text("Dear Sir,\n")
    (tmp_path / "folder.wav").mkdir()
    return tmp_path


@pytest.fixture
def write_channels(desk: Path) -> Callable[..., None]:
    """Writes another song.mid: a short note of each channel."""
    return lambda *channels: write_song(desk / "song.mid", *channels)


@pytest.fixture
def files(desk: Path) -> Files:
    """What lies on the desk now, hidden files too: names and contents; folders have none."""
    return lambda: {
        str(path.relative_to(desk)): path.read_bytes() if path.is_file() else None
        for path in desk.rglob("*")
    }


@pytest.fixture
def arco(desk: Path, capsys: pytest.CaptureFixture[str]) -> Arco:
    """``arco`` with arguments: its status, stdout and stderr."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def refused(files: Files) -> Refused:
    """Runs what must be refused, in one line and leaving nothing; the line without ``arco: ``."""

    def refused(run: Arco, *arguments: str | Path) -> str:
        before = files()
        status, out, err = run(*arguments)
        assert (status, out) == (2, "")
        (line,) = err.splitlines()
        assert line.startswith("arco: ")
        assert files() == before
        return line.removeprefix("arco: ")

    return refused


@pytest.fixture
def config(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of learned knobs; it isn't there yet."""
    monkeypatch.setenv("ARCO_CONFIG", str(desk))
    return desk / "knobs.toml"


@pytest.fixture(params=PARTS, ids=lambda part: part.name)
def missing(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Missing:
    """A library that playing live needs without a JACK server, and that is missing."""
    part: Missing = request.param
    for name, value in NO_JACK.items():
        monkeypatch.setenv(name, value)
    if part.name == "PortAudio":
        folder = tmp_path_factory.mktemp("broken")
        (folder / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
        monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
        monkeypatch.syspath_prepend(folder)
    else:
        monkeypatch.setitem(sys.modules, part.module, None)
        # What stands in for it isn't there either.
        monkeypatch.setitem(sys.modules, f"{part.module}2", None)
    return part
