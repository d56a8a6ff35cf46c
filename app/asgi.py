"""The application for any ASGI server, in as many processes as wanted.

    uvicorn app.asgi:app --workers 2 --http app.connections:Connection

The environment variable ALLOWED_HOSTS has the names under which it may be called, with commas
between them; without it, any. `app.connections` has the limits on connections, for uvicorn alone.
"""

import os

from app.classifier import Classifier
from app.models import default_model, describe
from app.predict import load_reader
from app.server import create_app
from app.threads import TURNS, Threads

_model = default_model()
_threads = Threads(load_reader(_model), Classifier(_model))
app = create_app(
    _threads.recognise,
    _threads.explain,
    describe(_model),
    [name.strip() for name in os.environ.get("ALLOWED_HOSTS", "").split(",") if name.strip()],
    turns=TURNS,
)
