"""The feature cache: all that training needs from a folder of recordings, in one ``.npz``.

No pickle: arrays of numbers and of fixed-length strings, and one JSON text for the settings.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
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
from training.data.sounds import EndToEnd, Sounds
from training.reading import ArrayField, DamageError, is_count, is_number, parse_object, read_arrays

FORMAT = 3
FORMAT_WITHOUT_STRETCHES = 2
FORMAT_OF_ONE_PEAK = 1
VALIDATION = 0.1  # share of the recordings that aren't held out
SAMPLE_RATES = 16_000, 96_000  # in Hz, of the audio; multiples of the frame rate

TEXT = ArrayField("<U", ("R",))
FRAME = ArrayField("<i8", ("R",), 0)
START = ArrayField("<i8", ("R+1",), 0)
CENTS, DB = 12_800.0, 300.0  # far beyond what is measured, to both sides
FIELDS = {
    "settings": ArrayField("<U"),
    **dict.fromkeys(("name", "source", "dynamic", "string", "articulation", "group"), TEXT),
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
"""What a file holds: for R recordings, F frames, S samples and W windows …"""

STRETCHES = {
    **dict.fromkeys(("stretch_name", "stretch_source"), ArrayField("<U", ("P",))),
    "stretch_frame_start": ArrayField("<i8", ("P+1",), 0),
    "stretch_f0_hz": ArrayField("<f8", ("G",), 1.0, SAMPLE_RATES[1]),
    "stretch_loudness_db": ArrayField("<f4", ("G",), -DB, DB),
    "stretch_audio_start": ArrayField("<i8", ("P+1",), 0),
    "stretch_audio": ArrayField("<i2", ("T",)),
    "stretch_audio_peak": ArrayField("<f4", ("P",), 0.0, 1e9),
}
"""… and for P stretches of performances, with G frames and T samples."""


def no_stretches() -> dict[str, Any]:
    """The fields of a cache of single notes."""
    return {
        **dict.fromkeys(("stretch_name", "stretch_source"), np.zeros(0, np.str_)),
        **dict.fromkeys(("stretch_frame_start", "stretch_audio_start"), np.zeros(1, np.int64)),
        "stretch_f0_hz": np.zeros(0),
        **dict.fromkeys(("stretch_loudness_db", "stretch_audio"), np.zeros(0, np.float32)),
    }


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(errors="surrogatepass")).digest()


def split(names: Sequence[str], sources: Sequence[str], share: float) -> NDArray[np.bool]:
    """Choose recordings: a fixed share of each source, by hash of name; one of two or more.

    Those of one name are chosen together, and never all of several.
    """
    chosen = np.zeros(len(names), dtype=bool)
    for source in set(sources):
        members = [i for i, s in enumerate(sources) if s == source]
        members.sort(key=lambda i: _digest(names[i]))
        least = 1 if share > 0.0 and len({names[i] for i in members}) > 1 else 0
        some = {names[i] for i in members[: max(least, round(share * len(members)))]}
        if len(members) > 1:
            some.discard(names[members[-1]])
        chosen[[i for i in members if names[i] in some]] = True
    return chosen


def evenly(items: Sequence[int], most: int) -> list[int]:
    """Choose items: at most so many, spread evenly."""
    places = np.linspace(0, len(items) - 1, min(len(items), most)).round().astype(int)
    return [items[place] for place in places]


@dataclass(frozen=True)
class FeatureCache(EndToEnd):
    """Features of R recordings, their frames and samples end to end, and W envelope windows.

    Of performances it holds the notes, and P stretches in which they are played.

    Attributes:
        settings: How it was made, and the sources' licences if the folder named them.
        name, source, dynamic, string, articulation: [R], as labelled.
        group: [R], what it is held out with: its stretch of a performance, or itself.
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
        stretch_name, stretch_source, stretch_frame_start, stretch_f0_hz, stretch_loudness_db,
            stretch_audio_start, stretch_audio: The same of stretches; see ``sounds``.
    """

    settings: dict[str, Any]
    name: NDArray[np.str_]
    source: NDArray[np.str_]
    dynamic: NDArray[np.str_]
    string: NDArray[np.str_]
    articulation: NDArray[np.str_]
    group: NDArray[np.str_]
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
    stretch_name: NDArray[np.str_]
    stretch_source: NDArray[np.str_]
    stretch_frame_start: NDArray[np.int64]
    stretch_f0_hz: Float64
    stretch_loudness_db: Float32
    stretch_audio_start: NDArray[np.int64]
    stretch_audio: Float32

    @property
    def sample_rate(self) -> int:
        """Of the audio, in Hz."""
        return int(self.settings["sample_rate"])

    @property
    def validation(self) -> NDArray[np.bool]:
        """[R], recordings that choose checkpoints and settings: neither fitted nor reported."""
        others = np.flatnonzero(~self.held_out)
        chosen = np.zeros(len(self.name), dtype=bool)
        names, sources = self.group[others].tolist(), self.source[others].tolist()
        chosen[others] = split(names, sources, VALIDATION)
        return chosen

    @property
    def fitted(self) -> NDArray[np.bool]:
        """[R], recordings that networks are fitted to: neither held out nor for validation."""
        return ~(self.held_out | self.validation)

    @property
    def notes(self) -> Sounds:
        """The recordings, as they are."""
        return Sounds(
            self.sample_rate,
            self.name,
            self.source,
            np.zeros(len(self.name), bool),
            self.fitted,
            self.validation,
            self.frame_start,
            self.f0_hz,
            self.loudness_db,
            self.audio_start,
            self.audio,
        )

    @property
    def sounds(self) -> Sounds:
        """What a timbre is refined by: stretches of performances, and notes of other sources."""
        if not len(self.stretch_name):
            return self.notes
        stretches = Sounds(
            self.sample_rate,
            self.stretch_name,
            self.stretch_source,
            np.ones(len(self.stretch_name), bool),
            np.isin(self.stretch_name, self.group[self.fitted]),
            np.isin(self.stretch_name, self.group[self.validation]),
            self.stretch_frame_start,
            self.stretch_f0_hz,
            self.stretch_loudness_db,
            self.stretch_audio_start,
            self.stretch_audio,
        )
        return self.notes.only(~np.isin(self.source, self.stretch_source)).followed_by(stretches)

    def segments(self, recording: int) -> Segments:
        """Onset, release and end of a recording, in its own frames."""
        onset, release, end = (int(x[recording]) for x in (self.onset, self.release, self.end))
        return Segments(onset, release, end)

    def save(self, path: Path) -> None:
        """Write the cache; audio as 16-bit integers against the peak of each recording."""
        arrays = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for kind in ("", "stretch_"):
            packed = _packed(arrays[f"{kind}audio"], arrays[f"{kind}audio_start"])
            arrays[f"{kind}audio"], arrays[f"{kind}audio_peak"] = packed
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
            earlier = one_peak or settings.get("format") == FORMAT_WITHOUT_STRETCHES
            if not earlier and settings.get("format") != FORMAT:
                raise FeatureError(
                    f"{path}: a cache of format {settings.get('format')}; make it anew"
                )
            passed_over = {"settings", *(["audio_peak"] if one_peak else [])}
            passed_over |= {"group"} if earlier else set()
            fields = FIELDS if earlier else FIELDS | STRETCHES
            arrays = read_arrays(path, {n: fields[n] for n in fields.keys() - passed_over})
            if earlier:
                arrays |= no_stretches() | {"group": arrays["name"]}
        except DamageError as error:
            raise FeatureError(f"{path}: not a feature cache ({error}); make it anew") from error
        try:
            _check_settings(settings)
            _check_places(arrays, settings["sample_rate"])
            _check_ends(arrays, settings["sample_rate"], "stretch_")
        except DamageError as error:
            raise FeatureError(f"{path}: contradicts itself ({error}); make it anew") from error
        peak = settings.pop("audio_peak") if one_peak else arrays.pop("audio_peak")
        arrays["audio"] = _unpacked(arrays["audio"], arrays["audio_start"], peak)
        if not earlier:
            peak = arrays.pop("stretch_audio_peak")
            arrays["stretch_audio"] = _unpacked(
                arrays["stretch_audio"], arrays["stretch_audio_start"], peak
            )
        return cls(settings=settings, **arrays)


def _packed(audio: Float32, start: NDArray[np.int64]) -> tuple[NDArray[np.int16], Float32]:
    """Audio as integers against the peak of each recording, and these peaks."""
    spans = [slice(first, last) for first, last in pairwise(start.tolist())]
    peak = np.array([np.abs(audio[span]).max(initial=1e-9) for span in spans], np.float32)
    whole = [np.round(audio[s] * (32767.0 / p)) for s, p in zip(spans, peak, strict=True)]
    return np.concatenate([audio[:0], *whole]).astype(np.int16), peak


def _unpacked(audio: NDArray[np.int16], start: NDArray[np.int64], peak: Any) -> Float32:  # noqa: ANN401
    """Audio from integers, and a peak for each recording or for all of them."""
    counts = np.diff(start)
    scale = np.broadcast_to(np.asarray(peak, np.float32), len(counts)) / 32767.0
    return np.asarray(audio * np.repeat(scale.astype(np.float32), counts), np.float32)


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
    frames, samples = _check_ends(arrays, sample_rate)
    heard = samples > 0
    onset, release, end = (arrays[name] for name in ("onset", "release", "end"))
    if np.any((onset > release) | (release >= end) | (heard & (end > frames))):
        raise DamageError("a note doesn't lie inside its recording")
    if arrays["window_recording"].max(initial=0) >= recordings:
        raise DamageError("a window is of a recording that isn't there")


def _check_ends(
    arrays: dict[str, NDArray[Any]], sample_rate: int, kind: str = ""
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """See that recordings or stretches lie end to end; how many frames and samples each has."""
    counts = []
    for starts, values in (("frame_start", "f0_hz"), ("audio_start", "audio")):
        edges = arrays[kind + starts]
        counts.append(np.diff(edges))
        ended = edges[0] == 0 and edges[-1] == len(arrays[kind + values])
        if not ended or counts[-1].min(initial=0) < 0:
            raise DamageError(f"{kind}{starts} doesn't divide {values} into recordings")
    frames, samples = counts
    if np.any(frames != np.where(samples > 0, 1 + samples * FRAME_RATE // sample_rate, 0)):
        raise DamageError("frames and audio of a recording aren't of one length")
    return frames, samples
