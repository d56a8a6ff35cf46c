import pytest

from benchmarks.training_run import macs_per_image, matrix_product_flops
from stages.model import build


def test_multiply_adds_by_hand() -> None:
    """Each output of a convolution takes as many as its kernel has values, a dense layer's too."""
    convolutions = [26 * 26 * 32 * 9, 11 * 11 * 64 * 9 * 32]
    assert macs_per_image(build("simple-cnn", 0.5)) == [*convolutions, 1600 * 10]
    assert macs_per_image(build("mlp", 0.5)) == [784 * 512, 512 * 10]


@pytest.mark.slow
def test_a_matrix_product_is_some_gigaflops() -> None:
    """Any machine of this century does between one billion and a hundred trillion a second."""
    assert 1e9 < matrix_product_flops() < 1e14
