"""The pipeline's stages: each module reads files, writes files, and is run by dvc.yaml."""

import os

# Set before anything imports Keras. A backend chosen in the user's own ~/.keras/keras.json
# would change every byte that train writes.
os.environ["KERAS_BACKEND"] = "tensorflow"
# TensorFlow calls it an error that there is no GPU; train says itself which devices it sees.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
