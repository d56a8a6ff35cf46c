import numpy as np
import pytest
import tensorflow as tf

from app.classifier import Classifier
from app.ctc import string_probabilities
from handwriting.row_network import as_litert, build_network
from handwriting.train_rows import ctc_losses

pytestmark = pytest.mark.slow


def test_the_loss_is_that_of_the_apps_probabilities() -> None:
    """-log of the app's own sum over paths is TensorFlow's loss, for rows of different lengths."""
    logits = np.random.default_rng(0).normal(0, 2, (2, 9, 11)).astype(np.float32)
    digits = np.array([[3, 3, 7], [4, -1, -1]], np.int32)
    losses = ctc_losses(tf.constant(logits), tf.constant(digits)).numpy()
    columns = tf.nn.softmax(logits).numpy()
    expected = [
        -np.log(string_probabilities(columns[0], np.array([[3, 3, 7]]))[0]),
        -np.log(string_probabilities(columns[1], np.array([[4]]))[0]),
    ]
    assert losses == pytest.approx(expected, rel=1e-4)


def test_the_exported_network_reads_rows_of_any_width() -> None:
    """The .tflite file gives the same probabilities as the network, half as many as columns."""
    network = build_network((4, 4, 4, 4))
    exported = Classifier(as_litert(network, 1.5))
    random = np.random.default_rng(0)
    for width in (48, 130):
        levels = random.random((32, width), np.float32)
        expected = tf.nn.softmax(network(levels[np.newaxis, ..., np.newaxis]) / 1.5)[0]
        columns = exported(levels[np.newaxis])[0]
        assert columns.shape == (width // 2, 11)
        np.testing.assert_allclose(columns, expected, atol=1e-5)
