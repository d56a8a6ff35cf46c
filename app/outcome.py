"""The outcome of one picture, as a line of JSON or of plain text."""

import json
from typing import Any, NamedTuple

from app.arrays import UInt8Array
from app.reader import Answer


class Outcome(NamedTuple):
    """The outcome of one picture: its digits or an error."""

    path: str
    answers: list[Answer]
    error: str
    row: UInt8Array | None  # the steps of the picture, drawn


def as_json(outcome: Outcome) -> str:
    """Return the outcome as one line of JSON."""
    if outcome.error:
        return json.dumps({"path": outcome.path, "error": outcome.error})
    rows: list[dict[str, Any]] = [
        {
            "digit": answer.digit,
            "confidence": round(answer.confidence, 6),
            "probabilities": [round(value, 6) for value in answer.probabilities],
        }
        for answer in outcome.answers
    ]
    if len(rows) == 1:
        return json.dumps({"path": outcome.path} | rows[0])
    lists = {key: [row[key] for row in rows] for key in rows[0]}
    return json.dumps(
        {"path": outcome.path} | lists | {"box": [answer.box for answer in outcome.answers]}
    )


def as_text(outcome: Outcome) -> str:
    """Return the outcome as one line of plain text."""
    path = outcome.path if outcome.path.isprintable() else repr(outcome.path)
    if outcome.error:
        return f"{path}: {outcome.error}"
    several = len(outcome.answers) > 1
    parts = [
        f"{answer.digit} ({answer.confidence:.1%}), "
        f"then {answer.runner_up} ({answer.probabilities[answer.runner_up]:.1%})"
        + (" at {},{} to {},{}".format(*answer.box) if several else "")
        for answer in outcome.answers
    ]
    digits = " ".join(str(answer.digit) for answer in outcome.answers) + ": " if several else ""
    return f"{path}: {digits}{'; '.join(parts)}"
