import base64
import json

import pytest
from hypothesis import example, given

from app.web.api import PictureBody, WhyBody, parsed, picture_in, why_body
from app.web.form import MAX_PARTS
from pictures.files import PictureError
from tests.app.web.bodies import BODIES

FILE = 'name="picture"; filename="a.png"'
BOUNDARY = "multipart/form-data; boundary=line"


def form(*parts: tuple[str, bytes], end: bytes = b"\r\n--line--\r\n") -> bytes:
    """Return a form as browsers and curl write it."""
    texts = (
        b"--line\r\nContent-Disposition: form-data; "
        + fields.encode()
        + b"\r\nContent-Type: image/png\r\n\r\n"
        + content
        for fields, content in parts
    )
    return b"\r\n".join(texts) + end


PICTURES = BODIES.filter(lambda content: b"\r\n--line" not in content)


@pytest.mark.parametrize("kind", ["", "image/png", "application/x-www-form-urlencoded", "text/a;b"])
def test_a_body_of_another_type_is_the_picture(kind: str) -> None:
    """The body is the picture whatever type it is said to have."""
    assert picture_in(kind, b"\x89PNG") == b"\x89PNG"


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
@given(picture=BODIES)
def test_a_picture_in_json(kind: str, picture: bytes) -> None:
    """JSON holds the picture in base64."""
    body = json.dumps({"picture": base64.b64encode(picture).decode()}).encode()
    assert picture_in(kind, body) == picture


@pytest.mark.parametrize("fields", ['name="picture"; filename="a.png"', "filename=a; name=picture"])
@given(picture=PICTURES)
@example(picture=b"\x89PNG\r\n\r\n--lin\r\n--lin-\0")
def test_a_picture_in_a_form(fields: str, picture: bytes) -> None:
    """The file may stand anywhere in the form, and its content is taken byte by byte."""
    other = ('name="other"', b"1")
    assert picture_in(BOUNDARY, form(other, (fields, picture))) == picture
    assert picture_in(BOUNDARY, form((fields, picture), *[other] * (MAX_PARTS - 1))) == picture
    assert picture_in('Multipart/Form-Data; boundary="line"', form((fields, picture))) == picture


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (BOUNDARY, b""),
        (BOUNDARY, form(('name="file"; filename="picture"', b"a"))),
        (BOUNDARY, form((FILE, b"cut off"), end=b"")),
        (BOUNDARY, b"--line\r\nA: a; name=picture;\r\nContent-Disposition: b\r\n\r\nc\r\n--line--"),
        (BOUNDARY, b"\r\n".join([b"--line"] * 1000)),
        (BOUNDARY, form(*[('name="a"', b"")] * MAX_PARTS, (FILE, b"a"))),
        (BOUNDARY, form((FILE, b"\r\n--lineX" * 100))),
        (BOUNDARY, form((f"{FILE}; a=" + 10000 * "a", b""))),
        ("multipart/form-data", form((FILE, b"a"))),
        ("multipart/form-data; boundary=other", form((FILE, b"a"))),
        ("multipart/form-data; boundary=" + 1000 * "a", form((FILE, b"a"))),
    ],
)
def test_a_form_without_a_picture(kind: str, content: bytes) -> None:
    """Another field, a cut form, wrong boundaries and what looks like many are refused."""
    with pytest.raises(PictureError, match=r"\Afound .+\Z"):
        picture_in(kind, content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", 'found something else, expected a JSON object with "picture" alone'),
        (b"[]", 'found something else, expected a JSON object with "picture" alone'),
        (b"\xff", 'found something else, expected a JSON object with "picture" alone'),
        (b"{}", '"picture": found nothing, expected a picture file in base64'),
        (b'{"picture": 3}', '"picture": found 3, expected a picture file in base64'),
        (b'{"picture": "\\n%"}', '"picture": found no base64, expected a file in base64'),
        (
            b'{"picture": "", "a\\nb": 0}',
            "found the key 'a\\nb', expected a JSON object with \"picture\" alone",
        ),
        (
            b'{"picture": "", "a": [' + b"[]," * 100 + b"[]]}",
            "found more keys or lists than belong there, "
            'expected a JSON object with "picture" alone',
        ),
    ],
)
def test_json_of_another_form(content: bytes, message: str) -> None:
    """An error says what was found and what was expected, in one line."""
    with pytest.raises(PictureError) as caught:
        picture_in("application/json", content)
    assert str(caught.value) == message


@pytest.mark.parametrize("digit", ["10", "-1", "1.5", '"1"', "true", "null", "1e400", "NaN"])
def test_a_question_about_no_digit(digit: str) -> None:
    """Only whole numbers from 0 to 9 are digits."""
    with pytest.raises(PictureError, match="expected"):
        parsed(WhyBody, f'{{"image": "", "digit": {digit}}}'.encode())


def test_a_question_about_a_class() -> None:
    """A model of 26 classes may be asked about the last of them, and about no other."""
    kind = why_body(26)
    assert parsed(kind, b'{"image": "", "digit": 25}').digit == 25
    with pytest.raises(PictureError, match="found 26, expected a whole number from 0 to 25"):
        parsed(kind, b'{"image": "", "digit": 26}')


def test_deep_and_long_json_is_refused() -> None:
    """Neither nesting nor a long text makes the error long."""
    for content in (b"[" * 100_000, b'{"picture":' * 1000, b'{"picture": [' + b"1" * 10**6 + b"]}"):
        with pytest.raises(PictureError) as caught:
            parsed(PictureBody, content)
        assert len(str(caught.value)) < 200
