"""Which sound devices there are, which is played on, and what becomes of one that refuses."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from instrument.audio import portaudio
from instrument.audio.devices import JACK, Device, choose_output, list_outputs
from instrument.audio.jack_client import Seat
from instrument.audio.stream import Stream
from instrument.dsp.callback import Playback
from instrument.engine.engine import Engine
from instrument.errors import UnknownName, UsageError
from instrument.model.graphs import Instrument


class FakeSoundDevice(ModuleType):
    """Stands in for sounddevice, on a computer with some devices: (system, name, channels).

    Attributes:
        opened: Settings of the streams that were opened.
        calls: What was called of its private parts.
        refuses: What PortAudio says to every stream, and to its beginning, if anything.
    """

    class PortAudioError(Exception):
        pass

    def __init__(self, *devices: tuple[str, str, int], default: int = 0) -> None:
        super().__init__("sounddevice")
        self.systems = sorted({system for system, _, _ in devices})
        self.devices = devices
        self.default = SimpleNamespace(device=(-1, default))
        self.opened: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.refuses = ""
        self._initialized = 1

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": name} for name in self.systems]

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "hostapi": self.systems.index(system),
                "max_output_channels": channels,
                "default_samplerate": 44_100.0,
            }
            for system, name, channels in self.devices
        ]

    def OutputStream(self, **settings: Any) -> Any:  # noqa: N802
        if self.refuses:
            raise self.PortAudioError(self.refuses)
        self.opened.append(settings)
        return SimpleNamespace(start=lambda: None, close=lambda: None, active=True)

    def _terminate(self) -> None:
        self.calls.append("terminate")
        self._initialized -= 1

    def _initialize(self) -> None:
        self.calls.append("initialize")
        if self.refuses:
            raise self.PortAudioError(self.refuses)
        self._initialized += 1


@pytest.fixture
def computer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A computer with devices: (*(system, name, channels), default=0)."""

    def computer(*devices: tuple[str, str, int], default: int = 0) -> FakeSoundDevice:
        fake = FakeSoundDevice(*devices, default=default)
        monkeypatch.setitem(sys.modules, "sounddevice", fake)
        return fake

    return computer


@pytest.fixture
def playback(tiny: Instrument) -> Playback:
    """What a device would play."""
    return Playback.empty(Engine(tiny).synth)


class FakeSeat(Seat):
    """A seat at a JACK server that runs, with other programs; or at none."""

    def __init__(self, *programs: str) -> None:
        ports = {name: [f"{name}:{number}" for number in (1, 2)] for name in programs}
        self.server: Any = SimpleNamespace(sample_rate=96_000, devices=lambda: ports)
        self.server = self.server if programs else None

    def join(self) -> Any:
        return self.server


NO_JACK = FakeSeat()


def test_what_can_play_is_listed_and_the_system_s_default_marked(computer: Any) -> None:
    computer(("ALSA", "Speakers", 2), ("ALSA", "Mic", 0), ("Pulse", "Headset", 2), default=2)
    assert list_outputs(NO_JACK) == [
        Device(0, "ALSA", "Speakers", 44_100),
        Device(2, "Pulse", "Headset", 44_100, is_default=True),
    ]
    assert choose_output(None, NO_JACK).name == "Headset"


def test_a_jack_server_that_runs_is_the_default(computer: Any) -> None:
    computer(("ALSA", "Speakers", 2))
    seat = FakeSeat("system", "Recorder")
    assert list_outputs(seat) == [
        Device(None, JACK, "system", 96_000, is_default=True),
        Device(None, JACK, "Recorder", 96_000),
        Device(0, "ALSA", "Speakers", 44_100),
    ]
    chosen = choose_output(None, seat)
    assert (chosen.name, chosen.is_jack, chosen.is_default) == ("system", True, True)
    assert choose_output("recorder", seat).name == "Recorder"
    assert choose_output("speak", seat).index == 0


def test_on_jack_portaudio_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    seat = FakeSeat("system")
    assert choose_output("jack", seat).name == "system"
    assert [device.name for device in list_outputs(seat)] == ["system"]
    with pytest.raises(UsageError, match="sounddevice"):
        choose_output(None, NO_JACK)


def test_who_waits_for_jack_takes_nothing_else(computer: Any) -> None:
    computer(("ALSA", "Speakers", 2))
    with pytest.raises(UsageError, match="JACK"):
        choose_output("Speakers", NO_JACK, only_jack=True)
    with pytest.raises(UnknownName, match="Speakers"):
        choose_output("Speakers", FakeSeat("system"), only_jack=True)


