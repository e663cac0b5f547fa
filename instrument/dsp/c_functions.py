"""What C calls, compiled by numba: blocks for Python, and the callbacks of PortAudio and JACK.

It is imported where one of them isn't on disk, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numba
from numba import types

from instrument.arrays import Float64
from instrument.dsp.at_address import doubles, floats, loader, words
from instrument.dsp.c_playing import (
    CALLED_BY_JACK,
    CALLED_BY_PORTAUDIO,
    RENDERS,
    TOLD_BY_JACK,
    jack,
    jack_gap,
    portaudio,
)
from instrument.dsp.choosing import Candidates, choose
from instrument.dsp.compiler import c_function, inner_function
from instrument.dsp.controls import Controls, smooth
from instrument.dsp.curves import WINDOW_FRAMES, follow_curves, splice_curves, write_curves
from instrument.dsp.decoder import Decoder, Scratch, decode
from instrument.dsp.jit import compiled_inside, fence
from instrument.dsp.machine_code import (
    CHOOSE,
    CURVES,
    DECODER,
    FENCE,
    FINISH,
    FOLLOW,
    JACK,
    JACK_GAP,
    PORTAUDIO,
    READ,
    RENDER,
    SMOOTH,
    SPLICE,
    SPLINES,
    ObjectFile,
)
from instrument.dsp.matrix import within
from instrument.dsp.reading import VoiceCurves, read
from instrument.dsp.spectra import CONTROLS, Moments, Spectra, finish
from instrument.dsp.splines import Splines, SplineScratch, decode_splines
from instrument.dsp.state import Synth
from instrument.dsp.synth import render_synth


def _as_laid_out(network: Any, scratch: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """What numba takes all networks of a kind for, and what they are computed in."""
    return numba.typeof(network), numba.typeof(scratch.of(network))  # type: ignore[no-untyped-call]


SYNTH: Any = numba.typeof(Synth.smallest())  # type: ignore[no-untyped-call]
"""What numba takes every `Synth` for."""


_load_synth = loader(SYNTH)
_load_controls = loader(numba.typeof(Controls.smallest()))  # type: ignore[no-untyped-call]
_load_candidates = loader(numba.typeof(Candidates.smallest()))  # type: ignore[no-untyped-call]
_load_curves = loader(numba.typeof(VoiceCurves.smallest()))  # type: ignore[no-untyped-call]
_load_spectra = loader(numba.typeof(Spectra.smallest()))  # type: ignore[no-untyped-call]
_load_decoder, _load_scratch = map(loader, _as_laid_out(Decoder.smallest(), Scratch))
_load_splines, _load_spline_scratch = map(loader, _as_laid_out(Splines.smallest(), SplineScratch))


# --- For Python ---------------------------------------------------------------------------------


def _render(synth, left, right, samples):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Render the next samples of what lies at an address."""
    render_synth(_load_synth(synth), floats(left, samples), floats(right, samples))
    return 0


def _smooth(controls, voices, first, frames):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Let the controls go on that lie at an address."""
    smooth(_load_controls(controls), voices, first, frames)
    return 0


def _choose(memory, key, loudness, vibrato_cents, steepness, part):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Choose one of the candidates at an address."""
    choose(_load_candidates(memory), key, loudness, vibrato_cents, steepness, part)
    return 0


def _curves(cents, level, a, b, c, d, slow, sums, given, frames, release):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write four curves from an envelope."""
    write_curves(
        floats(cents, given),
        floats(level, given),
        (floats(a, frames), floats(b, frames), floats(c, frames), floats(d, frames)),
        release,
        doubles(slow, release),
        doubles(sums, release + WINDOW_FRAMES),
    )
    return 0


def _splice(a, b, c, d, e, f, g, h, distance, found, frames, at, first, entries, end, rank):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Go on from four old curves in four new ones."""
    splice_curves(
        (floats(a, frames), floats(b, frames), floats(c, frames), floats(d, frames)),
        (floats(e, frames), floats(f, frames), floats(g, frames), floats(h, frames)),
        at,
        first,
        end,
        rank,
        floats(distance, entries),
        doubles(found, 2),
    )
    return 0


def _follow(a, b, c, d, e, f, g, h, frames, at, entry, end, count, gap_db):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Go on from four old curves in four new ones of the same note."""
    follow_curves(
        (floats(a, frames), floats(b, frames), floats(c, frames), floats(d, frames)),
        (floats(e, frames), floats(f, frames), floats(g, frames), floats(h, frames)),
        at,
        entry,
        end,
        count,
        gap_db,
    )
    return 0


@compiled_inside
def _moments(given: Float64, n: int) -> Moments:
    """Moments that lie side by side, n of each."""
    return Moments(
        given[:n],
        given[n : 2 * n],
        given[2 * n : 3 * n],
        given[3 * n : 4 * n],
        given[4 * n : 5 * n],
        given[5 * n : 6 * n],
        given[6 * n : 7 * n],
        given[7 * n :],
    )


def _read(memory, slots, at, made, all_of, asked, level, told, voices, count, cents, frame, slot):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Read what voices play from curves at an address."""
    curves = _load_curves(memory)
    behind = count // max(voices, 1) * frame + len(curves.key) * slot
    read(
        curves,
        words(slots, voices),
        doubles(at, count),
        doubles(made, cents),
        doubles(all_of, behind),
        frame,
        slot,
        _moments(doubles(asked, CONTROLS * count), count),
        floats(level, count),
        floats(told, count),
    )
    return 0


