"""How fast a plain PyTorch port of DDSP decodes and synthesises, on one thread."""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Sequence

from instrument.bench.program import Measured
from instrument.errors import UsageError, install
from peers.frames import Frames
from peers.program import ddsp_program, realtime_factors

NAME = "PyTorch DDSP"
SEED = 0


def measure(frames: Frames, rounds: int) -> Measured:
    """Real-time factors of the decoder, of the synthesiser, and of both.

    Raises:
        UsageError: PyTorch isn't installed.
    """
    try:
        import torch

        from peers import torch_port
    except ImportError as error:
        raise UsageError(
            f"PyTorch cannot be imported ({error}): install it with {install('train')}"
        ) from error

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.manual_seed(SEED)
    decoder = torch_port.Decoder().eval()
    f0_hz, loudness_db, amplitude = (torch.from_numpy(array)[:, None] for array in frames[:3])
    harmonics, noise = (torch.from_numpy(array) for array in frames[3:])
    controls = torch_port.Controls(amplitude, harmonics, noise)
    with torch.inference_mode():
        factors = realtime_factors(
            frames.seconds,
            {
                "realtime_factor": lambda: torch_port.synthesise(
                    f0_hz, decoder(f0_hz, loudness_db)
                ),
                "decoder": lambda: decoder(f0_hz, loudness_db),
                "synth": lambda: torch_port.synthesise(f0_hz, controls),
            },
            rounds,
        )
    return Measured(torch.__version__, factors)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print the answer for the bench."""
    ddsp_program(NAME, __doc__, measure, argv)


if __name__ == "__main__":
    main()
