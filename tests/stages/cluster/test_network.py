import pytest

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")

from stages.cluster.network import Network
from stages.cluster.states import Progress, Task
from stages.training.early_stopping import History

ROWS: History = [{"epoch": epoch} for epoch in range(1, 5)]


@pytest.mark.parametrize(
    ("resumed_after", "rows", "line", "left"),
    [
        (0, 0, "epoch 0 of 10", ""),
        (3, 0, "epoch 3 of 10", ""),
        (0, 4, "epoch 4 of 10", "18 s left"),  # 12 s for 4, so 18 s for 6
        (3, 4, "epoch 4 of 10", "72 s left"),  # 12 s for one
    ],
)
def test_the_line_of_a_network_in_training(
    resumed_after: int, rows: int, line: str, left: str
) -> None:
    """The time left is that of the epochs to come, at the speed of those that this task trained."""
    progress = Progress(Task(6, 0, "id", resumed_after), ROWS[:rows], 12.0, 1.0)
    shown = Network(6, rows=ROWS[:2]).describe(8, 10, progress, {"id": "worker"})
    assert shown == (f"network 7 of 8: worker, {line}", left)


def test_the_line_of_a_network_that_waits_or_has_finished() -> None:
    """What a finished network's task last said counts no more."""
    progress = Progress(Task(0, 0, "id", 0), ROWS, 12.0, 1.0)
    assert Network(0).describe(2, 10, None, {}) == ("network 1 of 2: waiting", "")
    finished = Network(1, rows=ROWS, finished=True)
    assert finished.describe(2, 10, progress, {}) == (
        "network 2 of 2: finished after 4 epochs",
        "",
    )
