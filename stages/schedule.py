"""How the learning rate goes through a run, by the name that `train.schedule` has."""

from collections.abc import Callable

import keras

from stages.params import ScheduleName

WARM_UP = 0.3  # the part of a run in which the rate rises
BEGINNING = 0.1  # the rate at the first step, as a fraction of the highest


@keras.saving.register_keras_serializable("stages")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Rise linearly from a tenth to the highest rate, then fall linearly to nothing.

    After Smith and Topin, "Super-Convergence" (2017), in its simplest form.
    """

    def __init__(self, highest: float, steps: int) -> None:
        self.highest, self.steps = highest, steps

    def __call__(self, step: keras.KerasTensor) -> keras.KerasTensor:
        done = keras.ops.cast(step, "float32") / self.steps
        rising = BEGINNING + (1 - BEGINNING) * done / WARM_UP
        falling = (1 - done) / (1 - WARM_UP)
        return self.highest * keras.ops.maximum(keras.ops.minimum(rising, falling), 0.0)

    def get_config(self) -> dict[str, float]:
        return {"highest": self.highest, "steps": self.steps}


def _constant(rate: float, steps: int) -> float:
    return rate


SCHEDULES: dict[ScheduleName, Callable[[float, int], float | OneCycle]] = {
    "constant": _constant,
    "one-cycle": OneCycle,
}
