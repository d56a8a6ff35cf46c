"""Bodies of requests: of any bytes, or put together from pieces of forms and of JSON."""

from hypothesis import strategies as st

PIECES = [
    *(b"--line", b"--", b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"\r\n--lin", b'"', b"\xff", b"\0"),
    *(b"Content-Disposition: form-data; ", b"name=picture", b"name*=a; name*0=b"),
    *(b"{", b"}", b"[", b"]", b":", b",", b'"picture"', b'"image"', b'"digit"', b'"label"'),
    *(b"9" * 5000, b"-1", b"1e999", b"null", b'"YQ=="', b'"\\ud800"', b'"../3"'),
]
BODIES = st.one_of(st.binary(), st.lists(st.sampled_from(PIECES), max_size=9).map(b"".join))
