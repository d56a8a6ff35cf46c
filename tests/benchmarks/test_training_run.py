import pytest

from benchmarks.training_run import macs_per_image, matrix_product_flops
from stages.training.architectures import build_model


def test_multiply_adds_by_hand() -> None:
    """Each output value of a layer takes one multiply-add per weight of its kernel."""
    convolutions = [26 * 26 * 32 * 9, 11 * 11 * 64 * 9 * 32]
    assert macs_per_image(build_model("simple-cnn", 0.5, 10)) == [*convolutions, 1600 * 10]
    assert macs_per_image(build_model("mlp", 0.5, 10)) == [784 * 512, 512 * 10]


@pytest.mark.slow
def test_a_matrix_product_is_some_gigaflops() -> None:
    """The measured speed is between 1e9 and 1e14 operations per second."""
    assert 1e9 < matrix_product_flops() < 1e14
