"""The steps from a picture file to digits of 28x28 pixels in MNIST's form."""

import os

# Pillow reads this when it is imported. Blocks of more than 32 MB return to the system when a
# picture is freed; smaller blocks stay with the thread that allocated them.
os.environ.setdefault("PILLOW_BLOCK_SIZE", "64m")