def test_a_part_of_a_name_or_of_a_system_s_is_enough(computer: Any) -> None:
    computer(("ALSA", "USB Speakers", 2), ("Pulse", "Headset", 2))
    assert choose_output("usb", NO_JACK).index == 0
    assert choose_output("PULSE", NO_JACK).index == 1
    with pytest.raises(UnknownName, match="Lounge"):
        choose_output("Lounge", NO_JACK)


def test_of_a_system_s_devices_the_default_one_is_played_on(computer: Any) -> None:
    """As where the sound comes back: a session waits for a device of the system that it had."""
    computer(("ALSA", "HDMI", 2), ("ALSA", "Speakers", 2), ("Pulse", "Headset", 2), default=1)
    assert choose_output("alsa", NO_JACK).name == "Speakers"
    assert choose_output("pulse", NO_JACK).name == "Headset"


def test_without_a_device_there_is_nothing_to_choose(computer: Any) -> None:
    computer(("ALSA", "Mono", 1))
    assert list_outputs(NO_JACK) == []
    with pytest.raises(UsageError):
        choose_output(None, NO_JACK)


def test_a_sounddevice_without_a_door_plays_through_python(
    computer: Any, playback: Playback
) -> None:
    fake = computer(("ALSA", "Speakers", 2))
    assert portaudio.compiled_stream(fake, 1, 2, {}) is None
    output = Stream(choose_output(None, NO_JACK), 48_000, 64, playback, compiled=False)
    (settings,) = fake.opened
    assert callable(settings["callback"])
    assert (settings["samplerate"], settings["blocksize"]) == (48_000, 64)
    assert (settings["device"], settings["channels"]) == (0, 2)
    assert output.alive


def test_a_device_that_refuses_says_which_options_help(computer: Any, playback: Playback) -> None:
    fake = computer(("ALSA", "Speakers", 2))
    fake.refuses = "Invalid sample rate"
    with pytest.raises(UsageError) as refused:
        Stream(choose_output(None, NO_JACK), 96_000, 64, playback, compiled=False)
    said = str(refused.value)
    options = "--sample-rate", "--block", "--audio-out"
    assert all(option in said for option in (*options, "96000", "44100", "Speakers"))


def test_portaudio_looks_anew_when_it_begins_again(computer: Any) -> None:
    fake = computer(("ALSA", "Speakers", 2))
    portaudio.rescan()
    assert fake.calls == ["terminate", "initialize"]


def test_a_portaudio_that_cannot_begin_is_tried_again(computer: Any) -> None:
    fake = computer(("ALSA", "Speakers", 2))
    fake.refuses = "Unanticipated host error"
    for _ in range(2):
        with pytest.raises(UsageError, match="Unanticipated"):
            portaudio.rescan()
    fake.refuses = ""
    portaudio.rescan()
    assert fake.calls == ["terminate", *["initialize"] * 3]


def test_a_portaudio_that_hangs_is_left_even_if_there_is_no_room_for_another(
    computer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = computer(("ALSA", "Speakers", 2))
    library = tmp_path / "libportaudio.so"
    library.touch()
    hangs, another = object(), object()
    fake._lib, fake._libname = hangs, str(library)
    fake._ffi = SimpleNamespace(dlopen=lambda copy: another if Path(copy).exists() else None)
    monkeypatch.setattr(portaudio, "_left", [])
    monkeypatch.setattr(portaudio, "_library_path", lambda _sd: library)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))
    portaudio.leave_portaudio()
    for _ in range(2):
        with pytest.raises(UsageError, match="make room"):
            portaudio.rescan()
    assert (fake.calls, fake._lib) == ([], hangs)
    (tmp_path / "full").mkdir()
    portaudio.rescan()
    assert (fake.calls, fake._lib) == (["initialize"], another)
    assert list((tmp_path / "full").iterdir()) == []


def test_a_portaudio_that_cannot_begin_at_first_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = "class PortAudioError(Exception): ...\nraise PortAudioError('Host error')"
    (tmp_path / "sounddevice.py").write_text(program)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(UsageError, match="Host error"):
        choose_output(None, NO_JACK)


def test_portaudio_finds_no_jack_server(computer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would join one that runs, and abort the process if that has died by its end."""
    fake = computer(("ALSA", "Speakers", 2))
    names = tuple(portaudio.NO_JACK)
    monkeypatch.setenv(names[0], "stage")
    monkeypatch.delenv(names[1], raising=False)
    seen: list[list[str | None]] = []
    fake._initialize = lambda: seen.append([os.environ.get(name) for name in names])
    portaudio.rescan()
    assert seen == [[*portaudio.NO_JACK.values()]]
    assert [os.environ.get(name) for name in names] == ["stage", None]
