"""What the graphs of an instrument take and give: their tensors by name, and the axes of each.

A graph says in ``instrument.json`` which of these it has (``Graph.inputs``). Whoever runs it gives
tensors by name, so that nothing depends on their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from instrument.model.spec import InstrumentSpec

NOTES, VOICES, TIME = "notes", "voices", "frames"
FREE_AXES = NOTES, VOICES, TIME
"""Axes of any size: so many notes or voices at once, and so many frames."""

LATENT, CURVE, STATE, HARMONICS, BANDS = "latent", "curve", "state", "harmonics", "bands"
"""Axes of a size that the description says."""

Axes: TypeAlias = tuple[str, ...]


class Tensors(NamedTuple):
    """Of one graph: names of its inputs and of its outputs, in order → their axes.

    A graph has those that are optional all, behind its other inputs, or none.
    """

    inputs: dict[str, Axes]
    outputs: dict[str, Axes]
    optional: dict[str, Axes] = {}  # noqa: RUF012

    def given(self, names: Sequence[str]) -> dict[str, Axes]:
        """Of a graph with inputs of such names: all its inputs."""
        has_optional = set(self.optional) <= set(names)
        return self.inputs | self.optional if has_optional else self.inputs


CONTEXT: dict[str, Axes] = {"seconds": (NOTES,), "slurred": (NOTES,), "bowed": (NOTES,)}
"""What a network knows of a note that has learned from lines, see ``NoteContext``."""

ENVELOPE = Tensors(
    {"latent": (NOTES, LATENT), "pitch": (NOTES,), "loudness": (NOTES,)},
    {"cents": (NOTES, CURVE), "loudness_db": (NOTES, CURVE)},
    CONTEXT,
)
TIMBRE = Tensors(
    {"f0_hz": (VOICES, TIME), "loudness_db": (VOICES, TIME), "state": (VOICES, STATE)},
    {
        "amplitude": (VOICES, TIME),
        "harmonics": (VOICES, TIME, HARMONICS),
        "noise": (VOICES, TIME, BANDS),
        "next_state": (VOICES, STATE),
    },
)
ENCODER = Tensors(
    {
        "cents": (NOTES, CURVE),
        "loudness_db": (NOTES, CURVE),
        "pitch": (NOTES,),
        "loudness": (NOTES,),
    },
    {"latent": (NOTES, LATENT)},
    CONTEXT,
)


def axis_sizes(spec: InstrumentSpec) -> dict[str, int]:
    """Axis → its size, of those whose size an instrument says."""
    envelope, timbre = spec.envelope_size, spec.timbre_size
    return {
        LATENT: envelope.latent,
        CURVE: envelope.frames,
        STATE: timbre.state,
        HARMONICS: timbre.harmonics,
        BANDS: timbre.noise_bands,
    }
