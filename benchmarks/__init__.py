"""Measurements, each one command: they print what README states."""
