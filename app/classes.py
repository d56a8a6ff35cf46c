"""The classes that a model tells apart: their names, in the order of its outputs."""

Classes = tuple[str, ...]
DIGITS: Classes = tuple("0123456789")
