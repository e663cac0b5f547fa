"""The control thread's clock: hop by hop the controls of a frame are planned, and then computed."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32
from instrument.dsp.frames import hop_start
from instrument.engine.allocation import Voices
from instrument.engine.frame_writer import SILENT_DB, FrameWriter
from instrument.engine.long_notes import LongNotes
from instrument.engine.performance import Performance
from instrument.engine.slots import HOLDING, Stage
from instrument.engine.smoothing import ControlSmoother
from instrument.engine.voices import VoicePool
from instrument.units import gain_to_db

ROOM_SHARE, ROOM_ARRIVED = 0.2, 1e-3
"""Of its way, that the room's loudness goes in a frame, and how near to its end it is there."""


class FramePlanner:
    """Brings the control frames of all voices forward, one hop after another.

    The frame at the end of a hop is computed when the hop before begins. Live that is one at a
    time. Offline several hops are planned first, as far as nothing comes between, and computed in
    one run of the graph, which takes little longer than for one.

    Attributes:
        hop: The current one; −1 before the first.
        room: How many times as loud as usual the room is to be.
    """

    def __init__(
        self,
        voices: Voices,
        smoother: ControlSmoother,
        pool: VoicePool,
        long_notes: LongNotes,
        writer: FrameWriter,
        sample_rate: int,
        frames_at_once: int = 1,
    ) -> None:
        """Stand before the first hop.

        Args:
            voices: Which of them sound.
            smoother: Of the voices' controls.
            pool: What the voices play.
            long_notes: Who watches over those that are held.
            writer: Who computes their frames.
            sample_rate: In Hz.
            frames_at_once: The most frames that are computed in one run of the graph.
        """
        self.hop = -1
        self.room = self._room = 1.0
        self._voices = voices
        self._smoother = smoother
        self._pool = pool
        self._long_notes = long_notes
        self._writer = writer
        self._sample_rate = sample_rate
        self._most = frames_at_once
        # So many frames' controls are planned; how many there will be.
        self._planned = self._wanted = 0

    def begin_hop(self, undisturbed: int = 1, uneventful: int = 1) -> None:
        """Go on to the next hop, and to those behind it in which nothing happens.

        Args:
            undisturbed: How many hops, this one included, will begin before something happens to
                the voices, at least 1.
            uneventful: How many of these will begin before anything happens, at least 1.
        """
        if not self._planned:
            self.hop += 1
            self._smoother.advance()
            self._add(0, 1)
            self._edit_curves()
            self._planned, self._wanted = 1, self._frames_until_change(undisturbed)
            uneventful -= 1
        further = min(self._wanted - self._planned, uneventful)
        if further:
            self._smoother.advance(further, self._planned)
            self._planned += further
            self.hop += further
        if self._planned == self._wanted:
            self._add(1, self._wanted - 1)
            self._write()

    def _add(self, planned: int, count: int) -> None:
        """Add what can't wait to hops that have begun, the last of them the current one.

        Args:
            planned: Place of the first one's frame among those that are planned.
            count: How many.
        """
        if not count:
            return
        hop = self.hop - count + 1
        self._move_room(hop, count)
        moved = self._smoother.bent(planned, count), self._smoother.raised(planned, count)
        self._writer.add(hop, self._smoother.sounding, *moved)

    def _move_room(self, hop: int, count: int) -> None:
        """Write how loud the room is at the ends of hops; it goes there step by step."""
        room = self._writer.frames.room
        rows = np.arange(hop + 1, hop + count + 1) % len(room)
        if self._room == self.room:
            room[rows] = self._room
            return
        for row in rows.tolist():
            way = self.room - self._room
            self._room += way if abs(way) < ROOM_ARRIVED else ROOM_SHARE * way
            room[row] = self._room

    def _edit_curves(self) -> None:
        """Do to the voices what is due before the next frame."""
        for slot in self._voices.active():
            if self._voices.slots[slot].stage is Stage.FADING:
                self._free(slot, self.hop + 1)
        held = self._held()
        self._long_notes.continue_held(held)
        self._long_notes.reshape(held)
        self._pool.share_bows()

    def _frames_until_change(self, undisturbed: int) -> int:
        """How many frames can be computed from the curves as they are now."""
        if min(self._most, undisturbed) == 1 or not self._smoother.knobs_settled:
            return 1
        until_change = min(
            self._most,
            undisturbed,
            self._long_notes.frames_until_change(self._held()),
            self._writer.frames_until_change(self._voices.active()),
        )
        return max(1, int(until_change))

    def _held(self) -> list[int]:
        return [i for i in self._voices.active() if self._voices.slots[i].stage in HOLDING]

    def _write(self) -> None:
        """Compute the frames that are planned."""
        while self._planned:
            active = self._voices.active()
            first = self.hop + 2 - self._planned
            released = [self._voices.slots[i].stage is Stage.RELEASED for i in active]
            performance = self._smoother.planned[self._wanted - self._planned : self._wanted]
            levels_db = self._writer.write(first, active, performance, released)
            written = levels_db.shape[1]
            self._planned -= written
            if active:
                self._end_voices(first + written - 1, active, levels_db[:, -1])
        self._writer.publish(self.hop + 1)

    def _end_voices(self, hop: int, active: list[int], levels_db: Float32) -> None:
        """After the frame of a hop, free the voices that have come to their end."""
        taken_db = gain_to_db(self._smoother.values[active, Performance.LEVEL])
        faint, heard_db = (levels_db < SILENT_DB).tolist(), (levels_db + taken_db).tolist()
        places = self._pool.in_attack(active).tolist(), self._writer.at_end(active).tolist()
        for slot, is_faint, level_db, in_attack, at_end in zip(
            active, faint, heard_db, *places, strict=True
        ):
            voice = self._voices.slots[slot]
            if not in_attack:
                voice.level_db = level_db
            if at_end or (is_faint and voice.stage is Stage.RELEASED):
                self._writer.mute(hop, slot)
                self._free(slot, hop)

    def _free(self, slot: int, hop: int) -> None:
        """A voice fades away in a hop whose frame isn't published yet."""
        self._pool.end(slot)
        self._smoother.leave(slot)
        self._voices.free(slot, hop_start(hop + 1, self._sample_rate))
