"""Take the picture out of a form that a browser or a program sends (RFC 7578)."""

import logging
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pictures.files import PictureError

MAX_PARTS = 8  # a form may hold more than the picture
# A warning for each damaged form would let strangers fill the log.
logging.getLogger("python_multipart").setLevel(logging.ERROR)


class _Form:
    """The methods that the parser calls; they keep the last field `picture` that is complete."""

    def __init__(self) -> None:
        self.picture: bytes | None = None
        self._content: bytearray | None = None  # of the part at hand, if it is the picture
        self._parts, self._header, self._value = 0, b"", b""

    def on_part_begin(self) -> None:
        self._content = None
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise FormParserError(f"more than {MAX_PARTS} fields")

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            if options.get(b"name") == b"picture":
                self._content = bytearray()
        self._header = self._value = b""

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._content is not None:
            self._content += data[start:end]

    def on_part_end(self) -> None:
        if self._content is not None:
            self.picture = bytes(self._content)


def picture_in_form(content_type: str, content: bytes) -> bytes:
    """Return the content of the field `picture`, or raise `PictureError`."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    # The parser stops for a while at each that looks like a boundary. Millions of them would keep
    # the server from everybody else for seconds.
    if content.count(b"\r\n--" + boundary) > MAX_PARTS + 1:
        raise PictureError(f"found a damaged form: more than {MAX_PARTS} fields")
    form = _Form()
    callbacks: Any = {name: getattr(form, name) for name in dir(form) if name.startswith("on_")}
    try:
        parser = MultipartParser(boundary, callbacks)
        parser.write(content)
    except FormParserError as error:
        raise PictureError(f"found a damaged form: {error}") from error
    if form.picture is None:
        raise PictureError('found no such field in the form, expected a file in "picture"')
    return form.picture
