"""An instrument in the hands of a program: notes to samples, files to files, block by block."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import numpy as np

from instrument.arrays import Envelope, Float32, Float64
from instrument.engine.engine import Engine, starting_point
from instrument.engine.envelopes import NoteEnvelopes
from instrument.engine.places import Places
from instrument.engine.table import VoiceNote, VoiceTable
from instrument.errors import RecordingError, UsageError
from instrument.listening.audio import read_note
from instrument.listening.example import LONGEST_SECONDS, SAMPLE_RATES_HZ, Example, listen
from instrument.midi.breath import check_breath
from instrument.midi.controllers import AXIS_CONTROLLERS
from instrument.midi.events import Note
from instrument.midi.layouts import layout_of, read_controls
from instrument.midi.score import NOTE_LIMITS, read_score, score_of_notes
from instrument.model.catalogue import find_instrument
from instrument.model.dynamics import Dynamics
from instrument.model.graphs import Instrument, load_instrument
from instrument.model.latent import KNOBS, LatentSpace
from instrument.model.spec import InstrumentSpec
from instrument.render import (
    Length,
    RenderSettings,
    check_output,
    render_files,
    render_score,
)
from instrument.report import RenderReport
from instrument.settings import POSITION, Chosen, EngineSettings, Limits, Outside
from instrument.stream import LONGEST_ARRAY, Stream

if TYPE_CHECKING:
    from instrument.corpus.loading import CorpusItem, CorpusOptions, Paths

NUMBER = Limits(0, 2**32, whole=True)
"""Of the notes that a channel had before."""


def load(name: str | PathLike[str] = "violin") -> Player:
    """Load an instrument.

    Args:
        name: Of one that ships with Arco, or the folder of an exported one, which comes first; a
            warning says so if it hides one that ships.

    Raises:
        UnknownName: There is none of this name; the message offers near ones.
        InstrumentError: It is missing, edited, or of another format.
    """

    def warn(sentence: str) -> None:
        warnings.warn(sentence, stacklevel=4)

    return Player(load_instrument(find_instrument(str(name), warn)))


class Player:
    """An instrument that was loaded.

    What is chosen by keyword is named as in ``EngineSettings``: seed, voices, sample_rate,
    room_gain, humanize, preset, knobs, joins, velocity_joins, controls, bend_range, mode. Every
    method raises ``UnknownName`` for a preset or knob that the instrument doesn't have, and
    ``UsageError`` for a value outside its range.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument

    @property
    def spec(self) -> InstrumentSpec:
        """What the instrument says of itself."""
        return self._instrument.spec

    @property
    def presets(self) -> list[str]:
        """Names of its presets; the first one plays if none is chosen."""
        return [preset.name for preset in self.spec.presets]

    @property
    def knobs(self) -> dict[str, int]:
        """Names of its knobs, and the MIDI controllers that turn them."""
        names = (axis.name for axis in self.spec.axes)
        return dict(zip(names, AXIS_CONTROLLERS, strict=False))

    def render(
        self,
        notes: Iterable[Note],
        *,
        tail_seconds: float | None = None,
        outside: str = "play",
        **chosen: Unpack[Chosen],
    ) -> Float32:
        """Render notes to samples.

        Args:
            notes: In any order.
            tail_seconds: What follows the last note's end, 0…3600, to the sample; until it is
                silent, at most 10 s, if None.
            outside: What to do with notes outside the instrument's range: "play", "fold" (by
                octaves into it) or "skip".
            chosen: Settings of the engine.

        Returns:
            [2, samples], left and right, at 48 kHz unless another ``sample_rate`` is chosen.

        Raises:
            UsageError: There are no notes, or they last longer than an array of 4 GiB.
        """
        score = score_of_notes(notes)
        settings = RenderSettings().chosen(tail_seconds, Outside.of(outside), **_read(chosen))
        samples = Length.of(score, settings).most
        if samples > LONGEST_ARRAY:
            hours = samples / settings.engine.sample_rate / 3600
            raise UsageError(f"{hours:.1f} hours are too long for one array; render parts of it")
        check_breath(score, layout_of(settings.engine.controls))
        blocks = [np.zeros((2, 0), np.float32)]
        render_score(self._instrument, score, settings, blocks.append)
        return np.concatenate(blocks, axis=1)

    def render_file(
        self,
        song: str | PathLike[str],
        output: str | PathLike[str],
        *,
        bits: int = 24,
        stems: str | PathLike[str] | None = None,
        tail_seconds: float | None = None,
        outside: str | None = None,
        progress: Callable[[float], None] = lambda _share: None,
        **chosen: Unpack[Chosen],
    ) -> RenderReport:
        """Render a MIDI file into a sound file; a take sounds as it was played.

        Args:
            song: The .mid file.
            output: The .wav or .flac file to write.
            bits: A sample: 16, 24 or, in a .wav, 32 of floating point.
            stems: Folder of one more file for each MIDI channel.
            tail_seconds: What follows the song's end, 0…3600, to the sample; with 0 it can be
                looped. The song ends with its file, unless that is over a minute behind the last
                note's end. If None, what can be heard follows that, at most 10 s.
            outside: What to do with notes outside the instrument's range: "play", "fold" (by
                octaves into it) or "skip"; if None, those more than an octave below are left out.
                A take's are played.
            progress: Called with the share that is done, 0…1.
            chosen: Settings of the engine.

        Raises:
            MidiFileError: The song can't be read or has no notes.
            OutputError: A file can't be written.
        """
        score, path = read_score(Path(song)), Path(output)
        folder = None if stems is None else Path(stems)
        beyond = None if outside is None else Outside.of(outside)
        settings = RenderSettings.of(score).chosen(tail_seconds, beyond, **_read(chosen))
        check_output(path, bits, score, settings, folder, Path(song))
        return render_files(self._instrument, score, settings, path, bits, folder, progress)

    def corpus(
        self,
        scores: Paths,
        *,
        variants: int = 1,
        seed: int = 0,
        part: tuple[int, int] = (0, 1),
        **options: Unpack[CorpusOptions],
    ) -> Iterator[CorpusItem]:
        """Render variants of scores with their notes, pitch and loudness, see ``corpus_items``."""
        from instrument.corpus.loading import corpus_items  # noqa: PLC0415 (only this needs it)

        return corpus_items(self._instrument, scores, variants, seed, part, **options)

    def stream(self, **chosen: Unpack[Chosen]) -> Stream:
        """Begin to play block by block, at 48 kHz with 16 voices if nothing else is chosen."""
        return Stream(Engine(self._instrument, replace(EngineSettings(), **_read(chosen))))

    def envelope(
        self, key: int, velocity: int = 80, *, number: int = 0, **chosen: Unpack[Chosen]
    ) -> Envelope:
        """Decode the envelope that a note is played with.

        Args:
            key: MIDI note, 0…127.
            velocity: 1…127.
            number: How many notes its channel, the first one, had before it; each one differs.
            chosen: Settings of the engine: preset, knobs, seed and humanize count.

        Returns:
            cents from the key's pitch and loudness in dB, [750] each, 250 a second.
        """
        for name, value in (("key", key), ("velocity", velocity)):
            NOTE_LIMITS[name].check(name, value)
        NUMBER.check("number", number)
        settings = replace(EngineSettings(), **chosen)
        return _decoded(self._instrument, key, velocity, number, settings)

    def encode(
        self, audio: Float32 | Float64, sample_rate: int, *, loudness: float | None = None
    ) -> Example:
        """Find where a recorded note lies in the latent space, so that others are played as it was.

        Args:
            audio: [samples] or [channels, samples], floats with full scale ±1: one note. What lies
                behind 30 s isn't heard.
            sample_rate: In Hz, 8000…192000.
            loudness: The quantile of the training notes' loudness to place it at, 0…1; by its level
                if None.

        Raises:
            RecordingError: It isn't one note with a pitch; the message says why.
            InstrumentError: The instrument has no encoder.
        """
        samples = np.asarray(audio)
        if samples.ndim not in (1, 2) or not np.issubdtype(samples.dtype, np.floating):
            raise UsageError("audio should be floats, [samples] or [channels, samples]")
        Limits(*SAMPLE_RATES_HZ, unit=" Hz").check("sample rate", sample_rate)
        if loudness is not None:
            POSITION.check("loudness", loudness)
        mono = samples if samples.ndim == 1 else samples.mean(axis=0)
        return listen(self._instrument, mono.astype(np.float32), sample_rate, loudness)

    def encode_file(
        self, recording: str | PathLike[str], *, loudness: float | None = None
    ) -> Example:
        """The same of a sound file, of any usual format and rate.

        Raises:
            RecordingError: It can't be read, or isn't one note.
        """
        rate = self.spec.sample_rate
        audio = read_note(Path(recording), rate, LONGEST_SECONDS).audio
        try:
            return self.encode(audio, rate, loudness=loudness)
        except RecordingError as error:
            raise RecordingError(f"{recording}: {error}") from error

    def __repr__(self) -> str:
        low, high = self.spec.pitch_range
        return (
            f"<{self.spec.name} {self.spec.digest}: MIDI {low} to {high}; "
            f"presets {', '.join(self.presets)}; knobs {', '.join(self.knobs)}>"
        )

    def _repr_html_(self) -> str:
        """The same as a table, for notebooks."""
        low, high = self.spec.pitch_range
        rows = {
            "range": f"MIDI {low} to {high}",
            "presets": ", ".join(self.presets),
            "knobs": ", ".join(self.knobs),
            "digest": self.spec.digest,
        }
        cells = "".join(f"<tr><th>{name}</th><td>{escape(v)}</td></tr>" for name, v in rows.items())
        return f"<table><caption>{escape(self.spec.name)}</caption>{cells}</table>"


def _read(chosen: Chosen) -> Chosen:
    """What is chosen, with the table of a layout in the place of its file's path."""
    controls = chosen.get("controls")
    if isinstance(controls, str):
        chosen["controls"] = read_controls(controls)
    return chosen


def _decoded(
    instrument: Instrument, key: int, velocity: int, number: int, settings: EngineSettings
) -> Envelope:
    """The envelope of a note that its channel had so many before."""
    spec = instrument.spec
    preset, knobs = starting_point(spec, settings)
    positions = np.full((1, KNOBS), np.nan)
    for axis, position in knobs.items():
        positions[0, axis] = position
    table = VoiceTable(spec, 1, KNOBS)
    latents = LatentSpace(spec, settings.seed, settings.humanize)
    envelopes = NoteEnvelopes(table, instrument, latents, positions, Places(spec))
    loudness = Dynamics(spec.loudness_db).quantile(velocity)
    table.notes[0] = VoiceNote(0, key, loudness, preset, number)
    envelopes.begin(0, before=None)
    (envelope,) = envelopes.decode(np.zeros(1, np.int64))
    return envelope
