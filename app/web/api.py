"""The bodies of requests and answers.

A picture comes as the body itself, as a file of a form, or in base64 within JSON.
"""

import base64
import binascii
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from app.web.form import picture_in_form
from pictures.files import PictureError

SIDE = 28  # pixels of a digit's image, the same as pictures.normalise's, which takes long to import
MAX_MARKS = 10  # commas and opening brackets; more would be more keys than any request has
Row = Annotated[list[float], Field(min_length=SIDE, max_length=SIDE)]


class Body(BaseModel):
    """A JSON object that a program sends: these keys and no others, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PictureBody(Body):
    picture: str = Field(
        description="a picture file in base64", json_schema_extra={"contentEncoding": "base64"}
    )


class WhyBody(Body):
    image: str = Field(description="the image of a digit, as /read gave it")
    digit: int = Field(ge=0, le=9, description="a whole number from 0 to 9")


def why_body(classes: int) -> type[WhyBody]:
    """Return the form of a question about one of so many classes."""
    last = classes - 1
    digit = Field(ge=0, le=last, description=f"a whole number from 0 to {last}")
    return create_model("WhyBody", __base__=WhyBody, digit=(int, digit))


class DigitJson(BaseModel):
    digit: int = Field(ge=0, description="the place of its class in /model's list, from 0 on")
    name: str = Field(description="of its class; of a digit the digit itself")
    confidence: float = Field(description="the probability of this digit, 0 to 1")
    probabilities: list[float] = Field(description="of the digits 0 to 9, or of the other classes")
    none: float | None = Field(
        description="the probability that this is no digit, 0 to 1; null for other classes"
    )
    box: tuple[int, int, int, int] = Field(
        description="left, top, right and bottom in pixels of the upright picture; "
        "right and bottom are the first column and row outside"
    )
    image: str = Field(description="the 28x28 pixels given to the model: a data URL of a PNG")
    taught: bool = Field(
        default=False,
        description="with --teach: named after a correction; left out where none is near",
    )


class ReadingJson(BaseModel):
    digits: list[DigitJson] = Field(description="left to right")
    text: str = Field(
        description="the digits with the points, commas and dashes between them, or the class"
    )
    confidence: float = Field(description="the probability that all digits are right, 0 to 1")
    reason: str = Field(description='why the picture is rejected, or ""')
    width: int = Field(description="of the upright picture, in pixels")
    height: int


class ImportanceJson(BaseModel):
    importance: Annotated[list[Row], Field(min_length=SIDE, max_length=SIDE)] = Field(
        description="28 rows of 28: by how much the digit's probability falls without this place"
    )


class ModelJson(BaseModel):
    model: str = Field(description="which model reads, and how accurate it is")
    classes: list[str] = Field(description="that it tells apart, in the order of its outputs")
    teach: str = Field(description='the folder that corrections are saved in, "" without --teach')


class UndoBody(Body):
    label: str = Field(description="the class, as /teach gave it")
    name: str = Field(description="the name of the file, as /teach gave it")


class SavedJson(BaseModel):
    label: str = Field(description="the class as which the picture was saved")
    name: str = Field(description="of the file: 16 hex digits of its SHA-256, and its suffix")
    path: str = Field(description="of the file, from where the server runs")
    is_new: bool = Field(description="false if it was there before: then it cannot be taken back")


class UndoneJson(BaseModel):
    path: str = Field(description="of the file that is gone")


class HealthJson(BaseModel):
    status: Literal["ok"]


class ErrorJson(BaseModel):
    error: str = Field(description="what is wrong, in one line")


Parsed = TypeVar("Parsed", bound=Body)


def parsed(kind: type[Parsed], content: bytes) -> Parsed:
    """Parse a JSON object, or raise `PictureError` with what was found and what was expected."""
    fields = kind.model_fields
    expected = "expected a JSON object with " + " and ".join(f'"{name}"' for name in fields)
    # Neither base64 nor a data URL has many of these. Unchecked, 16 MiB of empty lists would take
    # nearly a gigabyte in the parser.
    if sum(map(content.count, (b",", b"[", b"{"))) > MAX_MARKS:
        raise PictureError(f"found more keys or lists than belong there, {expected} alone")
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    if key not in fields:
        found = f"the key {ascii(key)[:60]}" if key else "something else"
        raise PictureError(f"found {found}, {expected} alone")
    found = "nothing" if first["type"] == "missing" else ascii(first["input"])[:60]
    raise PictureError(f'"{key}": found {found}, expected {fields[key].description}')


def picture_in(content_type: str, content: bytes) -> bytes:
    """Return the picture file in a body; raise `PictureError` if a form or JSON holds none."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        text = parsed(PictureBody, content).picture
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise PictureError('"picture": found no base64, expected a file in base64') from error
    if kind == "multipart/form-data":
        return picture_in_form(content_type, content)
    return content
