"""What stands beside digits in a row without being one: points, dashes, signs, lines, scraps."""

import cv2
import numpy as np

from handwriting.row_digits import ByteArray, FloatArray

SIGNS = "#*=$+x"


def draw_point(
    rng: np.random.Generator, sheet: ByteArray, x: float, baseline: int, height: float, pen: int
) -> None:
    """Draw a point, a comma or an apostrophe between two digits, in place."""
    y = baseline + rng.normal(0, 0.06) * height
    if rng.random() < 0.06:
        y -= 0.9 * height
    if rng.random() < 0.5:
        radius = max(1, round(pen * rng.uniform(0.4, 0.9)))
        cv2.circle(sheet, (round(x), round(y)), radius, 255, -1, cv2.LINE_AA)
    else:
        length = rng.uniform(0.1, 0.35) * height
        end = (round(x - 0.4 * length), round(y + length))
        cv2.line(sheet, (round(x), round(y - 0.2 * length)), end, 255, pen, cv2.LINE_AA)


def draw_end(
    rng: np.random.Generator, sheet: ByteArray, x: float, baseline: int, height: float, pen: int
) -> None:
    """Draw what people put before or behind an amount from column x on, in place."""
    middle = baseline - rng.uniform(0.15, 0.6) * height
    length = rng.uniform(0.25, 0.9) * height
    kind = rng.choice(["dash", "point dash", "equal", "sign", "bar"], p=(0.35, 0.2, 0.2, 0.15, 0.1))
    if kind == "sign":
        sign = str(rng.choice(list(SIGNS)))
        scale = rng.uniform(0.5, 1.1) * height / 22
        place = (round(x), round(baseline - rng.uniform(0, 0.15) * height))
        cv2.putText(sheet, sign, place, int(rng.integers(0, 8)), scale, 255, pen, cv2.LINE_AA)
        return
    if kind == "bar":  # a long slash that closes the amount
        top = (round(x + 0.5 * height), round(baseline - 1.4 * height))
        cv2.line(sheet, (round(x), round(baseline + 0.4 * height)), top, 255, pen, cv2.LINE_AA)
        return
    if kind == "point dash":
        draw_point(rng, sheet, x, baseline, height, pen)
        x += 0.2 * height
    for offset in (0, 0.25 * height) if kind == "equal" else (0,):
        tilt = rng.normal(0, 0.1) * length
        start, end = (x, middle + offset), (x + length, middle + offset - tilt)
        cv2.line(sheet, _rounded(start), _rounded(end), 255, pen, cv2.LINE_AA)


def draw_lines(rng: np.random.Generator, sheet: ByteArray, baseline: int, height: float) -> None:
    """Draw an underline, lines across, or a frame around the row, in place; often nothing."""
    kind = rng.choice(
        ["none", "underline", "across", "frame", "two"], p=(0.72, 0.12, 0.05, 0.06, 0.05)
    )
    rows, width = sheet.shape
    thickness = max(1, round(rng.uniform(0.02, 0.07) * height))
    level = int(rng.integers(100, 256))
    top, bottom = baseline - rng.uniform(1.1, 1.6) * height, baseline + rng.uniform(0, 0.5) * height
    ends = sorted(rng.uniform(-0.1, 0.2, 2) * width)[0], width * rng.uniform(0.85, 1.1)
    heights = {
        "none": (),
        "underline": (bottom,),
        "across": (baseline - rng.uniform(0, 1) * height,),
        "frame": (top, bottom),
        "two": (bottom, bottom + 0.15 * height),
    }[str(kind)]
    lines = np.zeros_like(sheet)
    for y in heights:
        tilt = rng.normal(0, 0.01) * width
        start, end = (ends[0], y), (ends[1], y + tilt)
        cv2.line(lines, _rounded(start), _rounded(end), level, thickness, cv2.LINE_AA)
    if kind == "frame":
        for x in ends:
            edge = _rounded((x, top)), _rounded((x, bottom))
            cv2.line(lines, *edge, level, thickness, cv2.LINE_AA)
    np.maximum(sheet, lines[:rows], out=sheet)


def draw_scraps(rng: np.random.Generator, sheet: ByteArray, scrap: FloatArray) -> None:
    """Draw the end of a neighbouring row's digit at the top or the bottom edge, in place."""
    height, width = scrap.shape
    rows, columns = sheet.shape
    if width >= columns:
        return
    digit = np.rint(scrap * 255).astype(np.uint8)
    shown = min(height, max(1, round(rng.uniform(0.05, 0.3) * height)), rows)
    x = int(rng.integers(0, columns - width))
    if rng.random() < 0.5:
        window, part = sheet[:shown, x : x + width], digit[-shown:]
    else:
        window, part = sheet[-shown:, x : x + width], digit[:shown]
    np.maximum(window, part, out=window)


def _rounded(point: tuple[float, float]) -> tuple[int, int]:
    return round(point[0]), round(point[1])
