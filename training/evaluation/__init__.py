"""Measurements of an exported instrument on what it never heard."""
