"""The training of a model: networks, their data, and what makes a run reproducible."""
