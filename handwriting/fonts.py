"""Fetch the fonts of fonts.csv and check that they are the listed ones.

Reads: `--list`, CSV: npm package, version, file in it, kind, split, SHA-256 of the file.
Writes: each font file, in the folder `--fonts`. Needs npm, which is part of Node.js.

The fonts are free (SIL OFL, Apache). Most were made from people's handwriting.
"""

import csv
import hashlib
import subprocess
import tarfile
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

from tqdm import tqdm

from stages.shared.cli import StageError, one_line, parse_paths, run
from stages.shared.files import replacing

Kind = Literal["handwriting", "script", "printed"]
Split = Literal["train", "validation"]
AT_ONCE = 10  # packages: npm takes longer to start than to fetch one
FETCH_TIME = 300  # seconds for so many


class FontFile(NamedTuple):
    """One line of the list."""

    package: str
    version: str
    file: str
    kind: Kind
    split: Split  # a package's files are all in one split
    sha256: str


def read_list(path: Path) -> list[FontFile]:
    """Read the list of font files; raise `StageError` if a line is not as expected."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    fonts = []
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != 6 or line[3] not in get_args(Kind) or line[4] not in get_args(Split):
            expected = ", ".join(FontFile._fields)
            raise StageError(f"{path}:{number}: found {','.join(line)!r}, expected {expected}")
        package, version, file_name, kind, split, digest = line
        fonts.append(
            FontFile(package, version, file_name, cast(Kind, kind), cast(Split, split), digest)
        )
    return fonts


def fetch_all(fonts: list[FontFile], folder: Path) -> None:
    """Fetch each package once and write its listed files into the folder.

    Raises `StageError` if a package cannot be fetched or a file is not the listed one.
    """
    packages = defaultdict(list)
    for font in fonts:
        packages[f"{font.package}@{font.version}"].append(font)
    names = list(packages)
    with (
        tempfile.TemporaryDirectory() as temporary,
        tqdm(desc="fonts", total=len(names), unit="package") as progress,
    ):
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            for name, archive in zip(some, fetch(some, Path(temporary)), strict=True):
                for font in packages[name]:
                    write_font(archive, font, folder)
                archive.unlink()
            progress.update(len(some))


def fetch(names: list[str], folder: Path) -> list[Path]:
    """Fetch the archives of packages NAME@VERSION into a folder and return their paths."""
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), *names]
    remedy = "check the network and type `dvc repro` again"
    try:
        result = subprocess.run(  # noqa: S603 - the names are those of the list
            command, capture_output=True, text=True, timeout=FETCH_TIME, check=True
        )
    except FileNotFoundError:
        raise StageError("npm was not found; install Node.js, then type `dvc repro`") from None
    except subprocess.TimeoutExpired:
        raise StageError(f"{names[0]}: npm took more than {FETCH_TIME} s; {remedy}") from None
    except subprocess.CalledProcessError as error:
        reason = " ".join(error.stderr.split())[:200] or f"npm ended with {error.returncode}"
        raise StageError(f"{', '.join(names)}: not fetched: {reason}; {remedy}") from None
    return [folder / name for name in result.stdout.split()]


def write_font(archive: Path, font: FontFile, folder: Path) -> None:
    """Write a font file of a package's archive; raise `StageError` if it is not the listed one."""
    try:
        with tarfile.open(archive) as package:
            member = package.extractfile(f"package/files/{font.file}")
            content = member.read() if member else b""
    except (KeyError, OSError, tarfile.TarError) as error:
        raise StageError(f"{font.package} {font.version}: {one_line(error)}") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != font.sha256:
        raise StageError(
            f"{font.file} of {font.package} {font.version}: found SHA-256 {digest[:12]}…, "
            f"listed is {font.sha256[:12]}…; check the network, or correct fonts.csv"
        )
    with replacing(folder / font.file) as file:
        file.write(content)


def main() -> None:
    paths = parse_paths(__doc__, list="CSV list of the fonts", fonts="folder for the font files")
    fonts = read_list(paths.list)
    fetch_all(fonts, paths.fonts)
    print(f"{paths.fonts}: {len(fonts)} font files")


if __name__ == "__main__":
    run(main)
