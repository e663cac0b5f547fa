"""What the knobs of a player's controllers do: bindings, soft takeover, and the file they are in.

A binding ties a knob to a target: an axis of the latent space or another control of the instrument.
What a bound knob sends is translated into the target's own controller; all else passes as it is.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, Literal, TypeVar, get_args

import typer

from instrument.errors import OutputError, UnknownName, UsageError
from instrument.files import replacing
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import (
    ALL_SOUND_OFF,
    BANK_COARSE,
    BANK_FINE,
    DATA_ENTRY,
    NRPN_FINE,
    RPN_COARSE,
)

Word = TypeVar("Word", bound=str)

Relative = Literal["twos-complement", "binary-offset", "sign-magnitude"]
Kind = Literal["absolute", Relative]
Takeover = Literal["soft", "jump"]

RELATIVE: tuple[Relative, ...] = get_args(Relative)
KINDS: tuple[Kind, ...] = ("absolute", *RELATIVE)
TAKEOVERS: tuple[Takeover, ...] = get_args(Takeover)

STEPS: dict[str, Callable[[int], int]] = {
    "twos-complement": lambda value: value if value < 64 else value - 128,
    "binary-offset": lambda value: value - 64,
    "sign-magnitude": lambda value: value if value < 64 else 64 - value,
}
"""How far each kind of endless encoder turns its target: steps, by the value that it sends."""

NOT_KNOBS = frozenset(
    {
        BANK_COARSE,
        BANK_FINE,
        *DATA_ENTRY,
        *range(NRPN_FINE, RPN_COARSE + 1),
        *range(ALL_SOUND_OFF, 128),
    }
)
"""Controllers that belong to MIDI itself: bank, data entry, parameter numbers, channel mode."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A knob and what it turns.

    Attributes:
        target: Name of an axis, or one of ``CONTROLS``.
        controller: Number of the controller that the knob sends.
        channel: The channel that it sends on, 0…15; None binds it on every channel.
        kind: What its values mean: where it stands, or steps in one of three codes.
        takeover: What an absolute knob does when its target is elsewhere: "soft" waits until the
            knob gets there, "jump" takes the target to the knob.
    """

    target: str
    controller: int
    channel: int | None = None
    kind: Kind = "absolute"
    takeover: Takeover = "soft"

    def overlaps(self, other: Binding) -> bool:
        """Whether both bind one controller on one channel."""
        channels = {self.channel, other.channel}
        return self.controller == other.controller and (len(channels) == 1 or None in channels)


def bind(bindings: Iterable[Binding], new: Binding) -> list[Binding]:
    """Bindings with a new one, in the place of all that had its target or its controller."""
    kept = [old for old in bindings if old.target != new.target and not old.overlaps(new)]
    return [*kept, new]


# --- The file ------------------------------------------------------------------------------------

HEADER = """\
# What the knobs of your MIDI controllers do in Arco. 'arco play --learn' writes this file anew
# and keeps no comments of yours. Channels count from 1; a knob without one is bound on them all.
"""

FIELDS = ("target", "controller", "channel", "kind", "takeover")


def config_path() -> Path:
    """The file of bindings in the user's config folder, or in the folder ``ARCO_CONFIG``."""
    chosen = os.environ.get("ARCO_CONFIG")
    folder = Path(chosen or typer.get_app_dir("arco"))
    if not (chosen or folder.is_absolute()):  # XDG's rule: as if nothing were said
        folder = Path(os.path.expanduser("~/.config/arco"))  # noqa: PTH111 (there may be no home)
    return folder / "knobs.toml"


def load_bindings(path: Path) -> list[Binding]:
    """Read bindings; there are none if there is no file.

    Raises:
        UsageError: In one line, when the file cannot be read, is no TOML, or an entry in it is
            wrong.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(
            f"{path}: cannot be read ({reason}); check the file and its rights"
        ) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path}: not TOML: {error}; mend it, or remove it and learn the knobs anew"
        ) from None
    try:
        return _bindings(content)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def save_changes(path: Path, before: Sequence[Binding], now: Sequence[Binding]) -> None:
    """Write what has changed in bindings, and leave the others in the file as they are now.

    Another Arco may have learned something since they were read.

    Raises:
        UsageError: The file is there and cannot be read.
        OutputError: It cannot be written.
    """
    kept = [binding for binding in load_bindings(path) if binding not in before or binding in now]
    for binding in now:
        if binding not in before:
            kept = bind(kept, binding)
    save_bindings(path, kept)


def save_bindings(path: Path, bindings: Iterable[Binding]) -> None:
    """Write bindings, in a folder that is made if need be.

    Raises:
        OutputError: The folder cannot be made, or nothing can be written in it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    text = "\n".join([HEADER, *map(_table, bindings)])
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def _table(binding: Binding) -> str:
    lines = [
        "[[knob]]",
        f"target = {_quoted(binding.target)}",
        f"controller = {binding.controller}",
        f'kind = "{binding.kind}"',
        f'takeover = "{binding.takeover}"',
    ]
    if binding.channel is not None:
        lines.insert(3, f"channel = {binding.channel + 1}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML string: as in JSON, except that TOML also wants DEL escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _bindings(content: dict[str, Any]) -> list[Binding]:
    for name in content.keys() - {"knob"}:
        raise UsageError(f"what is {name!r}? There should be nothing but [[knob]] tables")
    tables = content.get("knob", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageError("'knob' should be tables; write [[knob]] above the entries of each")
    bindings: list[Binding] = []
    for number, table in enumerate(tables, start=1):
        try:
            binding = _binding(table)
        except UsageError as error:
            raise UsageError(f"[[knob]] {number}: {error}") from None
        for before, other in enumerate(bindings, start=1):
            if binding.overlaps(other):
                raise UsageError(
                    f"[[knob]] {number}: controller {binding.controller} turns {other.target!r} "
                    f"already, in [[knob]] {before}; remove one of the two"
                )
        bindings.append(binding)
    return bindings


def _binding(table: dict[str, Any]) -> Binding:
    for name in table.keys() - set(FIELDS):
        raise UnknownName("entry", name, FIELDS)
    for name in ("target", "controller"):
        if name not in table:
            raise UsageError(f"has no {name}; write one")
    target = table["target"]
    if not isinstance(target, str) or not target:
        raise UsageError(f'target = {shortened(target)}: should be a name in quotes, as "vibrato"')
    controller = _number(table, "controller", 0, 127)
    if controller in NOT_KNOBS:
        raise UsageError(
            f"controller = {controller}: is part of MIDI itself (bank, data entry or channel "
            "mode), so no knob; choose another"
        )
    channel = _number(table, "channel", 1, CHANNELS) - 1 if "channel" in table else None
    kind = _choice(table, "kind", KINDS)
    takeover = _choice(table, "takeover", TAKEOVERS)
    return Binding(target, controller, channel, kind, takeover)


def _number(table: dict[str, Any], name: str, low: int, high: int) -> int:
    value = table[name]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name} = {shortened(value)}: should be a number from {low} to {high}")
    return value


def _choice(table: dict[str, Any], name: str, choices: Sequence[Word]) -> Word:
    """One of some words; the first of them if there is none."""
    value = table.get(name, choices[0])
    if value not in choices:
        raise UsageError(
            f"{name} = {shortened(value)}: should be {', '.join(choices[:-1])} or {choices[-1]}"
        )
    return choices[choices.index(value)]
