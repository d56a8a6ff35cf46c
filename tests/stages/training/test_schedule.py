import keras
import pytest

from stages.training.schedule import SCHEDULES, OneCycle


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.1), (15, 0.55), (30, 1.0), (65, 0.5), (100, 0.0), (120, 0.0)],
)
def test_one_cycle_by_hand(step: int, rate: float) -> None:
    """The rate rises from 10 % to 100 % in 30 % of the steps, then falls to 0, both linearly."""
    assert float(OneCycle(1.0, 100)(step)) == pytest.approx(rate, abs=1e-6)


def test_constant_stays() -> None:
    """The constant schedule is the learning rate itself."""
    assert SCHEDULES["constant"](0.001, 100) == 0.001


def test_the_optimizer_follows_its_own_step_count() -> None:
    """A restored step count is enough to restore the learning rate."""
    optimizer = keras.optimizers.SGD(learning_rate=OneCycle(1.0, 100))
    optimizer.build([])
    optimizer.iterations.assign(65)
    assert float(optimizer.learning_rate) == pytest.approx(0.5)
