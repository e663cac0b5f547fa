"""How an engine plays: what a rendering, a live session and a take have in common."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from numbers import Integral, Real
from typing import Self, TypedDict

from instrument.errors import UnknownName, UsageError

LONGEST_NAME = 200
"""Characters of the name of a preset or a knob, at most."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number may be.

    Attributes:
        low, high: The least and the largest.
        whole: Whether it has no fraction.
        unit: That is told with it.
    """

    low: float
    high: float
    whole: bool = False
    unit: str = ""

    def check(self, name: str, value: object) -> None:
        """Refuse what isn't such a number; NaN is none.

        Args:
            name: Of the option or setting, as whoever reads the message wrote it.
            value: Of it; anything.

        Raises:
            UsageError: In one sentence with the name, the value and the range.
        """
        kind = Integral if self.whole else Real
        number = isinstance(value, kind) and not isinstance(value, bool)
        if not (number and self.low <= value <= self.high):  # type: ignore[operator]
            fraction = self.whole and not isinstance(value, Integral)
            raise UsageError(
                f"{name} {_shown(value)}{self.unit}: should be "
                f"{'a whole number ' if fraction else ''}"
                f"from {_shown(self.low)} to {_shown(self.high)}{self.unit}"
            )

    def plain(self, name: str, value: object) -> float:
        """A number of any kind, such as NumPy's, as Python's own: an int if it is to be whole.

        Raises:
            UsageError: As ``check`` does.
        """
        self.check(name, value)
        return int(value) if self.whole else float(value)  # type: ignore[call-overload,arg-type]


def _shown(value: object) -> str:
    """Some value in a few words."""
    if isinstance(value, int) and value.bit_length() > 64:
        return f"{'' if value > 0 else '-'}2^{value.bit_length()}"
    if isinstance(value, Real) and not isinstance(value, Integral):
        return f"{float(value):g}"
    return reprlib.repr(value)


SAMPLE_RATES = (22_050, 192_000)
"""The lowest and the highest, in Hz, that an engine plays at."""

LIMITS: Mapping[str, Limits] = {
    "seed": Limits(0, 2**64 - 1, whole=True),
    "voices": Limits(1, 64, whole=True),
    "sample_rate": Limits(*SAMPLE_RATES, whole=True, unit=" Hz"),
    "room_gain": Limits(0, 1),
    "humanize": Limits(0, 2),
    "bend_range": Limits(0, 96, unit=" semitones"),
}
"""Of the numbers of ``EngineSettings``, whether an option, a program or a take says them."""

POSITION = Limits(0, 1)
"""Of a knob."""

TAIL = Limits(0, 3600, unit=" s")
"""Of the time that is rendered behind a song's end."""


LAYOUTS = ("gm2", "orchestral", "wind", "mpe")
"""Of controllers, by name: the first one plays if none is chosen, and the last in MPE zones."""

CURVES = {"soft": 0.6, "linear": 1.0, "hard": 1.7}
"""The power that a velocity is raised to, by the name of the curve."""


class Choice(StrEnum):
    """One of a few, which a program names; what they are is the name of the class."""

    @classmethod
    def of(cls, name: str) -> Self:
        """The one of a name.

        Raises:
            UnknownName: There is none.
        """
        if name not in [*cls]:
            raise UnknownName(cls.__name__.lower(), str(name)[:LONGEST_NAME], [*cls])
        return cls(name)


class Outside(Choice):
    """What to do with notes outside an instrument's range: fold moves them into it by octaves."""

    PLAY = "play"
    FOLD = "fold"
    SKIP = "skip"


class Joining(StrEnum):
    """Who chooses how the notes of a file are joined.

    Attributes:
        AUTO: The file by gaps, slurs and pedals; where it says nothing, as a violinist would.
        SLUR: All of a line in one bow.
        BOW: A new bow for each note.
    """

    AUTO = "auto"
    SLUR = "slur"
    BOW = "bow"


