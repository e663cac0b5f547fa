"""The DDSP decoder (Engel et al. 2020), compiled: for networks so small that calls outweigh sums.

Pitch and loudness → MLP → GRU → MLP → spectrum, whose level is computed, frame by frame. What it
computes `training.networks.timbre` says, and the graph that is exported of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, aligned_zeros
from instrument.dsp.elementary import ONE, exp32, log1p32, log32, sigmoid32, tanh32
from instrument.dsp.jit import compiled_inside
from instrument.dsp.matrix import affine, padded, panels, sum_of_squares, total
from instrument.dsp.vectors import PANEL

VOICES, FRAMES = 8, 8
"""So many voices and frames are computed together, of any number that is asked for."""

ZERO = np.float32(0.0)


class Layer(NamedTuple):
    """Linear, layer normalisation and ReLU, of H outputs.

    Attributes:
        weight: See ``matrix.panels``. The mean of the outputs is taken from it, and from the bias.
        bias, scale, shift: [padded H], 0 behind the last output.
        epsilon: Of the normalisation.
    """

    weight: Float32
    bias: Float32
    scale: Float32
    shift: Float32
    epsilon: np.float32

    @classmethod
    def of(
        cls, weight: Float32, bias: Float32, scale: Float32, shift: Float32, epsilon: float
    ) -> Layer:
        """Weights [n, H] and the rest [H], as they are exported."""
        centred = weight - weight.mean(axis=1, keepdims=True, dtype=np.float64)
        bias = bias - bias.mean(dtype=np.float64)
        return cls(
            panels(centred.astype(np.float32)),
            padded(bias.astype(np.float32)),
            padded(scale),
            padded(shift),
            np.float32(epsilon),
        )


class Decoder(NamedTuple):
    """A network of H units, F features, K harmonics and N bands of noise, S = K + N.

    Attributes:
        units, harmonics, bands: H, K and N.
        lowest_hz, middle_hz: A pitch is at least the one, and told against the other.
        line: From the logarithm of a pitch to a feature.
        centres: [F − 2], of the bumps along the keyboard.
        steepness: Of them, below 0.
        least_db, most_db, offset_db, scale_db: From a loudness to a feature.
        before, after: Two layers each.
        gru_input, gru_state: Gates z, r and n side by side, each padded to whole panels.
        gru_input_bias, gru_state_bias: Of them.
        heads, heads_bias: Of harmonics and noise, side by side.
        power, twice, floor: Of the positive nonlinearity, twice · sigmoid(x) ** power + floor.
        multiples: [padded S], frequencies against f0 of what may lie beyond Nyquist.
        half_rate: Nyquist's frequency, in Hz.
        nepers: Of power, in a dB.
        exponents: [P], powers of pitch that the weighting is a sum of.
        weighting, weighting_bias: [P] → [padded S], what the level divides squares by.
        least_power, least_total: So that nothing is divided by 0.
    """

    units: int
    harmonics: int
    bands: int
    lowest_hz: np.float32
    middle_hz: np.float32
    line: np.float32
    centres: Float32
    steepness: np.float32
    least_db: np.float32
    most_db: np.float32
    offset_db: np.float32
    scale_db: np.float32
    before: tuple[Layer, Layer]
    gru_input: Float32
    gru_input_bias: Float32
    gru_state: Float32
    gru_state_bias: Float32
    after: tuple[Layer, Layer]
    heads: Float32
    heads_bias: Float32
    power: np.float32
    twice: np.float32
    floor: np.float32
    multiples: Float32
    half_rate: np.float32
    nepers: np.float32
    exponents: Float32
    weighting: Float32
    weighting_bias: Float32
    least_power: np.float32
    least_total: np.float32

    @classmethod
    def smallest(cls) -> Decoder:
        """One that computes nothing, of the types that all have."""
        r, m, n = np.zeros(PANEL, np.float32), np.zeros((1, 1, PANEL), np.float32), ZERO
        two = 2 * (Layer(m, r, r, r, n),)
        pitch, level, gates = (n, n, n, r, n), (n, n, n, n), (m, r, m, r)
        heads = m, r, n, n, n, r, n, n, r, m, r, n, n
        return cls(1, 1, 1, *pitch, *level, two, *gates, two, *heads)  # type: ignore[arg-type]


class Scratch(NamedTuple):
    """What one run is computed in: a row for each voice and frame."""

    features: Float32
    joined: Float32
    one: Float32
    other: Float32
    gates: Float32
    state: Float32
    step: Float32
    powers: Float32
    spectrum: Float32
    weighting: Float32

    @classmethod
    def of(cls, network: Decoder) -> Scratch:
        """For a network."""
        rows, units = VOICES * FRAMES, len(network.before[0].bias)
        features, spectrum = len(network.centres) + 2, len(network.heads_bias)

        def empty(rows: int, columns: int) -> Float32:
            return aligned_zeros((rows, columns), np.float32)

        return cls(
            features=empty(rows, features),
            joined=empty(rows, network.units + features),
            one=empty(rows, units),
            other=empty(rows, units),
            gates=empty(rows, 3 * units),
            state=empty(VOICES, units),
            step=empty(VOICES, 3 * units),
            powers=empty(rows, len(network.exponents)),
            spectrum=empty(rows, spectrum),
            weighting=empty(rows, spectrum),
        )


@compiled_inside
def _layer(layer: Layer, units: int, x: Float32, count: int, out: Float32) -> None:
    """One layer of rows, see ``affine``."""
    affine(x, count, layer.weight, layer.bias, out)
    for row in range(count):
        y = out[row]
        factor = ONE / np.sqrt(sum_of_squares(y) / np.float32(units) + layer.epsilon)
        for j in range(len(y)):
            y[j] = max(y[j] * factor * layer.scale[j] + layer.shift[j], ZERO)


@compiled_inside
def _tell(
    net: Decoder, scratch: Scratch, row: int, f0_hz: np.float32, level_db: np.float32
) -> None:
    """Write what the network is told of a frame, and the powers of its pitch."""
    features, joined, powers = scratch.features[row], scratch.joined[row], scratch.powers[row]
    log_f0 = log32(max(f0_hz, net.lowest_hz) / net.middle_hz)
    line = log_f0 * net.line
    features[0] = line
    features[1] = (min(max(level_db, net.least_db), net.most_db) + net.offset_db) / net.scale_db
    bumps = features[2:]
    for j in range(len(bumps)):
        away = line - net.centres[j]
        bumps[j] = exp32(away * away * net.steepness)
    for j in range(len(features)):
        joined[net.units + j] = features[j]
    for j in range(len(powers)):
        powers[j] = exp32(log_f0 * net.exponents[j])


@compiled_inside
def _remember(gates: Float32, step: Float32, state: Float32, out: Float32, units: int) -> None:
    """One step of the GRU of one voice; its state moves, and is written."""
    width = len(state)
    for j in range(width):
        forget = sigmoid32(gates[j] + step[j])
        reset = sigmoid32(gates[width + j] + step[width + j])
        new = tanh32(gates[2 * width + j] + reset * step[2 * width + j])
        state[j] = (ONE - forget) * new + forget * state[j]
    for j in range(units):
        out[j] = state[j]


@compiled_inside
def _shape(net: Decoder, f0_hz: np.float32, spectrum: Float32, weighting: Float32) -> np.float32:
    """What a spectrum is from what the heads say of it, without what lies beyond Nyquist.

    Returns:
        Its weighted power.
    """
    for j in range(len(spectrum)):
        x = spectrum[j]
        below = max(-x, ZERO) + log1p32(exp32(-abs(x)))
        y = exp32(-net.power * below) * net.twice + net.floor
        spectrum[j] = y if f0_hz * net.multiples[j] < net.half_rate else ZERO
    for j in range(len(spectrum)):
        weighting[j] = spectrum[j] * spectrum[j] / weighting[j]
    return total(weighting, len(weighting))


@compiled_inside
def _give(
    net: Decoder,
    spectrum: Float32,
    gain: np.float32,
    place: int,
    amplitude: Float32,
    harmonics: Float32,
    noise: Float32,
) -> None:
    """Write the controls of a frame."""
    tones, bands = net.harmonics, net.bands
    whole = total(spectrum, tones)
    share = ONE / max(whole, net.least_total)
    amplitude[place] = gain * whole
    for j in range(tones):
        harmonics[place * tones + j] = spectrum[j] * share
    for j in range(bands):
        noise[place * bands + j] = gain * spectrum[tones + j]


@compiled_inside
def _compute(net: Decoder, scratch: Scratch, voices: int, frames: int) -> None:
    """From what is told to what the heads say, of some frames of some voices."""
    rows, units = voices * frames, net.units
    _layer(net.before[0], units, scratch.features, rows, scratch.one)
    _layer(net.before[1], units, scratch.one, rows, scratch.other)
    affine(scratch.other, rows, net.gru_input, net.gru_input_bias, scratch.gates)
    for first in range(0, rows, voices):
        affine(scratch.state, voices, net.gru_state, net.gru_state_bias, scratch.step)
        for v in range(voices):
            gates, out = scratch.gates[first + v], scratch.joined[first + v]
            _remember(gates, scratch.step[v], scratch.state[v], out, units)
    _layer(net.after[0], units, scratch.joined, rows, scratch.one)
    _layer(net.after[1], units, scratch.one, rows, scratch.other)
    affine(scratch.other, rows, net.heads, net.heads_bias, scratch.spectrum)
    affine(scratch.powers, rows, net.weighting, net.weighting_bias, scratch.weighting)


@compiled_inside
def decode(
    net: Decoder,
    scratch: Scratch,
    f0_hz: Float32,
    loudness_db: Float32,
    state: Float32,
    amplitude: Float32,
    harmonics: Float32,
    noise: Float32,
    next_state: Float32,
    voices: int,
    frames: int,
) -> None:
    """T frames of V voices; a frame comes out the same however many are computed together.

    Args:
        net: The network.
        scratch: For it; overwritten.
        f0_hz: [V · T], a voice's frames side by side.
        loudness_db: [V · T].
        state: [V · H].
        amplitude: [V · T], written, as are the rest.
        harmonics: [V · T · K].
        noise: [V · T · N].
        next_state: [V · H].
        voices: V.
        frames: T.
    """
    for first_voice in range(0, voices, VOICES):
        together = min(VOICES, voices - first_voice)
        for v in range(together):
            for j in range(net.units):
                scratch.state[v, j] = state[(first_voice + v) * net.units + j]
        for first in range(0, frames, FRAMES):
            moments = min(FRAMES, frames - first)
            for row in range(moments * together):
                place = (first_voice + row % together) * frames + first + row // together
                _tell(net, scratch, row, f0_hz[place], loudness_db[place])
            _compute(net, scratch, together, moments)
            for row in range(moments * together):
                place = (first_voice + row % together) * frames + first + row // together
                spectrum = scratch.spectrum[row]
                power = _shape(net, f0_hz[place], spectrum, scratch.weighting[row])
                wanted = exp32(loudness_db[place] * net.nepers)
                gain = np.sqrt(wanted / (power + net.least_power))
                _give(net, spectrum, gain, place, amplitude, harmonics, noise)
        for v in range(together):
            for j in range(net.units):
                next_state[(first_voice + v) * net.units + j] = scratch.state[v, j]
