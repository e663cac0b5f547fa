"""Envelope curves: split, released, slid and continued, frame by frame.

A voice reads three curves at a moving position. Whatever happens to its note is an edit of the
curves that lie ahead, never a switch: so no step of pitch or level is larger than a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from instrument.arrays import Envelope, Float32, Float64, median
from instrument.dsp import curves as compiled
from instrument.dsp.curves import FALL_DB_PER_FRAME, FourCurves

FALL_FRAMES = 250
"""Frames behind the decoded release, in which it falls on into silence."""

RELEASE_DB_PER_FRAME = 0.25
"""A release falls by at least 20 dB in 320 ms."""

HEARD_END_DB = 3.0
"""What a release has fallen by when it is heard: 8 ms after the key at the latest."""

GLIDE_FRAMES = 9
"""A release reaches its own pitch in 36 ms."""

_LEAD = np.linspace(1.0, 0.0, GLIDE_FRAMES, endpoint=False, dtype=np.float32)

SUSTAIN_FRAME = 60
"""From here on a decoded envelope is sustain: 40 ms beyond what was learned as its attack."""

SUSTAIN_WITHIN_DB, ONE_BOW_WITHIN_DB = 3.0, 1.0
"""An attack is left out up to so far below the sustain: of a new bow, and of one that goes on."""

CALM_CENTS, CALM_FRAMES = 25.0, 30
"""A note that is joined may deviate so far anyway; from where it is calm it is led on over so many
frames."""

NEAREST_MATCHES = 12
"""A held note goes on where its next vibrato matches best, or next to best, and so on."""


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves ahead of one voice, [frames + 250] each; edited in place.

    Attributes:
        slow_cents: Deviation from the nominal pitch without vibrato.
        vibrato_cents: The vibrato.
        loudness_db: A-weighted loudness.
        left_cents: What of the vibrato is still in ``slow_cents``: rates beside 5.5 Hz leave some.
    """

    slow_cents: Float32
    vibrato_cents: Float32
    loudness_db: Float32
    left_cents: Float32

    @classmethod
    def empty(cls, frames: int) -> Curves:
        """Curves of silence, for envelopes of ``frames`` frames."""
        length = frames + FALL_FRAMES
        return cls(*(np.zeros(length, dtype=np.float32) for _ in range(4)))

    def write(self, envelope: Envelope, release_frame: int) -> None:
        """Take over a decoded envelope: its pitch split in two, its release carried to silence."""
        compiled.write(envelope.cents, envelope.loudness_db, self.all, release_frame)

    @property
    def all(self) -> FourCurves:
        """All four."""
        return self.slow_cents, self.vibrato_cents, self.loudness_db, self.left_cents

    def copy_from(self, other: Curves) -> None:
        """Take over other curves of the same length."""
        for own, others in zip(self.all, other.all, strict=True):
            own[:] = others

    def level_at(self, position: float) -> float:
        """Loudness in dB at a (fractional) position."""
        return _at(self.loudness_db, position)

    def cents_at(self, position: float, vibrato: float) -> float:
        """Deviation from the nominal pitch at a position, with 0…1 times the vibrato."""
        own = _at(self.slow_cents, position) + vibrato * _at(self.vibrato_cents, position)
        return own - (1.0 - vibrato) * _at(self.left_cents, position)


def _at(curve: Float32, position: float) -> float:
    frame = int(position)
    part = position - frame
    return float(curve[frame] * (1.0 - part) + curve[frame + 1] * part)


def release(
    curves: Curves,
    position: float,
    release_frame: int,
    vibrato: float = 1.0,
    speed: float = 1.0,
) -> float:
    """Let the release follow what sounds at a position, from the same pitch, a little fallen.

    Args:
        curves: Edited in place from ``release_frame`` on.
        position: Of what sounds.
        release_frame: Where the voice is to go on.
        vibrato: How many times its own vibrato the note sounds with; its release has none.
        speed: How many times faster than in the recordings it falls.

    Returns:
        How far it has fallen there, in dB.
    """
    level = curves.level_at(position)
    curves.loudness_db[release_frame:] += level - curves.loudness_db[release_frame]
    cents = curves.cents_at(position, vibrato)
    ahead = slice(release_frame, release_frame + GLIDE_FRAMES)
    curves.slow_cents[ahead] += _LEAD * (cents - curves.slow_cents[release_frame])
    # A release never swells, and however slowly the recording died away, it ends.
    ending = curves.loudness_db[release_frame:]
    ending[:] = level + speed * (ending - level)
    slowest = level - speed * RELEASE_DB_PER_FRAME * np.arange(len(ending), dtype=np.float32)
    ending[:] = np.minimum.accumulate(np.minimum(ending, slowest))
    # What follows a key that came up is heard at once, and not when the recorded bow has left.
    skipped = int(np.argmax(ending <= level - HEARD_END_DB))
    behind = ending[-1] - speed * FALL_DB_PER_FRAME * np.arange(1, skipped + 1, dtype=np.float32)
    ending[:] = np.concatenate((ending[skipped:], behind))
    return level - float(ending[0])


