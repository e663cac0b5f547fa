"""What the channels were told → performance controls of each voice, smoothed frame by frame."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from instrument.arrays import Float64, Int64, among
from instrument.dsp.controls import Controls, Smoother
from instrument.engine.led_bends import LONGEST_GLIDE_FRAMES, LedBends
from instrument.engine.performance import COLUMNS, Performance, ToldControls
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import AXIS_CONTROLLERS, ChannelState

LED = [Performance.BEND_SEMITONES]
"""What a join leads from where it was to where the next note has it."""

PRESSED = (Performance.LEVEL,)
SLID = (Performance.BRIGHTNESS, *range(COLUMNS, COLUMNS + len(AXIS_CONTROLLERS)))
"""What pressure and slide of a zone's manager move in all its notes, those that ended as well."""

SMOOTHING_SECONDS = dict.fromkeys(Performance, 0.009) | {
    Performance.BEND_SEMITONES: 0.002,
    Performance.LEVEL: 0.0028,
}


class ControlSmoother:
    """The controls of the voices that sound, on their way to where a ``ChannelState`` has them.

    Attributes:
        values: [slots, columns], the smoothed controls in the order of ``Performance``.
        knobs: [slots, 8], the positions 0…1 of the latent axes; NaN where none was set.
        planned: [frames, slots, columns], the values of frames to come, see ``advance``.
        led: Bends that don't move by themselves.
    """

    def __init__(self, state: ChannelState, frame_rate: int, slots: int, frames: int = 1) -> None:
        """Begin without any voice.

        Args:
            state: What the channels were told; ``follow`` looks at it.
            frame_rate: In Hz.
            slots: How many voices there may be.
            frames: How many frames may be planned.
        """
        seconds = np.array([SMOOTHING_SECONDS[column] for column in Performance])
        shares = 1.0 - np.exp(-1.0 / (seconds * frame_rate))
        self._controls = controls = Controls.at_rest(
            # Knobs are there at once: what `LongNotes` makes of them is smooth by itself.
            np.append(shares, np.ones(len(AXIS_CONTROLLERS))),
            bend=Performance.BEND_SEMITONES.value,
            level=Performance.LEVEL.value,
            performance=COLUMNS,
            channels=CHANNELS,
            voices=slots,
            frames=frames,
            glide=LONGEST_GLIDE_FRAMES,
        )
        self._smooth = Smoother(controls)
        self._state = state
        self._told = ToldControls(state, controls.shared, controls.own)
        self._voices = 0
        self._channels: set[int] = set()
        self.led = LedBends(controls)
        self.values, self.knobs = controls.now[:, :COLUMNS], controls.now[:, COLUMNS:]
        self.planned = controls.planned

    @property
    def sounding(self) -> Int64:
        """[V], the slots of the voices that sound, in order."""
        return self._controls.sounding[: self._voices]

    def follow(self, channels: Iterable[int], *, own: bool = False) -> None:
        """Take note that these channels were told something: their voices' controls set out.

        Args:
            channels: Which.
            own: Whether it only moves what their notes have to themselves.
        """
        self._told.move(channels, own=own)

    def take_up(self) -> None:
        """Set out for what the channels were told in which voices sound.

        A knob that was or is now unset has no way to go.
        """
        if not self._told.moved(self._channels):
            return
        self._controls.settled[0] = False
        if self._told.look_up(self._channels):
            self._smooth(self._voices)
            knobs, targets = self.knobs[self.sounding], self._knob_targets()
            unset = np.isnan(knobs) | np.isnan(targets)
            self.knobs[self.sounding] = np.where(unset, targets, knobs)

    def _knob_targets(self) -> Float64:
        return self._controls.targets[self.sounding, COLUMNS:]

    def begin(self, slots: Sequence[int], channels: Sequence[int]) -> None:
        """Voices begin in channels, with their controls where these were set."""
        self.take_up()
        self._told.look_up({*channels})
        controls, rows = self._controls, np.array(slots)
        controls.channel[rows], controls.ended[rows] = channels, False
        for slot in slots:
            self.led.leave(slot)
        self._sound({*self.sounding.tolist(), *slots})
        self._smooth(self._voices)
        controls.now[rows] = controls.targets[rows]

    def leave(self, slot: int) -> None:
        """A voice sounds no longer."""
        self._sound({*self.sounding.tolist()} - {slot})

    def _sound(self, slots: set[int]) -> None:
        """Let these voices sound, and no other."""
        self._voices = len(slots)
        self.sounding[:] = sorted(slots)
        self._channels = {*self._controls.channel[self.sounding].tolist()}

    def end(self, slots: Sequence[int]) -> None:
        """The notes of voices end: they keep the bend, pressure and slide that are their own."""
        self.take_up()
        controls = self._controls
        for slot in slots:
            if not controls.ended[slot]:
                controls.kept[slot] = controls.own[controls.channel[slot]]
                controls.ended[slot] = True

    def follow_all(self, channels: Collection[int], columns: Sequence[int]) -> None:
        """Let even notes that ended follow what was set for all of a zone, in these columns."""
        self.follow(channels)
        self.take_up()
        controls, sounding = self._controls, self.sounding
        of_zone = among(controls.channel[sounding], channels)
        ended = sounding[controls.ended[sounding] & of_zone]
        for column in columns:
            controls.kept[ended, column] = controls.own[controls.channel[ended], column]

    def join(self, slot: int, channel: int) -> Float64:
        """A voice goes on in a channel with the next note of its line.

        What the join leads is at once where it was set; volume and pan go on smoothly.

        Returns:
            [columns], what its controls were.
        """
        before: Float64 = self.values[slot].copy()
        self.take_up()
        self._told.look_up({channel})
        controls = self._controls
        controls.channel[slot], controls.ended[slot] = channel, False
        self._sound({*self.sounding.tolist()})
        self._smooth(self._voices)
        controls.now[slot, LED] = controls.targets[slot, LED]
        self.knobs[slot] = controls.targets[slot, COLUMNS:]
        controls.settled[0] = False
        return before

    def hear_only(self, channel: int | None) -> None:
        """Let no other channel be heard, from the beginning on; all if None."""
        self._told.silence(set() if channel is None else set(range(CHANNELS)) - {channel})

    def turn(self, axis: int, position: float) -> None:
        """Set the knob of a latent axis, 0…7, in all channels at once; it is there at once.

        Args:
            axis: Index of the axis.
            position: 0…1.
        """
        self._state.turn(axis, position)
        self.follow(range(CHANNELS))
        self.take_up()
        self._smooth(self._voices)
        self.knobs[self.sounding, axis] = self._knob_targets()[:, axis]

    @property
    def settled(self) -> bool:
        """Whether all controls are where they were set."""
        return bool(self._controls.settled[0])

    @property
    def knobs_settled(self) -> bool:
        """Whether the knobs of all voices are where they were set."""
        knobs = self.knobs[self.sounding]
        return self.settled or np.array_equal(knobs, self._knob_targets(), equal_nan=True)

    def advance(self, frames: int = 1, first: int = 0) -> None:
        """Smooth by so many frames: one-pole low-passes. Their values are planned.

        Args:
            frames: How many.
            first: Place of the first of them.
        """
        self.take_up()
        self._smooth(self._voices, first, frames)

    def bent(self, first: int, frames: int) -> Float64:
        """[frames, V], semitones by which the bends of the voices that sound have moved in frames.

        Those that glides lead are counted as still.
        """
        return self._controls.bent[first : first + frames, self.sounding]

    def raised(self, first: int, frames: int) -> Float64:
        """[frames, V], how many times as loud as before the voices that sound become in frames."""
        return self._controls.raised[first : first + frames, self.sounding]
