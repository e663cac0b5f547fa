"""Signals measured: pitch, loudness, harmonics, noise."""
