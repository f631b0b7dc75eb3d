"""Runs the services of the Procfile: lines prefixed with the name, crashes restarted, nothing left behind.

A service that exits with status 2 cannot start as things are (configuration, port, folder): it has said why, and
everything stops. Any other exit is a crash; the service is started again, later each time.
"""

from __future__ import annotations

import argparse
import ipaddress
import itertools
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from shared.config import Config, load_config
from shared.errors import ConfigError

EXIT_REFUSED = 2
COLOURS = (36, 33, 35, 32)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: the first pause before a restart, the longest, how long counts as stable, patience when stopping."""

    pause: float = 1.0
    longest_pause: float = 30.0
    stable: float = 60.0
    grace: float = 10.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a service wrote."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Exited:
    """A service's process ended; a negative status is the signal that ended it."""

    name: str
    status: int


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Ctrl-C, or a signal that asks to stop."""


Events = SimpleQueue[Line | Exited | Interrupted]


@dataclass(slots=True)
class Service:
    """A command, its process while it runs, and when it is to be started again."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    start_at: float | None = 0.0
    crashes: int = 0

    def start(self, events: Events, now: float) -> None:
        """Start the process in a group of its own; its lines and its end become events."""
        tied = [sys.executable, "-m", "shared.pdeathsig", str(os.getpid()), *self.command]
        self.process = subprocess.Popen(  # noqa: S603  # nosec B603
            tied,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
        self.started_at, self.start_at = now, None
        threading.Thread(target=_watch, args=(self.name, self.process, events), daemon=True).start()

    def signal(self, number: int) -> None:
        """Send a signal to the process and all it has started."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return

    def ended(self, now: float, timing: Timing) -> float:
        """Clear away what the process left and plan the restart. Returns the pause before it, in seconds."""
        self.signal(signal.SIGKILL)
        self.process = None
        self.crashes = 0 if now - self.started_at >= timing.stable else self.crashes + 1
        pause = min(timing.pause * 2.0 ** max(self.crashes - 1, 0), timing.longest_pause)
        self.start_at = now + pause
        return pause


def _watch(name: str, process: subprocess.Popen[str], events: Events) -> None:
    """Put every line, then the end; what the process started may hold the pipe open after it and is not waited for."""
    reader = threading.Thread(target=_read, args=(name, process, events), daemon=True)
    reader.start()
    status = process.wait()
    reader.join(timeout=1)
    events.put(Exited(name, status))


def _read(name: str, process: subprocess.Popen[str], events: Events) -> None:
    for text in process.stdout or ():
        events.put(Line(name, text.rstrip("\n")))


@dataclass(slots=True)
class Runner:
    """Keeps the services running until an Interrupted event comes or one of them refuses to start."""

    services: dict[str, Service]
    say: Callable[[str, str], None]
    timing: Timing = field(default_factory=Timing)
    clock: Callable[[], float] = time.monotonic
    events: Events = field(default_factory=SimpleQueue)

    def run(self) -> int:
        """Returns the exit status: 0 after Ctrl-C, 2 where a service refused to start."""
        status = None
        while status is None:
            self._start_due()
            status = self._handle(self._next_event(self._next_start()))
        self._stop_all()
        return status

    def _start_due(self) -> None:
        now = self.clock()
        for service in self.services.values():
            if service.start_at is not None and service.start_at <= now:
                service.start(self.events, now)

    def _next_start(self) -> float | None:
        return min((s.start_at for s in self.services.values() if s.start_at is not None), default=None)

    def _next_event(self, until: float | None) -> Line | Exited | Interrupted | None:
        try:
            return self.events.get(timeout=None if until is None else max(0.0, until - self.clock()))
        except Empty:
            return None

    def _handle(self, event: Line | Exited | Interrupted | None) -> int | None:
        """Returns the runner's exit status where this event ends it."""
        match event:
            case Line(name, text):
                self.say(name, text)
            case Exited(name, status) if status == EXIT_REFUSED:
                self.services[name].ended(self.clock(), self.timing)
                self.say("run", f"{name} cannot start as things are; stopping. What to change is said above.")
                return EXIT_REFUSED
            case Exited(name, status):
                pause = self.services[name].ended(self.clock(), self.timing)
                self.say("run", f"{name} ended with status {status}; starting it again in {pause:g} s")
            case Interrupted():
                self.say("run", "stopping; Ctrl-C again does not wait for what is still being written")
                return 0
        return None

    def _stop_all(self) -> None:
        """Ask, then insist: SIGINT, SIGTERM and SIGKILL, a grace apart, or at once when interrupted again."""
        alive = {name for name, service in self.services.items() if service.process is not None}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            for name in alive:
                self.services[name].signal(number)
            self._collect(alive, self.clock() + self.timing.grace)

    def _collect(self, alive: set[str], until: float) -> None:
        """Take events in until no process is alive, `until` has come, or another Interrupted."""
        while alive and self.clock() < until:
            match self._next_event(until):
                case Exited(name, _):
                    self.services[name].ended(self.clock(), self.timing)
                    alive.discard(name)
                case Line(name, text):
                    self.say(name, text)
                case Interrupted():
                    return


def read_procfile(text: str) -> dict[str, list[str]]:
    """Name → command, from lines `name: command`. Raises ConfigError for any other line."""
    commands = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, command = line.partition(":")
        if not colon or not command.strip():
            raise ConfigError(f"the Procfile has the line {line!r}; expected `name: command`")
        commands[name.strip()] = shlex.split(command)
    return commands


def printer(names: Sequence[str], colour: bool) -> Callable[[str, str], None]:
    """A function that prints a line behind its service's name, each service in its colour on a terminal."""
    width = max(map(len, names), default=0)
    colours = dict(zip(names, itertools.cycle(COLOURS), strict=False))

    def say(name: str, text: str) -> None:
        head = f"{name:<{width}} |"
        print(f"\033[{colours.get(name, 1)}m{head}\033[0m {text}" if colour else f"{head} {text}", flush=True)

    return say


def announce(config: Config, stopped: threading.Event, say: Callable[[str, str], None]) -> None:
    """Say which address to open, once the labeler answers there."""
    address = address_of(config.server.host, config.server.port)
    while not stopped.wait(0.2):
        if _answers(address + "healthz"):
            say("run", f"open {address} in a browser; Ctrl-C stops everything")
            return


def address_of(host: str, port: int) -> str:
    """The URL of what listens there; what listens everywhere is reached as this machine."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}/"
    if ip.is_unspecified:
        ip = ipaddress.ip_address("127.0.0.1" if ip.version == 4 else "::1")
    return f"http://{ip}:{port}/" if ip.version == 4 else f"http://[{ip}]:{port}/"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  # nosec B310
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def fill_empty(images: Path) -> None:
    """Put the sample into an image folder without images; what cannot be written there is said and stops nothing."""
    command = [sys.executable, "-m", "labeler.sample", "--images", str(images)]
    subprocess.run(command, check=False)  # noqa: S603  # nosec B603


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What services inherit: `python` is the one that runs this, lines arrive at once, threads do not spin."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', os.defpath)}"
    return {"OMP_WAIT_POLICY": "PASSIVE", **environ, "PATH": path, "PYTHONUNBUFFERED": "1"}


def main(argv: list[str] | None = None) -> int:
    """Run the Procfile's services until Ctrl-C. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Runs the services of a Procfile and restarts those that crash.")
    parser.add_argument("--procfile", type=Path, default=Path("Procfile"), help="default: %(default)s")
    given = parser.parse_args(argv)
    try:
        config = load_config()
        commands = read_procfile(given.procfile.read_text(encoding="utf-8"))
    except (ConfigError, OSError) as error:
        print(f"run: {error}", file=sys.stderr)
        return EXIT_REFUSED
    os.environ.update(environment(os.environ))
    fill_empty(config.paths.images)
    say = printer([*commands, "run"], colour=sys.stdout.isatty())
    runner = Runner({name: Service(name, command) for name, command in commands.items()}, say)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: runner.events.put(Interrupted()))
    stopped = threading.Event()
    threading.Thread(target=announce, args=(config, stopped, say), daemon=True).start()
    status = runner.run()
    stopped.set()
    return status


if __name__ == "__main__":
    sys.exit(main())
