"""Modules that every stage uses."""
