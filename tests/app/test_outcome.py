import pytest

from app.outcome import as_percent


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (1, "over 99.9 %"),
        (0.9996, "over 99.9 %"),
        (0.9994, "99.9 %"),
        (0.5, "50.0 %"),
        (0.0006, "0.1 %"),
        (0.0004, "under 0.1 %"),
        (0, "under 0.1 %"),
    ],
)
def test_is_never_certain(probability: float, text: str) -> None:
    """A probability is given in percent, but neither as 100 nor as 0."""
    assert as_percent(probability) == text
