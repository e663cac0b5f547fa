"""Small networks, which compiled code runs in less time than a session takes to begin."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import local
from typing import NamedTuple, TypeAlias

import numpy as np

from instrument.arrays import Float32
from instrument.dsp.decoder import FRAMES, VOICES, Decoder, Layer, Scratch
from instrument.dsp.machine_code import (
    DECODER,
    RESULTS,
    SPLINES,
    c_function,
    compile_missing,
    laid_out,
)
from instrument.dsp.matrix import padded, panels
from instrument.dsp.splines import CURVES, NOTES, OVERLAP, Part, Splines, SplineScratch
from instrument.model.runtime import Computed
from instrument.model.structure import Constant, Structure, read_structure

TIMBRE = (
    "Unsqueeze(f0_hz,#) Unsqueeze(loudness_db,#) Clip(0,#,) Div(2,#) Log(3) Mul(4,#) Sub(5,#) "
    "Mul(6,6) Mul(7,#) Exp(8) Clip(1,#,#) Add(10,#) Div(11,#) Concat(5,12,9,axis=-1) "
    "MatMul(13,#) Add(#,14) LayerNormalization(15,#,#,axis=-1) Relu(16) "
    "MatMul(17,#) Add(#,18) LayerNormalization(19,#,#,axis=-1) Relu(20) "
    "Unsqueeze(state,#) Transpose(21,perm=1:0:2) GRU(23,#,#,#,,22,linear_before_reset=1) "
    "Squeeze(24,#) Transpose(25,perm=1:0:2) Concat(26,13,axis=-1) "
    "MatMul(27,#) Add(#,28) LayerNormalization(29,#,#,axis=-1) Relu(30) "
    "MatMul(31,#) Add(#,32) LayerNormalization(33,#,#,axis=-1) Relu(34) "
    "MatMul(35,#) Add(#,36) Sigmoid(37) Log(38) Mul(39,#) Exp(40) Mul(41,#) Add(42,#) "
    "Mul(0,#) Less(44,#) Where(45,43,#) Mul(1,#) Exp(47) Mul(4,#) Exp(49) Mul(46,46) "
    "MatMul(50,#) Div(51,52) ReduceSum(53,#,keepdims=1) Add(54,#) Div(48,55) Sqrt(56) "
    "Split(46,#,axis=-1) ReduceSum(58,#,keepdims=1) Clip(59,#,) Div(58,60) Mul(57,59) "
    "Squeeze(62,#) Mul(57,58.1) Squeeze(24.1,#) amplitude=63 harmonics=61 noise=64 next_state=65"
)
"""The structure of the timbre network that `training` exports."""

TIMBRE_AXES = {0: 2, 1: 2, 21: 0, 26: 1, 44: 0, 48: -1, 51: -1, 53: 2, 54: 0}
"""Its constants that aren't its own: axes, and silence."""

LAYERS = 11, 16, 27, 32
"""Where its layers begin: weight, bias, scale, shift and epsilon."""

ENVELOPE = (
    "Unsqueeze(pitch,#) Unsqueeze(loudness,#) Concat(latent,0,1,axis=1) Gemm(2,#,#,transB=1) "
    "Reshape(3,#,allowzero=0) Split(4,#,axis=2) ConvTranspose(5,#,dilations=1,group=2) "
    "ConvTranspose(5.1,#,dilations=1,group=2) ConvTranspose(5.2,#,dilations=1,group=2) "
    "Concat(6,7,8,axis=2) Gather(9,#,axis=1) Clip(loudness,#,#) Unsqueeze(11,#) Sub(12,#) "
    "Relu(13) Mul(14,#) ReduceSum(15,#,keepdims=1) Add(16,#) Gather(9,#,axis=1) Add(17,18) "
    "cents=10 loudness_db=19"
)
"""The structure of the envelopes of a diet."""

ENVELOPE_AXES = {0: 1, 1: 1, 4: 1, 5: 1, 20: 0, 23: 1, 26: 1, 28: 1}

