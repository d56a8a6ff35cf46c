"""Serve a web page that recognises digits in drawings and pictures: python -m app."""

import argparse
import os
import sys
from pathlib import Path

try:
    from app.models import CLASSES_HELP, MODEL_HELP, default_model, describe
    from app.own_folder import FOLDER
    from app.startup import known_classes, started_workers
    from app.web.guard import LOOPBACK
    from app.web.recognition import Recognition
    from app.web.serve import listen, prepare_process, serve
    from app.web.server import create_app
    from app.web.teach_start import started_teacher
except ModuleNotFoundError as error:
    sys.exit(f"error: {error.name} is missing; type `pip install -r requirements-app.txt`")

MAX_PORT = 65535


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to serve on (loopback)")
    parser.add_argument("--port", type=int, default=8000, help="the port (8000); 0: any")
    parser.add_argument("--model", type=Path, default=default_model(), help=MODEL_HELP)
    parser.add_argument("--classes", type=Path, metavar="FILE", help=CLASSES_HELP)
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which the server may be called, such as a proxy's; may be repeated",
    )
    parser.add_argument(
        "--teach",
        type=Path,
        nargs="?",
        const=FOLDER,
        metavar="FOLDER",
        help=f"save what the page's visitor corrects, in {FOLDER} or another folder",
    )
    parser.add_argument("--access-log", action="store_true", help="print a line for each request")
    options = parser.parse_args()
    if not 0 <= options.port <= MAX_PORT:
        parser.error(f"--port: found {options.port}, expected 0 to {MAX_PORT}")
    others = [f"--allow-host {name}" for name in options.allow_host]
    others += [f"--host {options.host}"] if options.host not in LOOPBACK else []
    if options.teach and others:
        sys.exit(
            f"error: --teach: found {others[0]}, expected {', '.join(LOOPBACK)} alone, because "
            "whoever reaches the page saves files; type `python -m app --teach`"
        )
    if options.teach and (fault := _fault(options.teach)):
        sys.exit(
            f"error: --teach: found {fault} at {options.teach}, expected a folder to write in; "
            "type `python -m app --teach FOLDER`"
        )
    return options


def _fault(folder: Path) -> str:
    """Return what is wrong with a folder for corrections, "" if nothing; it may be missing."""
    if folder.is_symlink():
        return "a link"
    if folder.exists() and not folder.is_dir():
        return "a file"
    if folder.is_dir() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return "no permission"
    return ""


def main() -> None:
    options = _options()
    prepare_process()
    listener = listen(options.host, options.port)
    classes = known_classes(options.model, options.classes)
    workers = started_workers(options.model, classes)
    recognition = Recognition(workers)
    teacher = (
        started_teacher(options.teach, classes, workers, recognition) if options.teach else None
    )
    checked = options.allow_host or options.host in LOOPBACK
    model = describe(options.model)
    app = create_app(
        recognition.recognise,
        recognition.draw_steps,
        recognition.explain,
        model,
        [*LOOPBACK, *options.allow_host] if checked else [],
        options.access_log,
        classes=classes,
        teacher=teacher,
    )
    host = f"[{options.host}]" if ":" in options.host else options.host
    port = listener.getsockname()[1]
    print(f"http://{host}:{port} (Ctrl-C ends it)\nmodel: {model}", flush=True)
    if teacher:
        print(f"what you correct is saved in {options.teach}/", flush=True)
    serve(app, listener, is_behind_proxy=bool(options.allow_host))


if __name__ == "__main__":
    main()
