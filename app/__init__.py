"""Recognise the digits in a person's own pictures, on the command line and on a web page."""

import os

# Pillow reads this when it is imported. Blocks of more than 32 MB return to the system when a
# picture is freed; smaller blocks stay with the thread that allocated them.
os.environ.setdefault("PILLOW_BLOCK_SIZE", "64m")
