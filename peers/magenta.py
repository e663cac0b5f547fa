"""Magenta's `ddsp`, the library of Engel et al., *DDSP* (ICLR 2020), made importable.

Version 3.7.0, of 2023, is the last one. It was made for a TensorFlow that today's Python has no
builds of. The part that computes still works, and all that it takes to import that part is here.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import os
import sys
import warnings
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from instrument.errors import UsageError


class Magenta(NamedTuple):
    """Modules of the library.

    Attributes:
        tf: tensorflow.
        core: ddsp.core, the formulas.
        synths: ddsp.synths, `Harmonic` and `FilteredNoise`.
        spectral_ops: ddsp.spectral_ops, loudness.
        decoders: ddsp.training.decoders, `RnnFcDecoder`.
    """

    tf: ModuleType
    core: ModuleType
    synths: ModuleType
    spectral_ops: ModuleType
    decoders: ModuleType


@cache
def load() -> Magenta:
    """Import the library; it takes some seconds the first time.

    Raises:
        UsageError: It isn't installed, or something that it needs isn't.
    """
    # The library is written for Keras 2, which is a package of its own now, tf_keras.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # CREPE finds the pitch of recordings, which isn't asked for here; it downloads its weights
    # when it is built.
    sys.modules.setdefault("crepe", ModuleType("crepe"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return _import()
    except ImportError as error:
        raise UsageError(
            f"Magenta's ddsp cannot be imported ({error}): install it with pip install "
            "'.[reference]' and then pip install --no-deps ddsp==3.7.0 'tf_keras==2.21.*'"
        ) from error


def _import() -> Magenta:
    import ddsp
    import tensorflow as tf
    from ddsp import core, spectral_ops, synths

    # The package's own __init__ imports clients of cloud services; its modules don't need them.
    training = ModuleType("ddsp.training")
    training.__path__ = [str(Path(folder) / "training") for folder in ddsp.__path__]
    sys.modules[training.__name__] = training
    from ddsp.training import decoders

    return Magenta(tf, core, synths, spectral_ops, decoders)
