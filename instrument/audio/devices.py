"""The sound devices that there are, and which of them is played on."""

from __future__ import annotations

from dataclasses import dataclass

from instrument.audio.jack_client import Seat
from instrument.audio.portaudio import load_sounddevice
from instrument.errors import UnknownName, UsageError

JACK = "JACK Audio Connection Kit"
"""The sound system's name."""


@dataclass(frozen=True)
class Device:
    """A sound device that can play.

    Attributes:
        index: PortAudio's number; None on JACK, which is reached without it.
        api: Name of the sound system that offers it.
        name: Its own name.
        sample_rate: In Hz, that it prefers.
        is_default: Whether it is what is played on if nothing is chosen.
    """

    index: int | None
    api: str
    name: str
    sample_rate: int
    is_default: bool = False

    @property
    def is_jack(self) -> bool:
        """Whether JACK plays: it sets rate and block, and hands over MIDI by the block."""
        return self.api == JACK


def list_outputs(seat: Seat) -> list[Device]:
    """The devices that can play, the default one marked.

    A JACK server that runs was started on purpose: it is the default. Otherwise that is the
    system's.

    Args:
        seat: At the JACK server, which is joined if it runs.

    Raises:
        UsageError: There is no JACK server, and sounddevice or PortAudio is missing.
    """
    return _with_portaudio(_list_jack(seat))


def _list_jack(seat: Seat) -> list[Device]:
    """What can be played on through JACK, the default one marked; nothing without a server."""
    client = seat.join()
    if client is None:
        return []
    return [
        Device(None, JACK, name, client.sample_rate, is_default=number == 0)
        for number, name in enumerate(client.devices())
    ]


def _with_portaudio(jack: list[Device]) -> list[Device]:
    """What JACK offers, and what PortAudio does; that may be missing if there is any of JACK's."""
    try:
        return [*jack, *_list_portaudio(default=not jack)]
    except UsageError:
        if not jack:
            raise
    return jack


def _list_portaudio(*, default: bool) -> list[Device]:
    """What PortAudio offers; its default is marked if there is no other."""
    sd = load_sounddevice()
    apis = [api["name"] for api in sd.query_hostapis()]
    chosen = sd.default.device[1] if default else None
    return [
        Device(
            index,
            apis[device["hostapi"]],
            device["name"],
            round(device["default_samplerate"]),
            is_default=index == chosen,
        )
        for index, device in enumerate(sd.query_devices())
        if device["max_output_channels"] >= 2
    ]


def choose_output(name: str | None, seat: Seat, *, only_jack: bool = False) -> Device:
    """The device of a name, or the default one; PortAudio is asked only if JACK has none.

    Args:
        name: Part of the device's name or of its sound system's, in any case.
        seat: At the JACK server.
        only_jack: Whether PortAudio isn't asked at all.

    Raises:
        UsageError: There is no device, or none of this name.
    """
    devices = _list_jack(seat)
    found = _named(devices, name)
    if found is not None:
        return found
    if only_jack and not devices:
        raise UsageError("no JACK server runs")
    devices = devices if only_jack else _with_portaudio(devices)
    if not devices:
        raise UsageError(
            "there is no sound device; connect one, or start a JACK server (jackd -d alsa)"
        )
    found = _named(devices, name)
    if found is None:
        raise UnknownName("sound device", name or "", [device.name for device in devices])
    return found


def _named(devices: list[Device], name: str | None) -> Device | None:
    """The default one of the devices whose name or sound system has a part, else the first."""
    if name is not None:
        part = name.lower()
        devices = [each for each in devices if part in f"{each.name} ({each.api})".lower()]
    return next((each for each in devices if each.is_default), next(iter(devices), None))