MOST_WEIGHTS = 400_000
"""Up to so many, those of the full violin, compiled code was measured to be as quick as onnxruntime
for any number of voices and frames; for few it is quicker."""

Progress: TypeAlias = Callable[[float], None]

PASSES = {DECODER: 600, SPLINES: 160}
"""Of the compiler, in whose time each is compiled."""

Shapes: TypeAlias = dict[int, tuple[int, ...]]
"""Of constants, by their places."""

TRIAL_OCTAVES, TRIAL_DB = (3.0, 15.0), (-120.0, 20.0)
"""Of pitches, from 8 Hz on, and loudnesses; some lie beyond what a network knows."""


def small_decoder(structure: Structure) -> Decoder | None:
    """The network of a graph; None if it isn't the one that is compiled."""
    found = structure.constants
    if structure.text != TIMBRE or not _has(found, 55, TIMBRE_AXES):
        return None
    units, features, harmonics = int(found[25].flat[0]), found[5].size + 2, int(found[50].flat[0])
    spectrum, powers = found[38].size, found[46].size
    widths = features, units, units + features, units
    shapes: Shapes = {place: (n, units) for place, n in zip(LAYERS, widths, strict=True)}
    shapes |= {place + i: (units,) for place in LAYERS for i in (1, 2, 3)}
    shapes |= {5: (features - 2,), 46: (powers,), 47: (powers, spectrum), 50: (2,)}
    shapes |= {22: (1, 3 * units, units), 23: (1, 3 * units, units), 24: (1, 6 * units)}
    shapes |= {37: (units, spectrum), 38: (spectrum,), 42: (spectrum,)}
    if not _are(found, shapes) or not _parts(found[50], spectrum):
        return None

    def number(place: int) -> np.float32:
        return np.float32(found[place].item())

    def row(place: int) -> Float32:
        return np.array(found[place], np.float32)

    def layer(place: int) -> Layer:
        weight, bias, scale, shift, epsilon = (row(place + i) for i in range(5))
        return Layer.of(weight, bias, scale, shift, epsilon.item())

    of_input, of_state = (np.reshape(each, (3, -1)) for each in row(24).reshape(2, 3 * units))
    # Both biases of the gates z and r are added; that of n is in what r is multiplied by.
    of_input[:2] += of_state[:2]
    of_state[:2] = 0.0
    return Decoder(
        units=units,
        harmonics=harmonics,
        bands=spectrum - harmonics,
        lowest_hz=number(2),
        middle_hz=number(3),
        line=number(4),
        centres=row(5),
        steepness=number(6),
        least_db=number(7),
        most_db=number(8),
        offset_db=number(9),
        scale_db=number(10),
        before=(layer(11), layer(16)),
        gru_input=_gates(row(22)[0].reshape(3, units, units)),
        gru_input_bias=np.concatenate([padded(each) for each in of_input]),
        gru_state=_gates(row(23)[0].reshape(3, units, units)),
        gru_state_bias=np.concatenate([padded(each) for each in of_state]),
        after=(layer(27), layer(32)),
        heads=panels(row(37)),
        heads_bias=padded(row(38)),
        power=number(39),
        twice=number(40),
        floor=number(41),
        multiples=padded(row(42), np.inf),
        half_rate=number(43),
        nepers=number(45),
        exponents=row(46),
        weighting=panels(row(47)),
        weighting_bias=padded(np.zeros(spectrum, np.float32), 1.0),
        least_power=number(49),
        least_total=number(52),
    )


