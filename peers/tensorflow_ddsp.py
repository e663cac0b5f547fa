"""How fast Magenta's own DDSP library decodes and synthesises on TensorFlow, on one thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from instrument.bench.program import Measured
from peers import magenta
from peers.frames import BANDS, HARMONICS, HOP, SAMPLE_RATE, Frames
from peers.program import ddsp_program, realtime_factors, taken

NAME = "Magenta DDSP on TensorFlow"
SEED = 0

Tensors = dict[str, Any]


def measure(frames: Frames, rounds: int) -> Measured:
    """Real-time factors of the decoder, of the synthesisers, and of both.

    The decoder is `RnnFcDecoder` for pitch and loudness with its defaults (stacks of three layers
    of 512, a GRU of 512) and random weights; `Harmonic` and `FilteredNoise` have their defaults
    but for the sample rate.

    Raises:
        UsageError: The library isn't installed.
    """
    library = magenta.load()
    tf = library.tf
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.random.set_seed(SEED)
    samples = HOP * len(frames.f0_hz)
    harmonic = library.synths.Harmonic(n_samples=samples, sample_rate=SAMPLE_RATE)
    filtered_noise = library.synths.FilteredNoise(n_samples=samples)
    sizes = {"amplitudes": 1, "harmonic_distribution": HARMONICS, "magnitudes": BANDS}
    network = library.decoders.RnnFcDecoder(
        input_keys=("ld_scaled", "f0_scaled"), output_splits=tuple(sizes.items())
    )
    f0_hz, loudness_db, amplitudes = (
        tf.constant(array[np.newaxis, :, np.newaxis]) for array in frames[:3]
    )
    harmonics, magnitudes = (tf.constant(array[np.newaxis]) for array in frames[3:])

    def decode() -> tuple[Tensors, Tensors]:
        outputs = network(
            {
                "ld_scaled": loudness_db / library.core.DB_RANGE + 1.0,
                "f0_scaled": library.core.hz_to_midi(f0_hz) / library.spectral_ops.F0_RANGE,
            }
        )
        return (
            harmonic.get_controls(outputs["amplitudes"], outputs["harmonic_distribution"], f0_hz),
            filtered_noise.get_controls(outputs["magnitudes"]),
        )

    def synthesise() -> object:
        return harmonic.get_signal(amplitudes, harmonics, f0_hz) + filtered_noise.get_signal(
            magnitudes
        )

    def decode_and_synthesise() -> object:
        harmonic_controls, noise_controls = decode()
        return harmonic.get_signal(**harmonic_controls) + filtered_noise.get_signal(
            **noise_controls
        )

    factors = realtime_factors(
        frames.seconds,
        {
            "realtime_factor": compiled(tf, decode_and_synthesise),
            "decoder": compiled(tf, decode),
            "synth": compiled(tf, synthesise),
        },
        rounds,
    )
    return Measured(f"{version('ddsp')}, TensorFlow {tf.__version__}", factors)


def compiled(tf: Any, work: Callable[[], object]) -> Callable[[], object]:  # noqa: ANN401
    """The quicker of the two ways in which TensorFlow compiles a function: as a graph, or by XLA.

    Uncompiled, the whole takes three times as long as a graph.
    """
    ways: list[Callable[[], object]] = [tf.function(work), tf.function(work, jit_compile=True)]
    for way in ways:
        way()
    return min(ways, key=taken)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print the answer for the bench."""
    ddsp_program(NAME, __doc__, measure, argv)


if __name__ == "__main__":
    main()
