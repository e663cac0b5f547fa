"""One bow on two strings, and one hand: voices that share their level and their vibrato."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32
from instrument.engine.curves import SUSTAIN_FRAME
from instrument.engine.joins import Led
from instrument.engine.table import VoiceTable

BALANCE_DB = 3.0
"""Of two strings in one bow, one is so much louder at most, whatever their keys' velocities."""

ENTERS_FRAMES, GOES_ON_FRAMES = 15, 10
"""How soon a string joins the bow that moves already, and one that sounds follows a slur beside."""

HAND_FRAMES = 75
"""How soon a finger that comes down moves with the hand's vibrato."""


class _Link(NamedTuple):
    """A voice that follows another one.

    Attributes:
        leader: Slot of the other.
        balance_db: How much louder it is.
        begins: The frame of the table's time from which on it does.
    """

    leader: int
    balance_db: float
    begins: float


class Bows:
    """Which voices share a bow, and which a hand.

    What a voice follows is written into its curves ahead, before frames are read from them. So
    whatever ends that, the voice goes on from where it is.
    """

    def __init__(self, table: VoiceTable) -> None:
        """Let each voice of a table have its own."""
        self._table = table
        self._levels: dict[int, _Link] = {}
        self._vibratos: dict[int, _Link] = {}

    def begin(self, slot: int, beside: int | None, at: float) -> None:
        """A voice begins, by itself or beside one that sounds, or begins with it.

        Args:
            slot: Its curves are written.
            beside: The slot of the other.
            at: The next frame of its curves that will be read by ``write``.
        """
        self.leave(slot)
        table = self._table
        if beside is None:
            return
        curves, other = table.curves[slot], table.curves[beside]
        together = float(table.position[beside]) == at
        first = int(table.position[beside])
        sustained = slice(SUSTAIN_FRAME, table.release_frame)
        ahead = slice(max(min(first, table.release_frame - 1), SUSTAIN_FRAME), table.release_frame)
        louder_db = np.median(curves.loudness_db[sustained]) - np.median(other.loudness_db[ahead])
        balance_db = float(np.clip(louder_db, -BALANCE_DB, BALANCE_DB))
        frames = 0 if together else ENTERS_FRAMES
        self._levels[slot] = self._follow(
            curves.loudness_db, other.loudness_db, beside, (0, at), balance_db, frames
        )
        self._move_with(slot, beside, (0, at), 0 if together else HAND_FRAMES)

    def join(self, slot: int, beside: int | None, led: Led) -> None:
        """A voice goes on with another note beside one that sounds, which follows its bow.

        Args:
            slot: Its curves are led into.
            beside: The slot of the other.
            led: What leads into them.
        """
        table = self._table
        known = self._levels.get(slot)
        balance_db = 0.0
        if beside is not None:
            if known is not None and known.leader == beside:
                balance_db = -known.balance_db
            elif beside in self._levels and self._levels[beside].leader == slot:
                balance_db = self._levels[beside].balance_db
        self.leave(slot)
        if beside is None:
            return
        entry = int(table.position[slot])
        bowed = led.stroke is not None
        frames = max(led.turned - entry, 1) if bowed else GOES_ON_FRAMES
        at = float(table.position[beside])
        self._levels[beside] = self._follow(
            table.curves[beside].loudness_db,
            table.curves[slot].loudness_db,
            slot,
            (int(at), at),
            balance_db,
            frames,
        )
        if led.stroke is not None:
            table.strokes.begin(beside, led.stroke)
        self._vibratos.pop(beside, None)
        self._move_with(slot, beside, (entry, float(entry)), HAND_FRAMES)

    def leave(self, slot: int) -> None:
        """A voice has its own bow and hand from now on, and those that followed it, too."""
        for links in (self._levels, self._vibratos):
            links.pop(slot, None)
            for follower in [each for each, link in links.items() if link.leader == slot]:
                del links[follower]

    def lead(self) -> None:
        """Write what voices follow into their curves ahead."""
        table = self._table
        for slot, link in self._levels.items():
            self._copy(
                slot, link, table.curves[slot].loudness_db, table.curves[link.leader].loudness_db
            )
        for slot, link in self._vibratos.items():
            own, other = table.curves[slot], table.curves[link.leader]
            self._copy(slot, link, own.vibrato_cents, other.vibrato_cents)

    def _move_with(self, slot: int, beside: int, place: tuple[int, float], frames: int) -> None:
        """Let a finger vibrate with another one, unless one of both strings is open."""
        table = self._table
        if table.open[slot] or table.open[beside]:
            return
        table.number[slot] = table.number[beside]
        own, other = table.curves[slot].vibrato_cents, table.curves[beside].vibrato_cents
        self._vibratos[slot] = self._follow(own, other, beside, place, 0.0, frames)

    def _follow(
        self,
        own: Float32,
        other: Float32,
        leader: int,
        place: tuple[int, float],
        balance_db: float,
        frames: int,
    ) -> _Link:
        """Blend a curve into that of another voice, and follow it from there on.

        Args:
            own: Edited in place.
            other: Of the other voice.
            leader: Slot of the other voice.
            place: The frame from which on it may be edited, and the next one that will be read.
            balance_db: How much higher it is.
            frames: Of the blend.
        """
        table, (first, at) = self._table, place
        there = float(table.position[leader]) + first - at
        skipped = max(0, math.ceil(-there))
        first, there = first + skipped, there + skipped
        count = self._count(first, there)
        frames = min(frames, count)
        weight = np.ones(count, np.float32)
        weight[:frames] = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, frames + 1) / (frames + 1))
        own[first : first + count] += weight * (
            _read(other, there, count) + np.float32(balance_db) - own[first : first + count]
        )
        return _Link(leader, balance_db, table.now + first + frames - at)

    def _copy(self, slot: int, link: _Link, own: Float32, other: Float32) -> None:
        table = self._table
        at, there = float(table.position[slot]), float(table.position[link.leader])
        first = int(at) + max(0, math.ceil(link.begins - table.now))
        there += first - at
        count = self._count(first, there)
        if count > 0 and there >= 0.0:
            own[first : first + count] = _read(other, there, count) + np.float32(link.balance_db)

    def _count(self, first: int, there: float) -> int:
        """Frames until one of two voices comes to its release."""
        return max(0, self._table.release_frame - 1 - max(first, int(there)))


def _read(curve: Float32, first: float, count: int) -> Float32:
    """A curve from a place between its frames on, [count]."""
    whole = int(first)
    part = np.float32(first - whole)
    here, ahead = curve[whole : whole + count], curve[whole + 1 : whole + count + 1]
    read: Float32 = here + part * (ahead - here)
    return read
