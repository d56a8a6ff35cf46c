import numpy as np

from app.rules import without_rules

SHAPE = (240, 240)


def _digit_seven() -> np.ndarray:
    mask = np.zeros(SHAPE, np.bool_)
    mask[60:72, 80:160] = mask[60:180, 148:160] = True
    return mask


def _rules(slope: float) -> np.ndarray:
    """Rule a sheet both ways, two pixels wide, every 40; turned by `slope`."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.asarray(((y + slope * x) % 40 < 2) | ((x - slope * y) % 40 < 2))


def test_squares_go_and_the_digit_stays() -> None:
    """Upright and turned by three degrees; the pen is darker than the rules."""
    for slope in (0, 0.05):
        seven, rules = _digit_seven(), _rules(slope)
        ink = (np.maximum(seven * 0.8, rules * 0.5)).astype(np.float32)
        left = without_rules(seven | rules, ink)
        assert (left & seven).sum() > 0.97 * seven.sum()
        assert (left & ~seven).sum() < 0.05 * rules.sum()


def test_rules_as_dark_as_the_pen_go() -> None:
    """Where they cross the digit it is kept whole but for edges."""
    seven, rules = _digit_seven(), _rules(0)
    left = without_rules(seven | rules, np.ones(SHAPE, np.float32))
    assert (left & seven).sum() > 0.9 * seven.sum()
    assert (left & ~seven).sum() < 0.15 * rules.sum()


def test_a_very_narrow_picture_has_no_rule_to_remove() -> None:
    """A line may be found beside its pixels; nothing of it is left to compare."""
    chance = np.random.default_rng(0)
    for width in range(1, 6):
        for _ in range(200):
            mask = chance.random((85, width)) < 0.5
            left = without_rules(mask, np.ones(mask.shape, np.float32))
            assert not (left & ~mask).any()


def test_a_one_from_border_to_border_stays() -> None:
    """One thin line is a digit, not a rule."""
    one = np.zeros(SHAPE, np.bool_)
    one[:, 118:122] = True
    np.testing.assert_array_equal(without_rules(one, one.astype(np.float32)), one)


def test_nothing_at_the_border_changes_nothing() -> None:
    """A sheet without rules is left as it is."""
    seven = _digit_seven()
    assert without_rules(seven, seven.astype(np.float32)) is seven