class Mode(StrEnum):
    """How many notes of a channel sound at once.

    Attributes:
        POLY: As many as are held.
        MONO: One: a line with slurs.
        VIOLIN: What one violin's strings and bow can hold: double stops, rolled chords, lines.
    """

    POLY = "poly"
    MONO = "mono"
    VIOLIN = "violin"


@dataclass(frozen=True)
class EngineSettings:
    """What the sound depends on, beside the instrument and the events.

    Attributes:
        seed: Of everything that is left to chance, 0…2⁶⁴ − 1.
        voices: How many notes may sound at once, 1…64.
        sample_rate: In Hz, 22,050 to 192,000.
        room_gain: Linear gain of the room, 0…1.
        humanize: How much is left to chance, 0…2; at 1 equal notes differ as recordings do.
        preset: Name of the preset that all channels begin with; the first one if None.
        knobs: Positions 0…1 by name of the latent axis; the others are left to chance.
        joins: Who chooses how the notes of a file are joined: "auto", "slur" or "bow", a
            ``Joining``. A take's are joined as they were played.
        velocity_joins: Whether the velocity of a note that touches the one before in its line
            chooses what leads into it: a slide, a slur or a new bow, see ``by_velocity``; as the
            layout of the controllers has it if None.
        controls: Which controller does what: the name of a layout, or a whole table of one; if
            None, "gm2", and "mpe" in MPE zones. See ``layouts``.
        mode: How many notes of a channel sound at once: "poly", "mono" or "violin", a ``Mode``.
        bend_range: What the wheel bends by at its end, in semitones, 0…96, until RPN 0 says it.

    Raises:
        UsageError: A value is of another kind, or outside its range.
    """

    seed: int = 0
    voices: int = 16
    sample_rate: int = 48_000
    room_gain: float = 0.18
    humanize: float = 1.0
    preset: str | None = None
    knobs: Mapping[str, float] = field(default_factory=dict)
    joins: str = Joining.AUTO.value
    velocity_joins: bool | None = None
    controls: str | Mapping[str, object] | None = None
    mode: str = Mode.POLY.value
    bend_range: float = 2.0

    def __post_init__(self) -> None:
        for name, limits in LIMITS.items():
            plain = limits.plain(name.replace("_", " "), getattr(self, name))
            object.__setattr__(self, name, plain)
        if self.preset is not None:
            _check_name("preset", self.preset)
        if not isinstance(self.knobs, Mapping):
            raise UsageError(f"knobs {_shown(self.knobs)}: should be positions by name")
        for name in self.knobs:
            _check_name("knob", name)
        knobs = {name: POSITION.plain(f"knob {name!r}", at) for name, at in self.knobs.items()}
        object.__setattr__(self, "knobs", knobs)
        if self.joins not in [*Joining]:
            raise UsageError(f"joins {_shown(self.joins)}: should be {', '.join(Joining)}")
        if not isinstance(self.velocity_joins, bool | None):
            raise UsageError(f"velocity joins {_shown(self.velocity_joins)}: should be on or off")
        if not isinstance(self.controls, str | Mapping | None):
            raise UsageError(f"controls {_shown(self.controls)}: should be a name or a table")
        if self.mode not in [*Mode]:
            raise UsageError(f"mode {_shown(self.mode)}: should be {', '.join(Mode)}")


def _check_name(kind: str, name: object) -> None:
    if not (isinstance(name, str) and len(name) <= LONGEST_NAME):
        raise UsageError(f"{kind} {_shown(name)}: should be a name")


class Chosen(TypedDict, total=False):
    """Some of the ``EngineSettings``, by name; the others stay as they are."""

    seed: int
    voices: int
    sample_rate: int
    room_gain: float
    humanize: float
    preset: str | None
    knobs: Mapping[str, float]
    joins: str
    velocity_joins: bool | None
    controls: str | Mapping[str, object] | None
    mode: str
    bend_range: float
