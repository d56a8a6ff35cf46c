"""What uses the model: pictures in, digits out, on the command line and on a page."""

import os

# Set before anything imports Pillow. In blocks of more than 32 MB a picture's memory goes back to
# the system when it is freed; smaller ones stay with the thread that had them.
os.environ.setdefault("PILLOW_BLOCK_SIZE", "64m")
