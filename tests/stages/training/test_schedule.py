import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.training.schedule import SCHEDULES, OneCycle


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.1), (15, 0.55), (30, 1.0), (65, 0.5), (100, 0.0), (120, 0.0)],
)
def test_one_cycle_by_hand(step: int, rate: float) -> None:
    """The rate rises from 10 % to 100 % in 30 % of the steps, then falls to 0, both linearly."""
    assert float(OneCycle(1.0, 100)(step)) == pytest.approx(rate, abs=1e-6)


@given(steps=st.integers(1, 3000), highest=st.floats(1e-6, 10))
def test_one_cycle_rises_and_falls(steps: int, highest: float) -> None:
    """A run of any length follows two straight lines, and is never below 0 or above the highest.

    Over a long run the mean is 0.3 * (0.1 + 1) / 2 + 0.7 * 1 / 2 = 0.515 of the highest rate.
    """
    rates = np.asarray(OneCycle(highest, steps)(np.arange(steps + 5))) / highest
    summit = 0.3 * steps
    expected = [
        0.1 + 0.9 * step / summit if step < summit else max(0, (steps - step) / (steps - summit))
        for step in range(steps + 5)
    ]
    np.testing.assert_allclose(rates, expected, atol=1e-5)
    assert rates.min() == 0
    assert rates.max() <= 1.00001
    assert rates.sum() / steps == pytest.approx(0.515, abs=1 / steps + 1e-5)


def test_a_saved_schedule_is_the_same() -> None:
    """A model file has the schedule's configuration alone."""
    saved = keras.saving.serialize_keras_object(OneCycle(0.003, 70))
    loaded, steps = keras.saving.deserialize_keras_object(saved), np.arange(75)
    np.testing.assert_array_equal(loaded(steps), OneCycle(0.003, 70)(steps))


def test_constant_stays() -> None:
    """The constant schedule is the learning rate itself."""
    assert SCHEDULES["constant"](0.001, 100) == 0.001


def test_the_optimizer_follows_its_own_step_count() -> None:
    """A restored step count is enough to restore the learning rate."""
    optimizer = keras.optimizers.SGD(learning_rate=OneCycle(1.0, 100))
    optimizer.build([])
    optimizer.iterations.assign(65)
    assert float(optimizer.learning_rate) == pytest.approx(0.5)
