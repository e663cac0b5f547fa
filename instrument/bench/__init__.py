"""Arco beside other instruments: what is measured, and how."""
