"""The web server, and the page that it serves: python -m app."""