def legato_entry(curves: Curves, release_frame: int, within_db: float = SUSTAIN_WITHIN_DB) -> int:
    """The frame at which an attack has come near the sustain: where a line enters."""
    sustained = median(curves.loudness_db[SUSTAIN_FRAME:release_frame])
    risen = curves.loudness_db[:SUSTAIN_FRAME] >= sustained - within_db
    return int(np.argmax(risen)) if risen.any() else SUSTAIN_FRAME


def calm(curves: Curves, entry: int, release_frame: int) -> None:
    """Let the pitch go astray behind an entry no farther than it does in the sustain.

    What went wrong in a recorded attack, since the string was at rest, goes right in a join.
    """
    swing = np.abs(
        curves.slow_cents[entry:release_frame] + curves.vibrato_cents[entry:release_frame]
    )
    settled = SUSTAIN_FRAME + CALM_FRAMES
    most = max(float(swing[settled:].max()), CALM_CENTS)
    farthest = float(swing[:settled].max())
    if farthest > most:
        weight = np.full(settled, most / farthest, dtype=np.float32)
        weight[-CALM_FRAMES:] = np.linspace(weight[0], 1.0, CALM_FRAMES, dtype=np.float32)
        curves.slow_cents[entry : entry + settled] *= weight
        curves.vibrato_cents[entry : entry + settled] *= weight
        curves.left_cents[entry : entry + settled] *= weight


@lru_cache(256)
def half_cosine(frames: int) -> Float64:
    """From just below 1 to 0, [frames]."""
    left: Float64 = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, frames + 1) / frames)
    return left


def slide(curves: Curves, first: int, cents: float, frames: int) -> None:
    """Bend the pitch so that it comes from ``cents`` beside it, on half a cosine.

    Args:
        curves: Edited in place from frame ``first`` on.
        first: Frame.
        cents: Of the beginning.
        frames: Until nothing is left of it.
    """
    ahead = curves.slow_cents[first : first + frames]
    ahead += (half_cosine(frames)[: len(ahead)] * cents).astype(np.float32)


def stretch_attack(curves: Curves, times: float, release_frame: int) -> int:
    """Let the level reach its sustain in so many times the time.

    Args:
        curves: Edited in place up to the release.
        times: Above 0.
        release_frame: Where nothing is moved any more.

    Returns:
        A frame at which it is reached now: the first, unless nothing is moved.
    """
    if times == 1.0:
        return SUSTAIN_FRAME
    reached = legato_entry(curves, release_frame)
    if reached == 0:
        return reached
    wanted = min(max(1, round(times * reached)), release_frame // 2)
    ways = [0, wanted, release_frame], [0, reached, release_frame]
    frames = np.arange(release_frame)
    before = curves.loudness_db[:release_frame].copy()
    curves.loudness_db[:release_frame] = np.interp(np.interp(frames, *ways), frames, before)
    return wanted


def splice(
    old: Curves, position: int, new: Curves, release_frame: int, rng: np.random.Generator
) -> tuple[int, float]:
    """Go on with a held note in the sustain of a new envelope.

    The entry is drawn from those at which the new vibrato moves most as the old one does, see
    ``dsp.curves``.

    Args:
        old: What sounds.
        position: The frame from which the new curves take over.
        new: Edited in place.
        release_frame: Frames before it are sustain.
        rng: Decides among the good entries.

    Returns:
        The frame of ``new`` at which to go on, and by how many dB it was raised there: less and
        less until the release.
    """
    entries = range(SUSTAIN_FRAME, release_frame // 2 + 1)
    rank = int(rng.integers(min(NEAREST_MATCHES, len(entries))))
    return compiled.splice(old.all, new.all, position, entries, release_frame, rank)
