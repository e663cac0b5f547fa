"""How long a bench measures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """How often everything is measured.

    Attributes:
        rounds: Of all measurements; what differs between them is noise.
        repeats: Of a single run of a graph or a kernel, in each round.
        blocks: That an engine plays in each round, for each kind.
        notes: Whose beginnings are measured, in each round.
        processes: Rounds of whole programs, which take seconds.
        seconds: Length of the scores that are rendered.
        live_notes: That are played through JACK, 1.2 s each.
        flooded_notes: That are played among each of four floods.
        moves: Of a finger on the page.
        sample_rates, block_sizes, voices: That engines are tried with.
    """

    rounds: int = 5
    repeats: int = 500
    blocks: int = 2000
    notes: int = 1000
    processes: int = 5
    seconds: float = 20.0
    live_notes: int = 1000
    flooded_notes: int = 40
    moves: int = 60
    sample_rates: tuple[int, ...] = (44_100, 48_000)
    block_sizes: tuple[int, ...] = (64, 128, 256)
    voices: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)


QUICK = Effort(
    rounds=3,
    repeats=100,
    blocks=500,
    notes=100,
    processes=2,
    seconds=8.0,
    live_notes=30,
    flooded_notes=6,
    moves=10,
    sample_rates=(48_000,),
    voices=(1, 8, 32),
)
