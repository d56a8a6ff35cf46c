"""The pipeline's stages, a module each, and the modules that they share.

What stands here must be settled before a stage imports anything else.
"""

import os
import sys
import threading
import time
from types import TracebackType

# A backend chosen in the user's own ~/.keras/keras.json would change every byte that train writes.
os.environ["KERAS_BACKEND"] = "tensorflow"
# TensorFlow by itself turns oneDNN's kernels on or off by the kind of CPU that it finds.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
# Likewise a user's own matplotlibrc would change the pictures; an empty one leaves the defaults.
os.environ["MATPLOTLIBRC"] = os.devnull
# TensorFlow calls it an error that there is no GPU; train says itself which devices it sees.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def _report(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Say in one line that the user pressed Ctrl-C, also while TensorFlow is being imported."""
    if issubclass(kind, KeyboardInterrupt):
        print("error: interrupted; type the same command to go on", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)


def _end_with_parent(parent: int) -> None:
    """End this process once DVC, which started it, is gone.

    A DVC that is killed cannot stop its stage, and the next `dvc repro` must not race it. All that
    a stage writes is whole or absent, so any moment is as good as another.
    """
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(1)


sys.excepthook = _report
if "DVC_STAGE" in os.environ:
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
