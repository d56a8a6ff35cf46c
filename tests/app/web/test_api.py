import base64
import json
import re

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


NO_FIELD = 'no such field in the form, expected a file in "picture"'
MANY = f"a damaged form: more than {MAX_PARTS} fields"


@pytest.mark.parametrize(
    ("kind", "content", "found"),
    [
        (BOUNDARY, b"", NO_FIELD),
        (BOUNDARY, form(('name="file"; filename="picture"', b"a")), NO_FIELD),
        (BOUNDARY, form((FILE, b"cut off"), end=b""), NO_FIELD),
        (
            BOUNDARY,
            b"--line\r\nA: a; name=picture;\r\nContent-Disposition: b\r\n\r\nc\r\n--line--",
            NO_FIELD,
        ),
        (BOUNDARY, b"\r\n".join([b"--line"] * 1000), MANY),
        (BOUNDARY, form(*[('name="a"', b"")] * MAX_PARTS, (FILE, b"a")), MANY),
        (BOUNDARY, form((FILE, b"\r\n--lineX" * (MAX_PARTS + 1))), MANY),
        ("multipart/form-data", b"\r\n--" * (MAX_PARTS + 2), MANY),
        (BOUNDARY, form((f"{FILE}; a=" + 10000 * "a", b"")), "a damaged form: ..."),
        ("multipart/form-data", form((FILE, b"a")), "a damaged form: ..."),
        ("multipart/form-data; boundary=other", form((FILE, b"a")), "a damaged form: ..."),
        (f"multipart/form-data; boundary={1000 * 'a'}", form((FILE, b"a")), "a damaged form: ..."),
    ],
)
def test_a_form_without_a_picture(kind: str, content: bytes, found: str) -> None:
    """Another field, a cut form, wrong boundaries and what looks like many are refused."""
    with pytest.raises(PictureError) as caught:
        picture_in(kind, content)
    start, dots, _ = found.partition("...")
    message = str(caught.value)
    assert message.startswith(f"found {start}") if dots else message == f"found {found}"
    assert "\n" not in message


def test_a_picture_may_contain_what_looks_like_a_boundary() -> None:
    """A few times: it is then a part of the picture like any other bytes."""
    picture = b"\r\n--lineX" * MAX_PARTS
    assert picture_in(BOUNDARY, form((FILE, picture))) == picture


@pytest.mark.parametrize("mark", [",", "[", "{"])
def test_json_has_a_few_marks(mark: str) -> None:
    """Ten of them are looked at, the first bracket included; more are refused unseen."""
    for count, message in ((9, '"picture": found no base64'), (10, "found more keys or lists")):
        with pytest.raises(PictureError, match=f"^{message}"):
            picture_in("application/json", f'{{"picture": "{mark * count}"}}'.encode())


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
    with pytest.raises(PictureError) as caught:
        parsed(WhyBody, f'{{"image": "", "digit": {digit}}}'.encode())
    whole = r'"digit": found .+, expected a whole number from 0 to 9'
    assert re.fullmatch(whole, str(caught.value))


def test_a_question_of_another_form() -> None:
    """The error names both keys."""
    with pytest.raises(PictureError) as caught:
        parsed(WhyBody, b"[]")
    alone = 'found something else, expected a JSON object with "image" and "digit" alone'
    assert str(caught.value) == alone


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b'{"picture": "", "%s": 1}' % (b"k" * 99),
            f'found the key \'{"k" * 59}, expected a JSON object with "picture" alone',
        ),
        (
            b'{"picture": [%s]}' % (b"1" * 99),
            f'"picture": found [{"1" * 59}, expected a picture file in base64',
        ),
    ],
)
def test_what_was_found_is_named_in_60_characters(content: bytes, message: str) -> None:
    """Whoever sends a long key or value finds its beginning in the error."""
    with pytest.raises(PictureError) as caught:
        parsed(PictureBody, content)
    assert str(caught.value) == message
