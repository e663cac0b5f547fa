"""Presets by example: recordings of notes that were dropped on the page."""

from __future__ import annotations

import asyncio
import io
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import soundfile

from instrument.arrays import Float32
from instrument.errors import RecordingError, UsageError
from instrument.files import temporary_folder
from instrument.listening.audio import read_note
from instrument.listening.example import LONGEST_SECONDS, Example, listen
from instrument.model.graphs import Instrument
from instrument.ui.curves import STEP, short
from instrument.ui.keys import velocities_of
from instrument.ui.presets import CONTROLS, OwnPreset, OwnPresets, free_name, tidied

LARGEST = 32 << 20
"""Bytes of a recording: half a minute of the largest samples."""

SENDING_SECONDS = 60.0
LISTENING_SECONDS = 60.0
MOST_WAITING = 4
"""Recordings at once, those that are still being sent among them."""

MOST_HEARD = 8
"""Recordings that stay to be heard beside what Arco makes of them."""

KIND = "audio/wav"


@dataclass(frozen=True)
class Heard:
    """A recording that was understood.

    Attributes:
        example: What was heard.
        velocity: As loud as it was placed.
        sound: Of the recording, a .wav file, 16 bits.
        seconds: How long it is.
    """

    example: Example
    velocity: int
    sound: bytes
    seconds: float


class Examples:
    """Listens to recordings, one after the other, and keeps each as a preset.

    Analysis takes a second or so: it is done in a thread, so that what is dragged meanwhile moves.
    """

    def __init__(self, instrument: Instrument, own: OwnPresets, tell: Callable[[], None]) -> None:
        """Have heard nothing.

        Args:
            instrument: That places them.
            own: The player's presets.
            tell: Is called when there is a new one.
        """
        self._instrument = instrument
        self._own = own
        self._tell = tell
        self._heard: dict[tuple[float, ...], Heard] = {}
        self._one = asyncio.Lock()
        self._waiting = 0

    async def take(self, file_name: str, read: Callable[[], Awaitable[bytes]]) -> str:
        """Listen to a recording and keep it as a preset, whose name is returned.

        Args:
            file_name: Whatever the page calls it.
            read: Gives what is in it, ``LARGEST`` bytes at most. It is asked only if there is room.

        Raises:
            ArcoError: It isn't one note, or can't be kept; in a sentence for whoever plays.
        """
        if self._waiting >= MOST_WAITING:
            raise UsageError("others are still being listened to: try again")
        self._waiting += 1
        try:
            content = await asyncio.wait_for(read(), SENDING_SECONDS)
            async with self._one:
                work = asyncio.to_thread(self._listen, content)
                heard = await asyncio.wait_for(work, LISTENING_SECONDS)
        except TimeoutError:
            raise RecordingError("it took too long to send it or to listen to it") from None
        finally:
            self._waiting -= 1
        name = self._free_name(file_name)
        note = heard.example.key, heard.velocity
        preset = OwnPreset.at(name, heard.example.latent, note)
        self._own.keep(preset)
        self._heard[preset.latent] = heard
        while len(self._heard) > MOST_HEARD:
            del self._heard[next(iter(self._heard))]
        self._tell()
        return name

    def of(self, preset: OwnPreset) -> dict[str, Any] | None:
        """What pages are told of a preset's recording, as it can be written as JSON.

        None if it wasn't made from one since the page is served.
        """
        heard = self._heard.get(preset.latent)
        return None if heard is None else _described(heard)

    def sound(self, name: str) -> tuple[bytes, str] | None:
        """The recording of a preset and its type, likewise."""
        latents = [preset.latent for preset in self._own.found if preset.name == name]
        heard = self._heard.get(latents[0]) if latents else None
        return None if heard is None else (heard.sound, KIND)

    def _listen(self, content: bytes) -> Heard:
        spec = self._instrument.spec
        rate = spec.sample_rate
        with temporary_folder() as folder:
            file = folder / "recording"
            file.write_bytes(content)
            try:
                audio = read_note(file, rate, LONGEST_SECONDS + 1.0).audio
            except RecordingError as error:
                raise RecordingError(str(error).removeprefix(f"{file}: ")) from None
        if len(audio) > LONGEST_SECONDS * rate:
            raise RecordingError(f"it is longer than {LONGEST_SECONDS:g} s: one note is enough")
        example = listen(self._instrument, audio, rate)
        (velocity,) = velocities_of(spec, [example.loudness])
        return Heard(example, velocity, _wav(audio, rate), len(audio) / rate)

    def _free_name(self, file_name: str) -> str:
        """A preset's name for a file: its own without the ending, and a number if it is taken."""
        stem = tidied(PurePath(file_name.replace("\\", "/")).stem)
        bare = "".join(c for c in stem if unicodedata.category(c) not in CONTROLS).strip()
        return free_name(bare or "recording", {preset.name for preset in self._own.found})


def _described(heard: Heard) -> dict[str, Any]:
    example = heard.example
    measured = example.measured[::STEP]
    return {
        "key": example.key,
        "velocity": heard.velocity,
        "tuning": round(example.tuning_cents),
        "vibrato": round(example.described["vibrato_cents"], 1),
        "seconds": round(heard.seconds, 1),
        "cents_error": round(example.cents_error, 1),
        "level_error_db": round(example.loudness_error_db, 1),
        "cents": _where(example.recorded.cents, measured),
        "level_db": _where(example.recorded.loudness_db, measured),
    }


def _where(curve: Float32, measured: np.ndarray[Any, np.dtype[np.bool]]) -> list[float | None]:
    """A curve as a page draws it, where it was measured."""
    return [value if there else None for value, there in zip(short(curve), measured, strict=True)]


def _wav(audio: Float32, sample_rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.clip(audio, -1.0, 1.0), sample_rate, "PCM_16", format="WAV")
    return file.getvalue()
