"""A rectangle of pixels."""

from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle in pixels; `right` and `bottom` are the first column and row outside it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def turned(self) -> "Box":
        """Return the box with rows and columns exchanged."""
        return Box(self.top, self.left, self.bottom, self.right)
