"""The figures that preprocess and plot draw, and their colours."""

# Two colours that people with any colour vision tell apart (Okabe and Ito, 2008).
BLUE, ORANGE = "#0072B2", "#D55E00"


def literal(text: str) -> str:
    """Return a text that Matplotlib draws as it is: two dollar signs would begin a formula."""
    return text.replace("$", r"\$")
