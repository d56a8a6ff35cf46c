"""A second network for app/: the ten digits in more hands than MNIST's, and "none", no digit.

It is trained on MNIST's training digits and on made pictures: characters of handwriting fonts, pen
strokes, shapes and pieces of digits. A DVC project of its own: `cd handwriting && dvc repro`.
"""
