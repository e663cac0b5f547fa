"""What voices are asked to play, computed and written into the rings: at once, or gathered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from instrument.dsp.frames import Frames, Onsets
from instrument.dsp.machine_code import fence
from instrument.engine.asked import Asked, gathered
from instrument.engine.lanes import Lanes
from instrument.engine.table import VoiceTable
from instrument.engine.timbre import VoiceTimbre
from instrument.model.graphs import Instrument

MOST_GATHERED = 512
"""Moments of voices that a lane computes together: more would leave the processor's cache."""


class Computing:
    """Computes what the voices of a table play.

    Nothing that events do depends on it, so that it can wait until it is to be heard: many short
    runs are then computed as few long ones.

    Attributes:
        frames: Where the controls of all voices are written, hop by hop.
        onsets: Where voices are written that begin inside a hop.
        begun: How many of these there were, whether or not they may be read yet.
    """

    def __init__(
        self, table: VoiceTable, instrument: Instrument, sample_rate: int, hops: int
    ) -> None:
        """Make the rings, see ``FrameWriter``."""
        sizes, slots = instrument.spec.timbre_size, len(table.notes)
        self.frames = Frames.empty(hops, slots, sizes.harmonics, sizes.noise_bands)
        self.onsets = Onsets.empty(slots * hops, sizes.harmonics)
        self.begun = 0
        self._timbre = VoiceTimbre(table, instrument, sample_rate, (self.frames, self.onsets))
        self._divisible = instrument.timbre.runner.divisible
        self._lanes: Lanes | None = None
        self._asked: list[Asked] = []
        self._moments = 0

    def gather(self, lanes: Lanes) -> None:
        """From now on compute in lanes, when ``flush`` says so or much is to be computed.

        What was asked for may be played when all that they were given is done. Where voices don't
        come out the same, bit for bit, whichever are computed together, all is computed at once.
        """
        if self._divisible:
            self._lanes = lanes

    def ask(self, asked: Asked) -> None:
        """Compute this now, or with what else is asked for."""
        if self._lanes is None:
            self._timbre.play(asked)
            self._publish(self.begun)
            return
        self._asked.append(asked)
        self._moments += asked.told_db.size
        if self._moments >= MOST_GATHERED * self._lanes.count:
            self.flush()

    def flush(self) -> None:
        """Compute what is gathered."""
        if self._lanes is None or not self._asked:
            return
        asked, self._asked, self._moments = self._asked, [], 0
        for lane in range(self._lanes.count):
            self._lanes.compute(lane, partial(self._write_lane, asked, lane, self._lanes.count))
        self._lanes.then(partial(self._publish, self.begun))

    def _write_lane(self, asked: Sequence[Asked], lane: int, lanes: int) -> None:
        together = gathered(asked, lane, lanes)
        if together is not None:
            self._timbre.play(together)

    def _publish(self, begun: int) -> None:
        """Let the synthesiser read the onsets of so many voices."""
        if begun != self.onsets.ready[0]:
            fence()
            self.onsets.ready[0] = begun
