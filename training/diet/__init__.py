"""Smaller networks that play as an exported instrument does: trimmed, and taught by its graphs."""
