"""Learning-rate schedules, by the names that the parameter `train.schedule` may have."""

from collections.abc import Callable

import keras

from stages.training.settings import ScheduleName

WARM_UP_FRACTION = 0.3  # the fraction of a run in which the rate rises
INITIAL_FRACTION = 0.1  # the rate at the first step, divided by the highest


@keras.saving.register_keras_serializable("stages")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Rise linearly from a tenth to the highest rate, then fall linearly to zero.

    After Smith and Topin, "Super-Convergence" (2017), in its simplest form.
    """

    def __init__(self, max_rate: float, steps: int) -> None:
        self.max_rate, self.steps = max_rate, steps

    def __call__(self, step: keras.KerasTensor) -> keras.KerasTensor:
        progress = keras.ops.cast(step, "float32") / self.steps
        rising = INITIAL_FRACTION + (1 - INITIAL_FRACTION) * progress / WARM_UP_FRACTION
        falling = (1 - progress) / (1 - WARM_UP_FRACTION)
        return self.max_rate * keras.ops.maximum(keras.ops.minimum(rising, falling), 0.0)

    def get_config(self) -> dict[str, float]:
        return {"max_rate": self.max_rate, "steps": self.steps}


def _constant(rate: float, steps: int) -> float:
    return rate


SCHEDULES: dict[ScheduleName, Callable[[float, int], float | OneCycle]] = {
    "constant": _constant,
    "one-cycle": OneCycle,
}
