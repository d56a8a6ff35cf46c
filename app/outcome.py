"""The outcome of one picture, as a line of JSON or of plain text."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from app.classes import DIGITS

if TYPE_CHECKING:
    from app.reader import Reading
    from pictures.arrays import UInt8Array


class Outcome(NamedTuple):
    """The outcome of one picture: what is printed and drawn."""

    line: str
    is_error: bool
    row: "UInt8Array | None" = None  # the steps of the picture, drawn


def failed(path: str, error: str, is_json: bool) -> Outcome:
    """Return the outcome of a picture that was not recognised."""
    if is_json:
        return Outcome(json.dumps({"path": path, "error": error}), True)
    return Outcome(f"{_printable(path)}: {error}", True)


def as_json(path: str, reading: "Reading") -> str:
    """Return the digits of one picture, or the class of what it shows, as one line of JSON."""
    if reading.classes != DIGITS:
        return json.dumps({"path": path} | _named(reading))
    rows: list[dict[str, Any]] = [
        {
            "digit": answer.digit,
            "confidence": round(answer.confidence, 6),
            "probabilities": [round(value, 6) for value in answer.probabilities],
            "none": round(answer.none, 6),
        }
        for answer in reading.answers
    ]
    if len(rows) == 1:
        return json.dumps({"path": path} | rows[0])
    lists = {key: [row[key] for row in rows] for key in rows[0]}
    lists["box"] = [answer.box for answer in reading.answers]
    row = {"text": reading.text, "row_confidence": round(reading.confidence, 6)}
    return json.dumps({"path": path} | row | lists)


def _named(reading: "Reading") -> dict[str, Any]:
    (answer,) = reading.answers
    pairs = zip(reading.classes, answer.probabilities, strict=True)
    return {
        "class": reading.classes[answer.digit],
        "confidence": round(answer.confidence, 6),
        "probabilities": {name: round(value, 6) for name, value in pairs},
    }


def as_text(path: str, reading: "Reading") -> str:
    """Return the digits of one picture, or the class of what it shows, as a line of plain text."""
    answers, classes = reading.answers, reading.classes
    several = len(answers) > 1
    parts = [
        f"{classes[answer.digit]} ({as_percent(answer.confidence)}), "
        f"then {classes[answer.runner_up]} ({as_percent(answer.probabilities[answer.runner_up])})"
        + (" at {},{} to {},{}".format(*answer.box) if several else "")
        for answer in answers
    ]
    digits = f"{reading.text} ({as_percent(reading.confidence)}): " if several else ""
    return f"{_printable(path)}: {digits}{'; '.join(parts)}"


def as_percent(probability: float) -> str:
    """Return a probability in percent; the model is never certain, so neither 100 nor 0 is said."""
    text = f"{100 * probability:.1f} %"
    return {"100.0 %": "over 99.9 %", "0.0 %": "under 0.1 %"}.get(text, text)


def _printable(path: str) -> str:
    return path if path.isprintable() else repr(path)
