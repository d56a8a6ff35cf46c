from pathlib import Path

import pytest

from app.classes import ClassesError, read_classes, shortened


def test_reads_the_names_in_their_order(tmp_path: Path) -> None:
    """Names may have spaces and any letters; other keys do not matter."""
    path = tmp_path / "dataset.json"
    path.write_text('{"name": "made", "classes": ["a shoe", "を"], "more": 1}', "utf-8")
    assert read_classes(path) == ("a shoe", "を")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "found no JSON"),
        ("\x00", "found no JSON"),
        ("[]", "found []"),
        ('{"name": "x"}', 'found {"name": "x"}'),
        ('{"classes": "ab"}', 'found {"classes": "ab"}'),
        ('{"classes": ["one"]}', 'found {"classes": ["one"]}'),
        ('{"classes": ["a", "a"]}', 'found {"classes": ["a", "a"]}'),
        ('{"classes": ["a", 2]}', 'found {"classes": ["a", 2]}'),
        ('{"classes": ["a", " "]}', 'found {"classes": ["a", " "]}'),
        ('{"classes": ["a", "b\\n"]}', 'found {"classes": ["a", "b\\n"]}'),
        (f'["{"x" * 70}"]', f'found ["{"x" * 58}'),
    ],
)
def test_another_form_is_refused(tmp_path: Path, content: str, found: str) -> None:
    """The error says in one line what was found and what was expected."""
    path = tmp_path / "dataset.json"
    path.write_text(content)
    with pytest.raises(ClassesError) as error:
        read_classes(path)
    expected = '{"name": "...", "classes": ["...", "..."]} with two or more different names'
    assert str(error.value) == f"{path}: {found}, expected {expected}"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """The error names the file and says what it should have."""
    with pytest.raises(ClassesError) as error:
        read_classes(tmp_path / "no.json")
    assert str(error.value) == (
        f"{tmp_path}/no.json: No such file or directory; expected a file of the form "
        '{"name": "...", "classes": ["...", "..."]} with two or more different names'
    )


def test_a_message_has_the_first_names() -> None:
    """Many classes are cut after the third."""
    assert shortened(("a", "b", "c")) == "a, b, c"
    assert shortened(tuple("abcd")) == "a, b, c, ..."
