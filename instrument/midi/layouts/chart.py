"""Charts of the layouts, made from their tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from instrument.midi.layouts import (
    ARTICULATION_BANK,
    NAMES,
    SILENCE_DB,
    Layout,
    articulation_programs,
    fixed_controllers,
    layout_of,
)
from instrument.midi.layouts.roles import ARTICULATIONS, FIXED_ROLES, ROLES
from instrument.units import note_name

Row = tuple[str, ...]

NONE = "–"

VELOCITY = {
    "loudness": "loudness",
    "attack": "attack, and a quarter of the loudness",
    "none": "nothing",
}
"""What velocity sets, by what a layout says of it."""

PRESSURE, SLIDE = "pressure", "slide"


def controllers_of(layout: Layout, role: str) -> str:
    """What has a role in a layout, in a few words."""
    numbers = [number for number, each in sorted(layout.controllers.items()) if each == role]
    found = ["CC " + ", ".join(map(str, numbers))] if numbers else []
    found += [PRESSURE] * (layout.pressure == role) + [SLIDE] * (layout.slide == role)
    return ", ".join(found) or NONE


def blown_by(layout: Layout) -> str:
    """What breath is in a layout, in a few words."""
    return controllers_of(layout, "dynamics")


def layouts_chart(*, short: bool = False) -> list[Row]:
    """The roles that any of Arco's layouts has, and what has them in each; the header first.

    Args:
        short: Whether roles are told in a word or two.
    """
    layouts = [layout_of(name) for name in NAMES]
    rows: list[Row] = [("", *NAMES)]
    for role, text in ROLES.items():
        cells = [controllers_of(layout, role) for layout in layouts]
        if any(cell != NONE for cell in cells):
            rows.append((text.partition(":")[0] if short else text, *cells))
    told = [(text, *map(cell, layouts)) for text, cell in OTHERS.items()]
    return rows + (told[:-2] if short else told)


def keys_of(layout: Layout) -> str:
    """The keys that choose articulations, in a few words."""
    keys = sorted(layout.keys)
    return f"{note_name(keys[0])} to {note_name(keys[-1])}" if keys else ""


OTHERS: dict[str, Callable[[Layout], str]] = {
    "velocity": lambda layout: VELOCITY[layout.velocity],
    "velocity of touching notes of a line": lambda layout: (
        "slide, slur or new bow" if layout.velocity_joins else "as any other"
    ),
    "notes begin and end": lambda layout: (
        f"where the dynamics come up to {layout.breath.begins} and fall below {layout.breath.ends}"
        if layout.breath
        else "with their keys"
    ),
    "keys that choose articulations": lambda layout: keys_of(layout) or NONE,
    "dynamics at first": lambda layout: (
        "as the velocity" if layout.dynamics is None else str(layout.dynamics)
    ),
    "a channel plays": lambda layout: "a line" if layout.mono else "as `--mode` says",
}
"""What a layout says beside roles, and how it is told."""


def fixed_chart() -> list[Row]:
    """What controllers do in every layout; the header first."""
    numbers: dict[str, list[int]] = {}
    for number, role in fixed_controllers().items():
        numbers.setdefault("axis" if role.startswith("axis-") else role, []).append(number)
    axes = numbers.pop("axis")
    axes.sort(key=lambda number: fixed_controllers()[number])
    rows = [(_numbers(found), FIXED_ROLES[role]) for role, found in numbers.items()]
    knobs = f"CC {', '.join(map(str, axes))}", "the first eight latent axes, in this order"
    return [("controller", "what it does in every layout"), *rows[:-5], knobs, *rows[-5:]]


def articulations_chart() -> list[Row]:
    """What chooses articulations; the header first."""
    orchestral = {name: key for key, name in layout_of("orchestral").keys.items()}
    programs = {name: program for program, name in articulation_programs().items()}
    rows = [
        (name, text, f"{note_name(orchestral[name])} ({orchestral[name]})", str(programs[name]))
        for name, text in ARTICULATIONS.items()
    ]
    bank = f"program of bank {ARTICULATION_BANK >> 7} (CC 0)"
    return [("articulation", "the note", "key in *orchestral*", bank), *rows]


def chart_of(layout: Layout) -> list[Row]:
    """All that one layout says, number by number; the header first."""
    fixed, texts = fixed_controllers(), ROLES | FIXED_ROLES
    if layout.floor_db > SILENCE_DB:
        texts["dynamics"] = texts["dynamics"].replace("silence", f"{layout.floor_db:g} dB")
    roles: Mapping[int, str] = fixed | dict(layout.controllers)
    rows = [(f"CC {number}", texts[roles[number]]) for number in sorted(roles)]
    return [
        ("message", "what it does"),
        *((text, cell(layout)) for text, cell in OTHERS.items()),
        ("channel pressure", texts[layout.pressure]),
        ("CC 74 of a note in an MPE zone", texts[layout.slide]),
        *rows,
        *(
            (f"key {note_name(key)} ({key})", f"articulation: {ARTICULATIONS[name]}")
            for key, name in sorted(layout.keys.items())
        ),
        *(
            (f"channel {channel + 1}", f"articulation at first: {ARTICULATIONS[name]}")
            for channel, name in sorted(layout.channels.items())
        ),
    ]


def markdown(rows: Iterable[Row]) -> str:
    """A table of Markdown."""
    header, *rest = rows
    lines = [header, ("---",) * len(header), *rest]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def plain(rows: Iterable[Row]) -> str:
    """Rows of two columns as text, without the header."""
    _, *rest = rows
    wide = max(len(name) for name, _ in rest)
    return "\n".join(f"{name:{wide}}  {text}" for name, text in rest)


def _numbers(numbers: list[int]) -> str:
    return "CC " + ", ".join(map(str, numbers))
