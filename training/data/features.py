"""The feature cache: all that training needs from a folder of recordings, in one ``.npz``.

No pickle: arrays of numbers and of fixed-length strings, and one JSON text for the settings.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float32, Float64
from instrument.errors import FeatureError
from instrument.files import replacing
from instrument.listening.frames import FRAMES
from instrument.listening.segmentation import Segments
from instrument.units import FRAME_RATE
from training.reading import ArrayField, DamageError, is_count, is_number, parse_object, read_arrays

FORMAT = 2
FORMAT_OF_ONE_PEAK = 1
VALIDATION = 0.1  # share of the recordings that aren't held out
SAMPLE_RATES = 16_000, 96_000  # in Hz, of the audio; multiples of the frame rate

TEXT = ArrayField("<U", ("R",))
FRAME = ArrayField("<i8", ("R",), 0)
START = ArrayField("<i8", ("R+1",), 0)
CENTS, DB = 12_800.0, 300.0  # far beyond what is measured, to both sides
FIELDS = {
    "settings": ArrayField("<U"),
    **dict.fromkeys(("name", "source", "dynamic", "string", "articulation"), TEXT),
    "midi": ArrayField("<i8", ("R",), 0, 127),
    "held_out": ArrayField("|b1", ("R",)),
    "tuning_cents": ArrayField("<f4", ("R",), -CENTS, CENTS),
    "level_db": ArrayField("<f4", ("R",), -DB, DB),
    "gain_db": ArrayField("<f4", ("R",), -DB, DB),
    **dict.fromkeys(("onset", "release", "end"), FRAME),
    "frame_start": START,
    "f0_hz": ArrayField("<f8", ("F",), 1.0, SAMPLE_RATES[1]),
    "loudness_db": ArrayField("<f4", ("F",), -DB, DB),
    "audio_start": START,
    "audio": ArrayField("<i2", ("S",)),
    "audio_peak": ArrayField("<f4", ("R",), 0.0, 1e9),
    "window_recording": ArrayField("<i8", ("W",), 0),
    "window_cents": ArrayField("<f4", ("W", FRAMES), -CENTS, CENTS),
    "window_db": ArrayField("<f4", ("W", FRAMES), -DB, DB),
    "window_mask": ArrayField("|b1", ("W", FRAMES)),
}
"""What a file holds: for R recordings, F frames, S samples and W windows."""


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(errors="surrogatepass")).digest()


def split(names: Sequence[str], sources: Sequence[str], share: float) -> NDArray[np.bool]:
    """Choose recordings: a fixed share of each source, by hash of name; one of two or more."""
    chosen = np.zeros(len(names), dtype=bool)
    for source in set(sources):
        members = [i for i, s in enumerate(sources) if s == source]
        members.sort(key=lambda i: _digest(names[i]))
        least = 1 if share > 0.0 and len(members) > 1 else 0
        chosen[members[: max(least, round(share * len(members)))]] = True
    return chosen


def evenly(items: Sequence[int], most: int) -> list[int]:
    """Choose items: at most so many, spread evenly."""
    places = np.linspace(0, len(items) - 1, min(len(items), most)).round().astype(int)
    return [items[place] for place in places]


@dataclass(frozen=True)
class FeatureCache:
    """Features of R recordings, their frames and samples end to end, and W envelope windows.

    Attributes:
        settings: How it was made, and the sources' licences if the folder named them.
        name, source, dynamic, string, articulation: [R], as labelled.
        midi: [R], the labelled pitch.
        held_out: [R], whether it is kept for evaluation.
        tuning_cents: [R], the intonation that was taken out of ``cents``.
        level_db: [R], median loudness of the sustain, after ``gain_db``.
        gain_db: [R], what brings its source to a common level; already in loudness and audio.
        onset, release, end: [R], frame indices inside the recording.
        frame_start: [R + 1], where its frames begin in ``f0_hz`` and ``loudness_db``.
        f0_hz, loudness_db: [all frames].
        audio_start: [R + 1], where its samples begin in ``audio``.
        audio: [all samples], mono at ``settings["sample_rate"]``.
        window_recording: [W], the recording that a window is from.
        window_cents: [W, 750], deviation from the nominal pitch.
        window_db: [W, 750], loudness against the recording's level.
        window_mask: [W, 750], which frames were measured; the others are a continuation.
    """

    settings: dict[str, Any]
    name: NDArray[np.str_]
    source: NDArray[np.str_]
    dynamic: NDArray[np.str_]
    string: NDArray[np.str_]
    articulation: NDArray[np.str_]
    midi: NDArray[np.int64]
    held_out: NDArray[np.bool]
    tuning_cents: Float32
    level_db: Float32
    gain_db: Float32
    onset: NDArray[np.int64]
    release: NDArray[np.int64]
    end: NDArray[np.int64]
    frame_start: NDArray[np.int64]
    f0_hz: Float64
    loudness_db: Float32
    audio_start: NDArray[np.int64]
    audio: Float32
    window_recording: NDArray[np.int64]
    window_cents: Float32
    window_db: Float32
    window_mask: NDArray[np.bool]

    @property
    def sample_rate(self) -> int:
        """Of the audio, in Hz."""
        return int(self.settings["sample_rate"])

    @property
    def validation(self) -> NDArray[np.bool]:
        """[R], recordings that choose checkpoints and settings: neither fitted nor reported."""
        others = np.flatnonzero(~self.held_out)
        chosen = np.zeros(len(self.name), dtype=bool)
        chosen[others] = split(self.name[others].tolist(), self.source[others].tolist(), VALIDATION)
        return chosen

    @property
    def fitted(self) -> NDArray[np.bool]:
        """[R], recordings that networks are fitted to: neither held out nor for validation."""
        return ~(self.held_out | self.validation)

    def frames(self, recording: int) -> slice:
        """Where the frames of a recording lie in ``f0_hz`` and ``loudness_db``."""
        return slice(int(self.frame_start[recording]), int(self.frame_start[recording + 1]))

    def samples(self, recording: int) -> slice:
        """Where the samples of a recording lie in ``audio``."""
        return slice(int(self.audio_start[recording]), int(self.audio_start[recording + 1]))

    def check_audio(self) -> None:
        """See that there is something to hear of each recording.

        Raises:
            FeatureError: There isn't.
        """
        if np.any(np.diff(self.audio_start) == 0):
            raise FeatureError("the features hold no audio; make them with 'arco train prepare'")

    def segments(self, recording: int) -> Segments:
        """Onset, release and end of a recording, in its own frames."""
        onset, release, end = (int(x[recording]) for x in (self.onset, self.release, self.end))
        return Segments(onset, release, end)

    def save(self, path: Path) -> None:
        """Write the cache; audio as 16-bit integers against the peak of each recording."""
        arrays = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        spans = [self.samples(recording) for recording in range(len(self.name))]
        peak = np.array([np.abs(self.audio[span]).max(initial=1e-9) for span in spans], np.float32)
        whole = [np.round(self.audio[s] * (32767.0 / p)) for s, p in zip(spans, peak, strict=True)]
        arrays["audio"] = np.concatenate(whole).astype(np.int16)
        arrays["audio_peak"] = peak
        arrays["settings"] = np.array(json.dumps({**self.settings, "format": FORMAT}))
        with replacing(path) as beside, beside.open("wb") as stream:
            np.savez(stream, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a cache.

        Raises:
            FeatureError: It isn't there, is broken, or was made by another version.
        """
        if not path.exists():
            raise FeatureError(f"{path}: no such feature cache; make it with 'arco train prepare'")
        try:
            said = read_arrays(path, {"settings": FIELDS["settings"]})["settings"]
            settings = parse_object(str(said))
            one_peak = settings.get("format") == FORMAT_OF_ONE_PEAK
            if not one_peak and settings.get("format") != FORMAT:
                raise FeatureError(
                    f"{path}: a cache of format {settings.get('format')}; make it anew"
                )
            passed_over = {"settings", "audio_peak"} if one_peak else {"settings"}
            fields = {name: field for name, field in FIELDS.items() if name not in passed_over}
            arrays = read_arrays(path, fields)
        except DamageError as error:
            raise FeatureError(f"{path}: not a feature cache ({error}); make it anew") from error
        try:
            _check_settings(settings)
            _check_places(arrays, settings["sample_rate"])
        except DamageError as error:
            raise FeatureError(f"{path}: contradicts itself ({error}); make it anew") from error
        peak = settings.pop("audio_peak") if one_peak else arrays.pop("audio_peak")
        scale = np.broadcast_to(np.asarray(peak, np.float32), len(arrays["name"])) / 32767.0
        counts = np.diff(arrays["audio_start"])
        arrays["audio"] = arrays["audio"] * np.repeat(scale.astype(np.float32), counts)
        return cls(settings=settings, **arrays)


