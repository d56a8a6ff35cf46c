from experiments.layout import Commands, Part, Table, as_markdown, as_text


def test_text_and_markdown_by_hand() -> None:
    """Columns stand below each other in text; Markdown has a table and a block of code."""
    table = Table([["", "n", "of"], ["long", "1", ""], ["x", "", "22"]])
    parts: list[Part] = ["Two.", table, Commands(["dvc queue start", "dvc exp show"])]
    assert as_text(parts) == (
        "Two.\n\n      n  of\nlong  1\nx        22\n\n    dvc queue start\n    dvc exp show"
    )
    assert as_markdown(parts) == (
        "Two.\n\n|  | n | of |\n|---|---|---|\n| long | 1 |  |\n| x |  | 22 |\n\n"
        "```sh\ndvc queue start\ndvc exp show\n```"
    )
