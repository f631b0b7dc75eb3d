"""`python -m labeler.report`: writes the report of the run in a data folder."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path

from labeler import create_app
from labeler.database import Database
from shared.config import load_config
from shared.errors import ConfigError, LabelstreamError

EXIT_REFUSED = 2
NO_TOKEN = "nobody connects to this one"  # noqa: S105  # nosec B105


def main(argv: list[str] | None = None) -> int:
    """Write the file and say where. Returns the exit status: 2 where there is no run."""
    given = _parser().parse_args(argv)
    try:
        config = load_config(given.config, flags={"paths.images": given.images, "paths.data": given.data})
        file = config.paths.data / "labelstream.db"
        if not file.is_file():
            raise ConfigError(
                f"there is no run in {config.paths.data}: {file.name} is missing; name its folder by --data"
            )
        with closing(Database(file)) as database:
            html = create_app(config, database, NO_TOKEN).report()
        out = given.out or config.paths.data / "report.html"
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(html)
    except (LabelstreamError, OSError) as error:
        print(f"report: {error}", file=sys.stderr)
        return EXIT_REFUSED if isinstance(error, ConfigError) else 1
    print(f"{out}: {len(html) / 1e6:.1f} MB")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m labeler.report", description="Writes a run as one HTML file that opens offline."
    )
    parser.add_argument("--config", type=Path, help="YAML file (default: config.yaml, where there is one)")
    parser.add_argument("--images", type=Path, help="folder of images (default: images)")
    parser.add_argument("--data", type=Path, help="folder of the run (default: data)")
    parser.add_argument("--out", type=Path, metavar="F.html", help="the file (default: report.html in --data)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
