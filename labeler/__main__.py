"""`python -m labeler`: the composition root of the labeler."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from labeler import Labeler, create_app
from labeler.database import Database
from labeler.lock import folder_lock
from labeler.scanner import Scanner
from labeler.server import make_server
from shared.config import Config, load_config
from shared.errors import ConfigError, LabelstreamError, StartRefused
from shared.tokens import trainer_token

EXIT_REFUSED = 2


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C. Returns the exit status: 2 where the configuration or the folder is at fault."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        config = _configuration(argv)
        with folder_lock(config.paths.data):
            serve(config)
    except ConfigError as error:
        print(f"configuration: {error}", file=sys.stderr)
        return EXIT_REFUSED
    except LabelstreamError as error:
        print(f"labeler: {error}", file=sys.stderr)
        return EXIT_REFUSED if isinstance(error, StartRefused) else 1
    return 0


def serve(config: Config) -> None:
    """Open everything, serve, and close everything in order."""
    stop = threading.Event()
    database = Database(config.paths.data / "labelstream.db")
    labeler = create_app(config, database, trainer_token(config.paths.data), wait=stop.wait)
    server = make_server(config.server, labeler.app)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    scanner = threading.Thread(target=_scan, args=(config, labeler, stop), name="scanner", daemon=True)
    labeler.herald.start()
    scanner.start()
    print(f"labeler: open http://{config.server.host}:{server.port}/", flush=True)
    stop.wait()
    server.shutdown()
    labeler.herald.stop()
    scanner.join(timeout=2)
    database.close()


def _scan(config: Config, labeler: Labeler, stop: threading.Event) -> None:
    rule = config.images
    Scanner(config.paths.images, labeler.catalog, rule.scan_every_s, rule.max_pixels).run(stop)


def _configuration(argv: list[str] | None) -> Config:
    parser = argparse.ArgumentParser(prog="python -m labeler", description="The web service people label in.")
    parser.add_argument("--config", type=Path, help="YAML file (default: config.yaml, where there is one)")
    parser.add_argument("--images", type=Path, help="folder of images (default: images)")
    parser.add_argument("--data", type=Path, help="folder for everything that is written (default: data)")
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default: 3334)")
    given = parser.parse_args(argv)
    flags: dict[str, object] = {
        "paths.images": given.images,
        "paths.data": given.data,
        "server.host": given.host,
        "server.port": given.port,
    }
    return load_config(given.config, flags=flags)


if __name__ == "__main__":
    sys.exit(main())
