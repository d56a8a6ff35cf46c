"""Train the network that reads rows of digits, on rows made from single digits.

Reads: {train,validation}_{images,labels}.npy in the folder `--processed`, real digits, and in the
folder `--characters`, of which the digits of fonts and the drawn ones are taken, with the kinds in
`--counts`.
Writes: the network as .tflite (`--model`) and its metrics on made validation rows (`--metrics`).
Parameters: the section `rows`.
"""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from app.ctc import BLANK, best_string
from app.row_image import HEIGHT
from handwriting.fonts import Split
from handwriting.row_data import Row, batch_indices, batches, make_rows, padded
from handwriting.row_network import as_litert, build_network
from handwriting.settings import Rows, load
from stages.shared.arrays import LabelledImages, load_split
from stages.shared.cli import parse_paths, run
from stages.shared.files import read_csv, replacing, write_json
from stages.training.determinism import make_deterministic, use_kernels
from stages.training.schedule import OneCycle

# The kinds of made images whose styles MNIST lacks: long upstrokes, barred sevens, open fours.
STYLES = ("digits of fonts", "drawn digits")
STRONG, MIN_STRONG = 150, 25  # a level, and the pixels above it, without which no stroke is found
MAX_GRADIENT = 5.0  # its norm; a row that is read wholly wrong pulls less
TEMPERATURES = np.arange(0.7, 2.01, 0.05)  # by which logits may be divided


def train(settings: Rows, rows: list[Row]) -> keras.Model:
    """Train the network on rows."""
    network = build_network(settings.widths)
    print(f"parameters: {network.count_params():,}")
    rngs = [np.random.default_rng([settings.seed, epoch]) for epoch in range(settings.epochs + 1)]
    steps = settings.epochs * len(batch_indices(rows, settings.batch_size, rngs[-1]))
    rate = OneCycle(settings.learning_rate, steps)
    optimizer = keras.optimizers.Adam(rate, clipnorm=MAX_GRADIENT)
    optimizer.build(network.trainable_variables)
    step = _make_step(network, optimizer, settings.column_weight)
    for epoch, rng in enumerate(rngs[:-1]):
        losses = [float(step(*batch)) for batch in batches(rows, settings.batch_size, rng)]
        print(f"epoch {epoch + 1} of {settings.epochs}: loss {np.mean(losses):.4f}")
    return network


def _make_step(
    network: keras.Model, optimizer: keras.optimizers.Optimizer, column_weight: float
) -> Callable[..., tf.Tensor]:
    """Return the function that takes a batch, changes the weights and returns the loss."""

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[
            tf.TensorSpec((None, HEIGHT, None, 1), tf.float32),
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((None, None), tf.int32),
        ]
    )
    def step(levels: tf.Tensor, columns: tf.Tensor, digits: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = network(levels, training=True)
            count = tf.reduce_sum(tf.cast(digits >= 0, tf.float32))
            total = tf.reduce_sum(ctc_losses(logits, digits))
            total += column_weight * tf.reduce_sum(
                tf.nn.sparse_softmax_cross_entropy_with_logits(columns, logits)
            )
            loss = total / count
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss

    return step  # type: ignore[no-any-return]  # TensorFlow is untyped


def ctc_losses(logits: tf.Tensor, digits: tf.Tensor) -> tf.Tensor:
    """Return -log of the probability of each row's digits (N,).

    Args:
        logits: (N, T, 11).
        digits: (N, longest), padded with -1.
    """
    is_digit = digits >= 0
    labels = tf.SparseTensor(
        tf.where(is_digit), tf.boolean_mask(digits, is_digit), tf.shape(digits, tf.int64)
    )
    lengths = tf.fill(tf.shape(logits)[:1], tf.shape(logits)[1])
    return tf.nn.ctc_loss(labels, logits, None, lengths, logits_time_major=False, blank_index=BLANK)


def validate(network: keras.Model, rows: list[Row]) -> tuple[float, dict[str, float]]:
    """Return the temperature at which the network's confidence is the best, and the metrics."""
    outputs = []
    for row in rows:
        batch = padded([row])
        outputs.append((network(batch.levels, training=False), batch.digits))
    losses = [
        float(np.mean([ctc_losses(logits / temperature, digits) for logits, digits in outputs]))
        for temperature in TEMPERATURES
    ]
    best = float(TEMPERATURES[np.argmin(losses)])
    read = [best_string(tf.nn.softmax(logits[0] / best).numpy()) for logits, _ in outputs]
    right = [
        "".join(map(str, digits)) == row.digits for digits, row in zip(read, rows, strict=True)
    ]
    metrics = {"rows_right": float(np.mean(right)), "loss": min(losses), "temperature": best}
    return best, {name: round(value, 4) for name, value in metrics.items()}


def load_digits(processed: Path, characters: Path, counts: Path, split: Split) -> LabelledImages:
    """Return the real digits of a split, (N, 28, 28), and twice as often those of other styles."""
    real, made = load_split(processed, split), load_split(characters, split)
    table = read_csv(counts)
    own = table[table["split"] == split]
    kinds = np.repeat(own["kind"].to_numpy(), own["images"].to_numpy())
    strong = (made.images > STRONG).sum(axis=(1, 2, 3)) >= MIN_STRONG
    chosen = np.isin(kinds, STYLES) & strong
    images = [real.images, made.images[chosen], made.images[chosen]]
    labels = [real.labels, made.labels[chosen], made.labels[chosen]]
    return LabelledImages(np.concatenate(images)[..., 0], np.concatenate(labels))


def main() -> None:
    paths = parse_paths(
        __doc__,
        processed="folder with the arrays of real digits",
        characters="folder with the arrays of made images",
        counts="CSV file with the number of images of each kind",
        model=".tflite file for the network",
        metrics="JSON file for its metrics",
        params="parameter file",
    )
    settings = load(Rows, paths.params)
    use_kernels(settings.threads, settings.instruction_set)
    make_deterministic(settings.seed)
    splits: dict[Split, int] = {
        "train": settings.training_rows,
        "validation": settings.validation_rows,
    }
    made = {
        split: make_rows(
            *load_digits(paths.processed, paths.characters, paths.counts, split),
            seed=settings.seed,
            count=count,
            processes=settings.threads,
        )
        for split, count in splits.items()
    }
    network = train(settings, made["train"])
    temperature, metrics = validate(network, made["validation"])
    print(metrics)
    with replacing(paths.model) as file:
        file.write(as_litert(network, temperature))
    write_json(paths.metrics, metrics)


if __name__ == "__main__":
    run(main)
