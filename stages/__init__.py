"""The pipeline's stages: each module reads files, writes files, and is run by dvc.yaml."""

import os
import sys
from types import TracebackType

# Set before anything imports Keras. A backend chosen in the user's own ~/.keras/keras.json
# would change every byte that train writes.
os.environ["KERAS_BACKEND"] = "tensorflow"
# TensorFlow calls it an error that there is no GPU; train says itself which devices it sees.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def _report(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Say in one line that the user pressed Ctrl-C, also while TensorFlow is being imported."""
    if issubclass(kind, KeyboardInterrupt):
        print("error: interrupted; type `dvc repro` to go on", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = _report
