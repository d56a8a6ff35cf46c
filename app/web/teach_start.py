"""Start teaching: the folder of own pictures, and what was corrected before."""

from pathlib import Path

from app.classes import DIGITS, Classes
from app.own_folder import OwnFolder
from app.tasks import read_example
from app.web.recognition import Recognition
from app.web.teach import NoMemory, Teacher
from app.workers import Workers
from pictures.files import MoreNeededError, PictureError, load_file


def started_teacher(
    path: Path, classes: Classes, workers: Workers, recognition: Recognition
) -> Teacher:
    """Return a teacher that knows the newest pictures in the folder `path`.

    Pictures that do not show one digit are left out. Of other classes it knows none: the features
    that are compared are those of a network of digits.
    """
    folder = OwnFolder(path, classes)
    if classes != DIGITS:
        return Teacher(folder, NoMemory(), recognition.read_example)
    from app.teaching import MAX_EXAMPLES, Examples  # only now, as the import takes long

    examples = Examples(classes)
    known = folder.pictures()[:MAX_EXAMPLES]
    for label, file in reversed(known):  # the newest last
        pixels = _read(workers, file)
        if pixels:
            examples.add(f"{label}/{file.name}", pixels, classes.index(label))
    return Teacher(folder, examples, recognition.read_example)


def _read(workers: Workers, file: Path) -> bytes | None:
    """Return the 28x28 pixels of the one digit in a picture, None if it does not show one."""
    try:
        content = load_file(file)
        try:
            _, _, pixels = workers.quick.submit(read_example, content).result()
        except MoreNeededError:
            _, _, pixels = workers.patient.submit(read_example, content).result()
    except PictureError:
        return None
    return bytes(pixels)
