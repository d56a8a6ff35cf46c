"""Random distortions of training images: rotation, scale, shear, shift and mirroring."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from stages.shared.arrays import IMAGE_SHAPE, UInt8Array
from stages.training.settings import Augmentation

CENTRE = (IMAGE_SHAPE[0] - 1) / 2  # pixels


def augment(
    images: UInt8Array, augmentation: Augmentation, random: np.random.Generator
) -> UInt8Array:
    """Distort each of the images (N, 28, 28, 1) uint8 by its own random amounts.

    The amounts are uniform from minus to plus the limits in `augmentation`. Pixels from outside the
    image are background. With `mirror`, each image is the other way round with a chance of a half.
    """
    if augmentation.mirror:
        plain = augmentation.model_copy(update={"mirror": False})
        distorted = augment(images, plain, random)
        mirrored = random.random(len(images)) < 0.5
        return np.where(mirrored[:, None, None, None], distorted[:, :, ::-1], distorted)
    if not any(augmentation.model_dump().values()):
        return images
    with tf.device("CPU"):
        distorted = tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=random_transforms(len(images), augmentation, random),
            output_shape=IMAGE_SHAPE[:2],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )
    return np.asarray(distorted)


def random_transforms(
    count: int, augmentation: Augmentation, random: np.random.Generator
) -> NDArray[np.float32]:
    """Draw `count` affine maps (N, 8) from an output pixel (x, y) to its input pixel.

    A row a0 a1 a2 b0 b1 b2 0 0 means (a0 x + a1 y + a2, b0 x + b1 y + b2). The maps are computed in
    float64: sine and cosine differ in their last bits between CPUs, and rounding removes that.
    """

    def uniform(limit: float) -> NDArray[np.float64]:
        return random.uniform(-limit, limit, count)

    angle = np.deg2rad(uniform(augmentation.rotation))
    shear = np.tan(np.deg2rad(uniform(augmentation.shear)))
    scale_x, scale_y = 1 + uniform(augmentation.scale), 1 + uniform(augmentation.scale)
    shift_x, shift_y = uniform(augmentation.shift), uniform(augmentation.shift)

    cosine, sine = np.cos(angle), np.sin(angle)
    a0, a1 = cosine / scale_x, (cosine * shear - sine) / scale_x
    b0, b1 = sine / scale_y, (sine * shear + cosine) / scale_y
    # The image's centre is a fixed point, apart from the shift.
    a2 = CENTRE - (a0 + a1) * CENTRE + shift_x
    b2 = CENTRE - (b0 + b1) * CENTRE + shift_y
    zero = np.zeros(count)
    return np.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1).astype(np.float32)
