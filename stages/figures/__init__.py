"""The figures that preprocess and plot draw, and their colours."""

# Two colours that people with any colour vision tell apart (Okabe and Ito, 2008).
BLUE, ORANGE = "#0072B2", "#D55E00"
