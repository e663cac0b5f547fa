"""Sound devices: what there is, and one stream that plays through the compiled callback."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instrument.audio.devices import load_sounddevice
from instrument.dsp.callback import OUTPUT_UNDERFLOW, Callback, Playback
from instrument.errors import UnknownName, UsageError

JACK = "JACK Audio Connection Kit"
CLOSE_SECONDS = 2.0
"""A device that doesn't close in this time has gone, and so has the library that waits for it."""


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


class Output:
    """An open stream.

    Attributes:
        device: That it plays on.
    """

    def __init__(
        self,
        device: Device,
        sample_rate: int,
        block: int,
        playback: Playback,
        *,
        compiled: bool = True,
    ) -> None:
        """Open a device and begin to play.

        Args:
            device: That is played on.
            sample_rate: In Hz.
            block: Samples a call; JACK's own, whatever is asked for.
            playback: What plays.
            compiled: Whether PortAudio calls machine code, or Python that calls it.

        Raises:
            UsageError: The device refuses; the message says what it would take.
        """
        self._sd = load_sounddevice()
        self.device = device
        wanted = {
            "samplerate": sample_rate,
            # With any other size PortAudio would cut JACK's blocks anew, and add latency.
            "blocksize": 0 if device.is_jack else block,
            "device": device.index,
            "channels": 2,
            "dtype": "float32",
            "latency": "low",
        }
        try:
            stream = self._compiled(playback, wanted) if compiled else None
            if stream is None:
                stream = self._sd.OutputStream(callback=_python_callback(playback), **wanted)
            self._stream: Any = stream
            self._start()
        except self._sd.PortAudioError as error:
            raise UsageError(self._refusal(error, sample_rate, block)) from None
        except ValueError as error:
            raise UsageError(f"{device.name}: {error}") from None

    def _start(self) -> None:
        try:
            self._stream.start()
        except self._sd.PortAudioError:
            self._stream.close()
            raise

    def _compiled(self, playback: Playback, wanted: dict[str, Any]) -> Any:  # noqa: ANN401
        """A stream with a compiled callback; None if sounddevice has no door for one."""
        ffi, stream_base = getattr(self._sd, "_ffi", None), getattr(self._sd, "_StreamBase", None)
        if ffi is None or stream_base is None:
            return None
        self._callback = Callback(playback)
        return stream_base(
            "output",
            callback=ffi.cast("PaStreamCallback *", self._callback.address),
            userdata=ffi.cast("void *", self._callback.user_data),
            wrap_callback=None,
            **wanted,
        )

    def _refusal(self, error: Exception, sample_rate: int, block: int) -> str:
        device, reason = self.device, str(error.args[0]) if error.args else "no reason given"
        if device.is_jack and sample_rate != device.sample_rate:
            return (
                f"{device.name} ({device.api}) runs at {device.sample_rate} Hz and not at "
                f"{sample_rate} Hz: leave out --sample-rate"
            )
        return (
            f"{device.name} ({device.api}) refuses {sample_rate} Hz in blocks of {block}: "
            f"{reason}; it prefers {device.sample_rate} Hz; try another --sample-rate, --block or "
            "--audio-out"
        )

    @property
    def alive(self) -> bool:
        """Whether the device still plays."""
        with suppress(self._sd.PortAudioError):
            return bool(self._stream.active)
        return False

    @property
    def seconds(self) -> float:
        """The stream's time now, the one that the callback is told."""
        return float(self._stream.time)

    @property
    def latency_seconds(self) -> float:
        """How long samples take to the device's output, as the device says."""
        return float(self._stream.latency)

    @property
    def load(self) -> float:
        """The share of its time that the callback needs, 0…1."""
        return float(self._stream.cpu_load)

    def close(self) -> None:
        """Stop playing."""
        self._stream.close()

    def abandon(self) -> None:
        """Give up a device that has gone.

        A stream whose JACK server died can be neither stopped nor closed, nor can PortAudio be
        ended or look for devices anew. So it stays as it is, and a second PortAudio takes over.
        """
        if self.device.is_jack or not _finishes(self._stream.close, CLOSE_SECONDS):
            _replace_portaudio(self._sd)
        rescan()


def rescan() -> None:
    """Let PortAudio look for devices anew; no stream may be open.

    It finds a JACK server only when it begins.
    """
    sd = load_sounddevice()
    sd._terminate()
    sd._initialize()


def _finishes(function: Callable[[], None], seconds: float) -> bool:
    """Whether a call returns in time; if it doesn't, it is left behind in its thread."""

    def call() -> None:
        with suppress(Exception):
            function()

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


_abandoned: list[Any] = []
"""Libraries with a dead stream inside; their code must stay where it is."""


def _replace_portaudio(sd: Any) -> None:  # noqa: ANN401
    """Load PortAudio once more, beside the one that hangs."""
    path = _library_path(sd)
    _abandoned.append(sd._lib)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        # Under its own name the system would hand out the one that is there.
        copy = shutil.copy(path, folder)
        sd._lib = sd._ffi.dlopen(copy)
    sd._initialized = 0
    sd._initialize()


def _library_path(sd: Any) -> Path:  # noqa: ANN401
    """The file that PortAudio was loaded from."""
    maps = Path("/proc/self/maps")
    if maps.exists():
        for line in maps.read_text().splitlines():
            if "libportaudio" in line and not line.endswith("(deleted)"):
                return Path(line.split(maxsplit=5)[-1])
    return Path(sd._libname)


def _python_callback(playback: Playback) -> Callable[..., None]:
    """The same callback in Python, for a sounddevice that takes no other."""
    compiled = Callback(playback)

    def callback(out: Any, _frames: int, time: Any, status: Any) -> None:  # noqa: ANN401
        compiled(out, time.currentTime, OUTPUT_UNDERFLOW if status.output_underflow else 0)

    return callback
