"""The sound devices that there are, and which of them is played on."""

from __future__ import annotations

from dataclasses import dataclass

from instrument.audio.portaudio import JACK, load_sounddevice
from instrument.errors import UnknownName, UsageError


@dataclass(frozen=True)
class Device:
    """A sound device that can play.

    Attributes:
        index: PortAudio's number.
        api: Name of the sound system that offers it.
        name: Its own name.
        sample_rate: In Hz, that it prefers.
        is_default: Whether it is what is played on if nothing is chosen.
    """

    index: int
    api: str
    name: str
    sample_rate: int
    is_default: bool = False

    @property
    def is_jack(self) -> bool:
        """Whether JACK plays: it sets rate and block, and hands over MIDI by the block."""
        return self.api == JACK


def list_outputs() -> list[Device]:
    """The devices that can play, the default one marked.

    A JACK server that runs was started on purpose: it is the default. Otherwise that is the
    system's.

    Raises:
        UsageError: sounddevice or PortAudio is missing.
    """
    sd = load_sounddevice()
    apis = [api["name"] for api in sd.query_hostapis()]
    found = [
        Device(index, apis[device["hostapi"]], device["name"], round(device["default_samplerate"]))
        for index, device in enumerate(sd.query_devices())
        if device["max_output_channels"] >= 2
    ]
    jack = [device.index for device in found if device.is_jack]
    default = jack[0] if jack else sd.default.device[1]
    return [
        Device(d.index, d.api, d.name, d.sample_rate, is_default=d.index == default) for d in found
    ]


def choose_output(name: str | None) -> Device:
    """The device of a name, or the default one.

    Args:
        name: Part of the device's name or of its sound system's, in any case.

    Raises:
        UsageError: There is no device, or none of this name.
    """
    devices = list_outputs()
    if not devices:
        raise UsageError(
            "there is no sound device; connect one, or start a JACK server (jackd -d alsa)"
        )
    if name is None:
        return next((device for device in devices if device.is_default), devices[0])
    for device in devices:
        if name.lower() in f"{device.name} ({device.api})".lower():
            return device
    raise UnknownName("sound device", name, [device.name for device in devices])
