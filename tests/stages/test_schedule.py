import keras
import pytest

from stages.schedule import SCHEDULES, OneCycle


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.1), (15, 0.55), (30, 1.0), (65, 0.5), (100, 0.0), (120, 0.0)],
)
def test_one_cycle_by_hand(step: int, rate: float) -> None:
    """Up from a tenth over three tenths of the run, then down to nothing, in straight lines."""
    assert float(OneCycle(1.0, 100)(step)) == pytest.approx(rate, abs=1e-6)


def test_constant_stays() -> None:
    """The plain rate is handed to the optimizer as it is."""
    assert SCHEDULES["constant"](0.001, 100) == 0.001


def test_the_optimizer_follows_its_own_step_count() -> None:
    """A restored step count brings the rate back: nothing else has to be remembered."""
    optimizer = keras.optimizers.SGD(learning_rate=OneCycle(1.0, 100))
    optimizer.build([])
    optimizer.iterations.assign(65)
    assert float(optimizer.learning_rate) == pytest.approx(0.5)
