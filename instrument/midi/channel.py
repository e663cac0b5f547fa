"""What a MIDI channel was last told: controllers, wheel, pressure, registered parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

CHANNELS = 16

RPN_ZONE = (0, 6)
RPN_NULL = (127, 127)

BEND_RANGE_CENTS = 200

VIBRATO_RANGE = 77
"""60 cents in steps of 100 / 128 cents, as the range of modulation counts."""

MIDDLE = 64
"""Where a controller that is relative changes nothing."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A registered parameter of a channel.

    Attributes:
        name: Of the channel's attribute that it is.
        fine: How many steps of the fine data entry make one of the coarse one; 1 if it has none.
    """

    name: str
    fine: int


PARAMETERS = {
    (0, 0): Parameter("bend_range_cents", 100),
    (0, 1): Parameter("fine_tuning", 128),
    (0, 2): Parameter("coarse_tuning", 1),
    (0, 5): Parameter("vibrato_range", 128),
}
"""What data entry sets, by registered parameter number; see ``ChannelState`` for ``RPN_ZONE``."""


@dataclass(slots=True)
class Channel:
    """The controllers of one MIDI channel, as they were last set.

    Attributes:
        volume, pan, pressure: 0…127.
        expression: Factor on loudness, 0…127; 0 is silence.
        dynamics: What owns the loudness from silence, 0…127; None if nothing does, so that
            velocity alone says it.
        vibrato_depth: 0…127: from senza vibrato to an extent of 60 cents, whatever a note has by
            itself; None leaves each its own.
        vibrato_rest: The depth where the wheel rests.
        vibrato_rate, vibrato_delay, brightness, attack, release: 0…127; 64 changes nothing.
        reverb: 0…127: 40 is the room as loud as the settings say, 0 none; None leaves it.
        portamento_time: 0…127; half-way at first, so that the switch alone makes notes slide.
        pedal, sostenuto, soft, portamento, legato: Pedals and switches that are down or on.
        slide_from: Key from which the next note is slid into, 0…127.
        mono: Whether it plays one line and no chords.
        bend: Position of the wheel, −8192…8191.
        bend_range_cents: What the wheel at its end bends by, 0…12,799.
        fine_tuning: In steps of 100 / 8192 cents, 0…16,383; 8192 is none.
        coarse_tuning: In semitones, 0…127; 64 is none.
        vibrato_range: What the modulation wheel at its end sets, in steps of 100 / 128 cents.
        parameter: The registered parameter that data entry sets, coarse and fine number.
        bank: That the next program change chooses from, 0…16,383.
        preset: Index of the one that notes are played with.
        knobs: Positions 0…1 of the latent axes that were set; the others are left to chance.
        placed: Whether the latent space's own place was given: only knobs that are set later count.
    """

    volume: int = 100
    pan: int = 64
    expression: int = 127
    dynamics: int | None = None
    vibrato_depth: int | None = None
    vibrato_rest: int | None = None
    vibrato_rate: int = MIDDLE
    vibrato_delay: int = MIDDLE
    brightness: int = MIDDLE
    attack: int = MIDDLE
    release: int = MIDDLE
    reverb: int | None = None
    pedal: bool = False
    sostenuto: bool = False
    soft: bool = False
    portamento: bool = False
    portamento_time: int = 64
    legato: bool = False
    slide_from: int | None = None
    mono: bool = False
    pressure: int = 0
    bend: int = 0
    bend_range_cents: int = BEND_RANGE_CENTS
    fine_tuning: int = 8192
    coarse_tuning: int = 64
    vibrato_range: int = VIBRATO_RANGE
    parameter: tuple[int, int] = RPN_NULL
    bank: int = 0
    preset: int = 0
    knobs: dict[int, float] = field(default_factory=dict)
    placed: bool = False

    def reset(self) -> None:
        """Reset all controllers, as MMA RP-015 has it.

        Volume, pan, program, bank, the registered parameters, the sound and effect controllers and
        the latent axes' knobs stay, and so does mono or poly.
        """
        self.dynamics, self.vibrato_depth = None, self.vibrato_rest
        self.expression, self.bend, self.pressure = 127, 0, 0
        self.pedal = self.sostenuto = self.soft = self.portamento = self.legato = False
        self.slide_from = None
        self.parameter = RPN_NULL

    def preset_number(self, program: int) -> int:
        """Index of the preset that a program, 0…127, of the selected bank is; there may be none."""
        return self.bank * 128 + program

    def bend_semitones(self) -> float:
        """What the wheel bends by now, in semitones."""
        return self.bend / 8192.0 * self.bend_range_cents / 100.0

    def tuning_semitones(self) -> float:
        """What the channel is tuned up by, in semitones."""
        return self.coarse_tuning - 64 + (self.fine_tuning - 8192) / 8192.0

    # --- numbers of two halves -----------------------------------------------------------

    def select_bank_coarse(self, value: int) -> None:
        """Take the upper half of a bank number."""
        self.bank = value << 7 | self.bank & 0x7F

    def select_bank_fine(self, value: int) -> None:
        """Take the lower half of a bank number."""
        self.bank = self.bank & ~0x7F | value

    def select_parameter_coarse(self, value: int) -> None:
        """Take the upper half of a registered parameter's number."""
        self.parameter = (value, self.parameter[1])

    def select_parameter_fine(self, value: int) -> None:
        """Take the lower half of a registered parameter's number."""
        self.parameter = (self.parameter[0], value)

    def enter_coarse(self, data: int) -> None:
        """Set the coarse half of the selected parameter; the fine one stays."""
        self._enter(lambda value, fine: data * fine + value % fine)

    def enter_fine(self, data: int) -> None:
        """Set the fine half of the selected parameter; the coarse one stays."""
        self._enter(lambda value, fine: value - value % fine + min(data, fine - 1))

    def step(self, steps: int) -> None:
        """Move the selected parameter by its smallest steps, as MMA RP-018 has it."""
        self._enter(lambda value, _fine: value + steps)

    def _enter(self, new_value: Callable[[int, int], int]) -> None:
        parameter = PARAMETERS.get(self.parameter)
        if parameter is not None:
            value = new_value(getattr(self, parameter.name), parameter.fine)
            setattr(self, parameter.name, min(max(value, 0), 128 * parameter.fine - 1))
