"""Which sound devices there are, which is played on, and what becomes of one that refuses."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from instrument.audio import portaudio
from instrument.audio.devices import Device, choose_output, list_outputs
from instrument.audio.portaudio import JACK
from instrument.audio.stream import Output
from instrument.dsp.callback import Playback
from instrument.engine.engine import Engine
from instrument.errors import UnknownName, UsageError
from instrument.model.graphs import Instrument


class FakeSoundDevice(ModuleType):
    """Stands in for sounddevice, on a computer with some devices: (system, name, channels).

    Attributes:
        opened: Settings of the streams that were opened.
        calls: What was called of its private parts.
        refuses: What PortAudio says to every stream, if anything.
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

    def _initialize(self) -> None:
        self.calls.append("initialize")


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


def test_what_can_play_is_listed_and_the_system_s_default_marked(computer: Any) -> None:
    computer(("ALSA", "Speakers", 2), ("ALSA", "Mic", 0), ("Pulse", "Headset", 2), default=2)
    assert list_outputs() == [
        Device(0, "ALSA", "Speakers", 44_100),
        Device(2, "Pulse", "Headset", 44_100, is_default=True),
    ]
    assert choose_output(None).name == "Headset"


def test_a_jack_server_that_runs_is_the_default(computer: Any) -> None:
    computer(("ALSA", "Speakers", 2), (JACK, "system", 2))
    chosen = choose_output(None)
    assert (chosen.name, chosen.is_jack, chosen.is_default) == ("system", True, True)


def test_a_part_of_a_name_or_of_a_system_s_is_enough(computer: Any) -> None:
    computer(("ALSA", "USB Speakers", 2), ("Pulse", "Headset", 2))
    assert choose_output("usb").index == 0
    assert choose_output("PULSE").index == 1
    with pytest.raises(UnknownName, match="Lounge"):
        choose_output("Lounge")


def test_without_a_device_there_is_nothing_to_choose(computer: Any) -> None:
    computer(("ALSA", "Mono", 1))
    assert list_outputs() == []
    with pytest.raises(UsageError):
        choose_output(None)


@pytest.mark.parametrize(("system", "blocks"), [("ALSA", 64), (JACK, 0)])
def test_a_sounddevice_without_a_door_plays_through_python(
    computer: Any, playback: Playback, system: str, blocks: int
) -> None:
    fake = computer((system, "Speakers", 2))
    assert portaudio.compiled_stream(fake, 1, 2, {}) is None
    output = Output(choose_output(None), 48_000, 64, playback, compiled=False)
    (settings,) = fake.opened
    assert callable(settings["callback"])
    assert (settings["samplerate"], settings["blocksize"]) == (48_000, blocks)
    assert (settings["device"], settings["channels"]) == (0, 2)
    assert output.alive


@pytest.mark.parametrize(
    ("system", "options"),
    [("ALSA", ("--sample-rate", "--block", "--audio-out")), (JACK, ("--sample-rate",))],
)
def test_a_device_that_refuses_says_which_options_help(
    computer: Any, playback: Playback, system: str, options: tuple[str, ...]
) -> None:
    fake = computer((system, "Speakers", 2))
    fake.refuses = "Invalid sample rate"
    with pytest.raises(UsageError) as refused:
        Output(choose_output(None), 96_000, 64, playback, compiled=False)
    said = str(refused.value)
    assert all(option in said for option in (*options, "96000", "44100", "Speakers"))


def test_portaudio_looks_anew_when_it_begins_again(computer: Any) -> None:
    fake = computer(("ALSA", "Speakers", 2))
    portaudio.rescan(for_jack=False)
    assert fake.calls == ["terminate", "initialize"]


@pytest.mark.parametrize(
    ("lives", "for_jack", "wanted"),
    [
        (None, False, ["terminate", "initialize"]),
        (None, True, ["terminate", "initialize"]),
        (True, True, []),
        (True, False, ["leave"]),
        (False, True, ["leave"]),
        (False, False, ["leave"]),
    ],
)
def test_portaudio_is_never_ended_while_it_is_the_client_of_a_dead_server(
    computer: Any, monkeypatch: pytest.MonkeyPatch, lives: bool | None, for_jack: bool, wanted: Any
) -> None:
    fake = computer(("ALSA", "Speakers", 2))
    portaudio.load_sounddevice()
    watchers = [] if lives is None else [SimpleNamespace(alive=lives)]
    monkeypatch.setattr(portaudio, "_watchers", watchers)
    monkeypatch.setattr(portaudio, "leave_portaudio", lambda **_: fake.calls.append("leave"))
    portaudio.rescan(for_jack=for_jack)
    assert fake.calls == wanted
    assert portaudio.server_died() == (lives is False)


def test_a_library_that_cannot_be_ended_is_left_when_the_program_ends(
    computer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = computer(("ALSA", "Speakers", 2))
    left: list[bool] = []
    for alive in (True, False):
        fake._initialized = 1
        watcher = SimpleNamespace(alive=alive, close=lambda: left.append(fake._initialized == 1))
        monkeypatch.setattr(portaudio, "_watchers", [watcher])
        portaudio._end(fake)
        assert fake._initialized == int(alive)
    assert left == [True, False]
