"""The five stages of the pipeline, and what they share.

The variables below must be set before Keras, TensorFlow or Matplotlib is imported.
"""

import os

# A backend chosen in the user's own ~/.keras/keras.json would change every byte that train writes.
os.environ["KERAS_BACKEND"] = "tensorflow"
# TensorFlow by itself turns oneDNN's kernels on or off by the kind of CPU that it finds.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
# A user's own matplotlibrc would change the pictures; an empty one leaves the defaults.
os.environ["MATPLOTLIBRC"] = os.devnull
# TensorFlow logs a missing GPU as an error; train prints the devices itself.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