def small_splines(structure: Structure) -> Splines | None:
    """The envelopes of a graph; None if they aren't the splines that are compiled."""
    found = structure.constants
    if structure.text != ENVELOPE or not _has(found, 29, ENVELOPE_AXES):
        return None
    knots, size, bends = found[3].size, found[2].shape[-1], found[25].size
    shapes: Shapes = {2: (knots, size), 3: (knots,), 6: (3,), 7: (3,), 24: (bends,), 25: (bends,)}
    steps = {place: int(found[place + 3].flat[0]) for place in (8, 12, 16)}
    shapes |= {place: (CURVES, 1, OVERLAP * step) for place, step in steps.items()}
    shapes |= {place + 2: (2,) for place in steps}
    behind = all((found[place + 2] == (OVERLAP - 1) * step).all() for place, step in steps.items())
    row = knots // CURVES
    if not _are(found, shapes) or not behind or found[6].tolist() != [-1, CURVES, row]:
        return None
    if not _parts(found[7], row, OVERLAP):
        return None
    parts = [
        Part(step, count, np.array(found[place][:, 0]))
        for (place, step), count in zip(steps.items(), found[7].tolist(), strict=True)
    ]
    return Splines(
        latent=size - 2,
        frames=sum((part.knots - OVERLAP + 1) * part.step for part in parts),
        weight=panels(found[2].T),
        bias=padded(found[3]),
        parts=(parts[0], parts[1], parts[2]),
        least=np.float32(found[21].item()),
        most=np.float32(found[22].item()),
        lowest_db=np.float32(found[27].item()),
        quantiles=np.array(found[24]),
        bends=np.array(found[25]),
    )


def _has(found: Sequence[Constant], count: int, numbers: Mapping[int, int]) -> bool:
    """Whether there are so many constants, neither empty nor infinite nor large, some as given."""
    return (
        len(found) == count
        and sum(each.size for each in found) <= MOST_WEIGHTS
        and all(each.size and np.isfinite(each).all() for each in found)
        and all((found[place] == value).all() for place, value in numbers.items())
    )


def _are(found: Sequence[Constant], shapes: Shapes) -> bool:
    """Whether constants are of such shapes, and those that aren't named are single numbers."""
    return all(
        each.shape == shapes[place] if place in shapes else each.size == 1
        for place, each in enumerate(found)
    )


def _parts(sizes: Constant, whole: int, least: int = 1) -> bool:
    """Whether sizes are those of parts of something, which compiled code doesn't look at again."""
    return bool(sizes.min() >= least and sizes.sum() == whole)


def _gates(weights: Float32) -> Float32:
    """[3, H, n] side by side, each in panels by itself."""
    return np.concatenate([panels(each.T) for each in weights])


# --- Run -----------------------------------------------------------------------------------------


class _Own(local):
    """What a thread computes in.

    Attributes:
        memory: Of the network's scratch.
        given, made: What lies there is taken, and written.
        addresses: Of both.
    """

    def __init__(self, scratch: Callable[[], NamedTuple]) -> None:
        self._scratch = scratch()
        self.memory = laid_out(self._scratch)
        self.make_room(0, 0)

    def make_room(self, given: int, made: int) -> None:
        """For so many numbers, and some more."""
        self.given, self.made = np.empty(2 * given, np.float32), np.empty(2 * made, np.float32)
        self.addresses = self.given.ctypes.data, self.made.ctypes.data


class _Compiled:
    """A network and the machine code that computes it.

    Attributes:
        compile_seconds: That compiling that took; 0 if it was compiled already.
    """

    def __init__(
        self,
        network: NamedTuple,
        scratch: Callable[[], NamedTuple],
        name: str,
        sizes: int,
        compiling: Progress,
    ) -> None:
        """Load the code, or compile it.

        Args:
            network: What is computed.
            scratch: Makes what a thread computes in.
            name: Of the C function.
            sizes: How many it takes, of a run.
            compiling: Told how much is compiled, 0…1, if anything has to be.
        """
        self._network, self._memory = network, laid_out(network)
        self.compile_seconds = compile_missing((name,), PASSES[name], compiling)
        self._own = _Own(scratch)
        pointers, numbers = 6 * [ctypes.c_void_p], sizes * [ctypes.c_ssize_t]
        self._function = ctypes.CFUNCTYPE(ctypes.c_int, *pointers, *numbers)(c_function(name))

    def _run(self, given: Sequence[Float32], made: int, *sizes: int) -> tuple[Float32, bool]:
        """So many numbers, made from what is given, and whether they are what they may be."""
        own, count = self._own, sum([each.size for each in given])
        if len(own.given) < count or len(own.made) <= made:
            own.make_room(count, made + 1)
        np.concatenate(given, axis=None, out=own.given[:count])
        self._function(*RESULTS, self._memory, own.memory, *own.addresses, *sizes)
        return own.made[:made].copy(), bool(own.made[made])


