"""Recognise the digits in a person's own pictures, on the command line and on a web page."""
