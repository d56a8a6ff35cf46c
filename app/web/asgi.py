"""The application for any ASGI server, in as many processes as wanted.

    uvicorn app.web.asgi:app --workers 2 --http app.web.connections:Connection

The environment variable ALLOWED_HOSTS has the names under which it may be called, with commas
between them; without it, any. `app.web.connections` has the limits on connections; it is for
uvicorn alone.
"""

import os

from app.models import default_model, describe
from app.predict import started_workers
from app.web.recognition import Recognition
from app.web.server import create_app

_model = default_model()
_recognition = Recognition(started_workers(_model))
app = create_app(
    _recognition.recognise,
    _recognition.explain,
    describe(_model),
    [name.strip() for name in os.environ.get("ALLOWED_HOSTS", "").split(",") if name.strip()],
)