class CompiledTimbre(_Compiled):
    """Computes a timbre: see ``runtime.Compute``."""

    def __init__(self, network: Decoder, compiling: Progress) -> None:
        """Of a network."""
        super().__init__(network, partial(Scratch.of, network), DECODER, 2, compiling)
        self._sizes = network.units, network.harmonics, network.bands

    def __call__(self, inputs: Mapping[str, Float32], most: Float32) -> Computed:
        """T frames of V voices, as ``tensors.TIMBRE`` says."""
        f0_hz, state = inputs["f0_hz"], inputs["state"]
        (voices, frames), (_, harmonics, bands) = f0_hz.shape, self._sizes
        tones = f0_hz.size
        noise = tones * (1 + harmonics)
        after = noise + tones * bands
        given = f0_hz, inputs["loudness_db"], state, most
        made, sound = self._run(given, after + state.size, voices, frames)
        outputs = [
            made[:tones].reshape(voices, frames),
            made[tones:noise].reshape(voices, frames, harmonics),
            made[noise:after].reshape(voices, frames, bands),
            made[after:].reshape(state.shape),
        ]
        return Computed(outputs, sound)

    def trial(self) -> dict[str, Float32]:
        """Inputs that all of it is computed for."""
        rng, shape = np.random.default_rng(0), (VOICES + 1, FRAMES + 1)
        state = rng.uniform(-1.0, 1.0, (shape[0], self._sizes[0]))
        return {
            "f0_hz": np.exp2(rng.uniform(*TRIAL_OCTAVES, shape)).astype(np.float32),
            "loudness_db": rng.uniform(*TRIAL_DB, shape).astype(np.float32),
            "state": state.astype(np.float32),
        }


class CompiledEnvelope(_Compiled):
    """Computes envelopes: see ``runtime.Compute``."""

    def __init__(self, network: Splines, compiling: Progress) -> None:
        """Of a network."""
        super().__init__(network, partial(SplineScratch.of, network), SPLINES, 1, compiling)
        self._sizes = network.latent, network.frames

    def __call__(self, inputs: Mapping[str, Float32], most: Float32) -> Computed:
        """Curves of B notes, as ``tensors.ENVELOPE`` says."""
        latent = inputs["latent"]
        notes, (_, frames) = len(latent), self._sizes
        given = latent, inputs["pitch"], inputs["loudness"], most
        made, sound = self._run(given, CURVES * notes * frames, notes)
        return Computed([*made.reshape(CURVES, notes, frames)], sound)

    def trial(self) -> dict[str, Float32]:
        """Inputs that all of it is computed for."""
        rng, notes = np.random.default_rng(0), NOTES + 1
        return {
            "latent": rng.normal(size=(notes, self._sizes[0])).astype(np.float32),
            "pitch": np.linspace(0.0, 127.0, notes, dtype=np.float32),
            "loudness": np.linspace(-0.5, 1.5, notes, dtype=np.float32),
        }


def compiled_network(
    content: bytes, outputs: Sequence[str], compiling: Progress
) -> CompiledTimbre | CompiledEnvelope | None:
    """What computes a graph by compiled code; None if it isn't of a structure that can be.

    Args:
        content: Of its file.
        outputs: Names of its outputs.
        compiling: Told how much is compiled, 0…1, if anything has to be.
    """
    structure = read_structure(content, outputs)
    if structure is None:
        return None
    decoder, splines = small_decoder(structure), small_splines(structure)
    if decoder is not None:
        return CompiledTimbre(decoder, compiling)
    return None if splines is None else CompiledEnvelope(splines, compiling)