def _check_settings(settings: dict[str, Any]) -> None:
    least, most = SAMPLE_RATES
    rate: Any = settings.get("sample_rate")
    if not is_count(rate, least, most) or rate % FRAME_RATE:
        raise DamageError(f"a sample rate of {rate!r}")
    one_peak = settings["format"] == FORMAT_OF_ONE_PEAK
    if one_peak and not is_number(settings.get("audio_peak"), 1e-9, 1e9):
        raise DamageError(f"a peak of the audio of {settings.get('audio_peak')!r}")
    if not isinstance(settings.get("instrument", ""), str):
        raise DamageError("an instrument that is no text")


def _check_places(arrays: dict[str, NDArray[Any]], sample_rate: int) -> None:
    """See that recordings lie end to end, and that whatever points at one points into it."""
    recordings = len(arrays["name"])
    if not recordings:
        raise DamageError("it holds no recordings")
    counts = {}
    for starts, values in (("frame_start", "f0_hz"), ("audio_start", "audio")):
        edges = arrays[starts]
        counts[starts] = np.diff(edges)
        if edges[0] != 0 or edges[-1] != len(arrays[values]) or counts[starts].min() < 0:
            raise DamageError(f"{starts} doesn't divide {values} into recordings")
    frames, samples = counts["frame_start"], counts["audio_start"]
    heard = samples > 0
    if np.any(frames != np.where(heard, 1 + samples * FRAME_RATE // sample_rate, 0)):
        raise DamageError("frames and audio of a recording aren't of one length")
    onset, release, end = (arrays[name] for name in ("onset", "release", "end"))
    if np.any((onset > release) | (release >= end) | (heard & (end > frames))):
        raise DamageError("a note doesn't lie inside its recording")
    if arrays["window_recording"].max(initial=0) >= recordings:
        raise DamageError("a window is of a recording that isn't there")
