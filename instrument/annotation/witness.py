"""Who writes down what an engine plays, while it is handled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from instrument.annotation.loudness import Weighting
from instrument.annotation.truth import VOICED_DB, FrameTruth, NoteTruth
from instrument.arrays import Float32, Float64, Int64
from instrument.dsp.frames import hop_of, hop_start
from instrument.engine.engine import Engine
from instrument.engine.observer import Observer
from instrument.engine.table import VoiceNote
from instrument.joins import Join
from instrument.model.spec import InstrumentSpec
from instrument.units import FRAME_RATE

NO_JOIN = "none"


@dataclass(slots=True)
class _Played:
    """A note that is played.

    Attributes:
        note: What its voice was asked for.
        hop: The first whose frame is its own.
        onset: The sample at which its sound begins.
        join: What led into it.
        end: The sample at which it was let go or its line went on; None if neither happened.
    """

    note: VoiceNote
    hop: int
    onset: int
    join: str = NO_JOIN
    end: int | None = None


@dataclass(frozen=True, slots=True)
class _Sounding:
    """Frames [n] in which voices sound: hop by hop, and in them slot by slot."""

    hop: Int64
    slot: Int64
    f0_hz: Float64
    loudness_db: Float32


class Witness(Observer):
    """Writes down the notes and frames of an engine.

    A frame is known when its hop has ended, and is read before the ring has gone round.
    """

    def __init__(self, spec: InstrumentSpec, sample_rate: int) -> None:
        """Have seen nothing of an instrument that is played at a rate in Hz."""
        self._weighting = Weighting(spec, sample_rate)
        self._rate = sample_rate
        self._played: defaultdict[int, list[_Played]] = defaultdict(list)
        self._sounding: list[_Sounding] = []
        self._hop = 0
        self._engine: Engine

    def watch(self, engine: Engine) -> Callable[[], None]:
        """See what an engine plays from its beginning on.

        Returns:
            What is to be called after each block that it has handled.
        """
        self._engine = engine
        engine.observe(self)
        return self._take_frames

    def began(self, slot: int, note: VoiceNote) -> None:
        """A voice has begun at the sample that is handled."""
        sample = self._engine.reached
        self._played[slot].append(_Played(note, hop_of(sample, self._rate), sample))

    def joined(self, slot: int, note: VoiceNote, join: Join) -> None:
        """A voice goes on with another note, in the next frame that is written."""
        line, hop = self._played[slot], int(self._engine.synth.frames.ready[0])
        onset = hop_start(hop, self._rate)
        if line[-1].hop == hop:
            line.pop()  # No frame is its own.
        elif line[-1].end is None:
            line[-1].end = onset
        line.append(_Played(note, hop, onset, join.value))

    def released(self, slot: int) -> None:
        """A voice was let go."""
        self._played[slot][-1].end = self._engine.reached

    def _take_frames(self) -> None:
        frames, end = self._engine.synth.frames, hop_of(self._engine.reached, self._rate)
        hops = np.arange(self._hop, end)
        self._hop = end
        rows = hops % len(frames.voice)
        at, slot = np.nonzero(frames.voice[rows])
        row = rows[at]
        f0_hz = frames.f0_hz[row, slot] * frames.bend[row, slot]
        gain = frames.gain[row, slot] * frames.ease[row, slot, None]
        loudness_db = self._weighting.loudness_db(
            f0_hz, frames.amps[row, slot], frames.noise[row, slot], gain
        )
        self._sounding.append(_Sounding(hops[at], slot, f0_hz, loudness_db))

    # --- the truth ---------------------------------------------------------------------------

    def truth(self, begins: int, samples: int) -> list[tuple[NoteTruth, FrameTruth]]:
        """What is heard in a file: the notes and their frames, by onsets, channels and keys.

        Args:
            begins: Sample of the engine with which the file begins.
            samples: Of the file.
        """
        found = [*self._heard(begins, samples)]
        found.sort(key=lambda each: (each[0].onset_seconds, each[0].channel, each[0].key))
        for number, (_, frames) in enumerate(found):
            frames.note[:] = number
        return found

    def _heard(self, begins: int, samples: int) -> Iterator[tuple[NoteTruth, FrameTruth]]:
        """The same slot by slot; the frames don't know the numbers of their notes yet."""
        whole = _one_after_another(self._sounding)
        for slot, line in self._played.items():
            first, end = np.searchsorted(whole.slot, [slot, slot + 1])
            bounds = first + np.searchsorted(whole.hop[first:end], [each.hop for each in line])
            for played, own in zip(line, pairwise([*bounds, end]), strict=True):
                frames = self._frames(whole, slice(*own), begins, samples)
                if len(frames.note) or 0 <= played.onset - begins < samples:
                    last = int(whole.hop[own[1] - 1]) if own[1] > own[0] else self._hop
                    yield self._note(played, last, begins, samples), frames

    def _note(self, played: _Played, last: int, begins: int, samples: int) -> NoteTruth:
        """A note whose last frame is that of a hop."""
        note, end = played.note, played.end
        if end is None:  # it has faded away, or would go on
            end = hop_start(last + 1, self._rate) if last + 1 < self._hop else begins + samples
        onset = max(played.onset, begins)
        soonest = hop_start(hop_of(onset, self._rate) + 1, self._rate)
        end = min(max(end, soonest), begins + samples)
        return NoteTruth(
            onset_seconds=(onset - begins) / self._rate,
            end_seconds=(end - begins) / self._rate,
            key=note.key,
            velocity=note.velocity,
            channel=note.channel,
            join=played.join,
        )

    def _frames(self, whole: _Sounding, own: slice, begins: int, samples: int) -> FrameTruth:
        """Those of the frames of a note that lie in the file."""
        frame = whole.hop[own] + 1
        sample = -(-frame * self._rate // FRAME_RATE) - begins
        loudness_db = whole.loudness_db[own]
        frames = FrameTruth(
            frame=frame,
            seconds=sample / self._rate,
            note=np.zeros(len(frame), np.int64),
            f0_hz=whole.f0_hz[own],
            loudness_db=loudness_db,
            voiced=loudness_db > VOICED_DB,
        )
        return frames.taken((sample >= 0) & (sample < samples))


def _one_after_another(parts: Sequence[_Sounding]) -> _Sounding:
    """All frames, slot by slot and in them hop by hop."""
    names = ("hop", "slot", "f0_hz", "loudness_db")
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
    order = np.argsort(columns[1], kind="stable")
    return _Sounding(*(column[order] for column in columns))