def _finish(memory, slots, at, rows, asked, level, tones, noise, voices, count, of, new):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write spectra of voices into the rings at an address."""
    spectra = _load_spectra(memory)
    numbers, bands = spectra.frames.amps.shape[2], spectra.frames.noise.shape[2]
    finish(
        spectra,
        words(slots, voices),
        words(at, count),
        words(rows, of),
        _moments(doubles(asked, CONTROLS * of), of),
        floats(level, count),
        floats(tones, count * numbers),
        floats(noise, count * bands),
        new != 0,
    )
    return 0


def _order():  # type: ignore[no-untyped-def]  # noqa: ANN202
    fence()
    return 0


def _decode(network, scratch, given, made, voices, frames):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Frames of voices by a network; what it takes and gives lies side by side.

    Behind what it takes lies how large each output may be; behind what it gives, whether all are.
    """
    net = _load_decoder(network)
    count, states = voices * frames, voices * net.units
    after = 2 * count + states
    noise = count * (1 + net.harmonics)
    end = noise + count * net.bands
    inputs, outputs = floats(given, after + 4), floats(made, end + states + 1)
    amplitude, harmonics = outputs[:count], outputs[count:noise]
    bands, state = outputs[noise:end], outputs[end : end + states]
    decode(
        net,
        _load_scratch(scratch),
        inputs[:count],
        inputs[count : 2 * count],
        inputs[2 * count : after],
        amplitude,
        harmonics,
        bands,
        state,
        voices,
        frames,
    )
    loud, even = within(amplitude, inputs[after]), within(harmonics, inputs[after + 1])
    hiss, mind = within(bands, inputs[after + 2]), within(state, inputs[after + 3])
    outputs[end + states] = loud and even and hiss and mind
    return 0


def _decode_splines(network, scratch, given, made, notes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Envelopes of notes by splines, as `_decode`."""
    net = _load_splines(network)
    points, frames = notes * net.latent, notes * net.frames
    after = points + 2 * notes
    inputs, outputs = floats(given, after + 2), floats(made, 2 * frames + 1)
    cents, loudness_db = outputs[:frames], outputs[frames : 2 * frames]
    decode_splines(
        net,
        _load_spline_scratch(scratch),
        inputs[:points],
        inputs[points : points + notes],
        inputs[points + notes : after],
        cents,
        loudness_db,
        notes,
    )
    straight, quiet = within(cents, inputs[after]), within(loudness_db, inputs[after + 1])
    outputs[2 * frames] = straight and quiet
    return 0


# --- All of them --------------------------------------------------------------------------------

_NETWORK = 4 * (types.voidptr,)
_FOLLOWING = *8 * (types.voidptr,), *5 * (types.intp,), types.float64

COMPILE: dict[str, Callable[[], ObjectFile]] = {
    RENDER: partial(inner_function, RENDERS, _render),
    DECODER: partial(inner_function, types.intc(*_NETWORK, types.intp, types.intp), _decode),
    SPLINES: partial(inner_function, types.intc(*_NETWORK, types.intp), _decode_splines),
    SMOOTH: partial(inner_function, types.intc(types.voidptr, *3 * [types.intp]), _smooth),
    CHOOSE: partial(inner_function, types.intc(types.voidptr, *5 * [types.float64]), _choose),
    CURVES: partial(inner_function, types.intc(*8 * [types.voidptr], *3 * [types.intp]), _curves),
    SPLICE: partial(inner_function, types.intc(*10 * [types.voidptr], *6 * [types.intp]), _splice),
    FOLLOW: partial(inner_function, types.intc(*_FOLLOWING), _follow),
    READ: partial(inner_function, types.intc(*8 * [types.voidptr], *5 * [types.intp]), _read),
    FINISH: partial(inner_function, types.intc(*8 * [types.voidptr], *4 * [types.intp]), _finish),
    FENCE: partial(inner_function, types.intc(), _order),
    PORTAUDIO: partial(c_function, CALLED_BY_PORTAUDIO, portaudio),
    JACK: partial(c_function, CALLED_BY_JACK, jack),
    JACK_GAP: partial(c_function, TOLD_BY_JACK, jack_gap),
}
"""By their names, what compiles them."""
