"""The process runner, with real child processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from run import (
    Exited,
    Interrupted,
    Runner,
    Service,
    Timing,
    address_of,
    announce,
    environment,
    fill_empty,
    main,
    printer,
    read_procfile,
)
from shared.config import load_config
from shared.errors import ConfigError
from tests.waiting import wait_for

DEADLINE = 30.0
QUICK = Timing(pause=0.05, longest_pause=0.2, stable=60, grace=0.5)
ROOT = Path(__file__).parents[2]
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path("/proc").exists() else True


class Said(list[tuple[str, str]]):
    def __call__(self, name: str, text: str) -> None:
        self.append((name, text))

    def of(self, name: str) -> list[str]:
        return [text for who, text in self if who == name]


@contextmanager
def running(timing: Timing = QUICK, **scripts: str) -> Iterator[tuple[Runner, Said]]:
    said = Said()
    commands = {name: [sys.executable, "-u", "-c", textwrap.dedent(code)] for name, code in scripts.items()}
    runner = Runner({name: Service(name, command) for name, command in commands.items()}, said, timing)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield runner, said
    finally:
        runner.events.put(Interrupted())
        thread.join(DEADLINE)
        assert not thread.is_alive()


def pid_of(runner: Runner, name: str) -> int:
    process = runner.services[name].process
    assert process is not None
    return process.pid


def start_runner(folder: Path) -> subprocess.Popen[str]:
    """`python run.py` on a service that prints its process id; no sample, no configuration of the checkout."""
    (folder / "some.png").touch()
    (folder / "service.py").write_text("import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    (folder / "Procfile").write_text(f"one: python {folder / 'service.py'}\n")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "LABELSTREAM_PATHS__IMAGES": str(folder)}
    return subprocess.Popen([sys.executable, ROOT / "run.py"], cwd=folder, env=environ, stdout=-1, text=True)


def test_a_crashed_service_is_started_again_and_the_other_left_alone(tmp_path: Path) -> None:
    crash = f"open({str(tmp_path / 'runs')!r}, 'a').write('x'); raise SystemExit(1)"
    with running(bad=crash, good=SLEEPER) as (runner, said):
        wait_for(lambda: said.of("good") == ["up"], "the good service")
        pid = pid_of(runner, "good")
        wait_for(lambda: (tmp_path / "runs").exists() and len((tmp_path / "runs").read_text()) >= 3, "three starts")
        assert pid_of(runner, "good") == pid
        assert is_alive(pid)
        assert said.of("good") == ["up"]


def test_a_killed_service_is_started_again() -> None:
    with running(one=SLEEPER) as (runner, said):
        wait_for(lambda: said.of("one") == ["up"], "the first start")
        os.kill(pid_of(runner, "one"), signal.SIGKILL)
        wait_for(lambda: said.of("one") == ["up", "up"], "the second start")
    assert f"one ended with status {-signal.SIGKILL}; starting it again in 0.05 s" in said.of("run")


def test_pauses_double_up_to_the_longest_and_start_over_after_a_stable_run() -> None:
    service = Service("x", [])
    pauses = [service.ended(now=0.0, timing=Timing()) for _ in range(7)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert service.ended(now=60.0, timing=Timing()) == 1


def test_interrupted_all_services_end_and_may_say_a_last_word() -> None:
    polite = """
        import time
        try:
            print('up', flush=True)
            time.sleep(600)
        except KeyboardInterrupt:
            print('saved', flush=True)
        """
    with running(Timing(grace=DEADLINE), one=polite, two=polite) as (runner, said):
        wait_for(lambda: len(said) >= 2, "both services")
        pids = [pid_of(runner, "one"), pid_of(runner, "two")]
    assert said.of("one") == said.of("two") == ["up", "saved"]
    assert not any(map(is_alive, pids))


DEAF = """
    import signal, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print('up', flush=True)
    time.sleep(600)
    """


def test_a_service_deaf_to_every_request_is_killed() -> None:
    with running(one=DEAF) as (runner, said):
        wait_for(lambda: said.of("one") == ["up"], "the service")
        pid = pid_of(runner, "one")
    assert not is_alive(pid)


def test_interrupted_again_it_insists_at_once() -> None:
    with running(Timing(grace=10 * DEADLINE), one=DEAF) as (runner, said):
        wait_for(lambda: said.of("one") == ["up"], "the service")
        for _ in range(2):
            runner.events.put(Interrupted())


def test_a_refusal_stops_everything_and_is_not_repeated() -> None:
    said = Said()
    refuse = "print('port 1 is taken; choose another', flush=True); raise SystemExit(2)"
    services = {
        "bad": Service("bad", [sys.executable, "-c", refuse]),
        "good": Service("good", [sys.executable, "-c", SLEEPER]),
    }
    assert Runner(services, said, QUICK).run() == 2
    assert said.of("bad") == ["port 1 is taken; choose another"]
    assert [text for text in said.of("run") if "bad cannot start" in text]
    assert all(service.process is None for service in services.values())


def test_what_a_crashed_service_started_is_cleared_away(tmp_path: Path) -> None:
    parent = """
        import os, subprocess, sys, time
        child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
        print(child.pid, flush=True)
        time.sleep(600)
        """
    with running(Timing(pause=60, grace=0.5), one=parent) as (runner, said):
        wait_for(lambda: len(said.of("one")) == 1, "the grandchild")
        grandchild = int(said.of("one")[0])
        assert is_alive(grandchild)
        os.kill(pid_of(runner, "one"), signal.SIGKILL)
        wait_for(lambda: not is_alive(grandchild), "the grandchild's end")


if sys.platform.startswith("linux"):  # elsewhere nothing tells a child that its parent is gone

    def test_no_orphans_when_the_runner_itself_is_killed(tmp_path: Path) -> None:
        with start_runner(tmp_path) as runner:
            assert runner.stdout is not None
            pid = int(runner.stdout.readline().split("|")[1])
            runner.kill()
        wait_for(lambda: not is_alive(pid), "the service's end")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_runner_and_service(tmp_path: Path, number: signal.Signals) -> None:
    with start_runner(tmp_path) as runner:
        assert runner.stdout is not None
        pid = int(runner.stdout.readline().split("|")[1])
        runner.send_signal(number)
        assert runner.wait(DEADLINE) == 0
    assert not is_alive(pid)


def test_bad_configuration_is_said_once_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("LABELSTREAM_SERVER__PORT", "many")
    assert main([]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "run: server.port: got 'many'; input should be a valid integer, unable to parse string as an integer"
    ]


def test_an_empty_image_folder_is_filled_and_a_used_one_left_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fill_empty(tmp_path)
    found = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert len(found) == 1797
    assert "1,797 handwritten digits" in capfd.readouterr().out
    for path in found[1:]:
        path.unlink()
    fill_empty(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == found[:1]


def test_the_address_to_open_is_said_once_the_labeler_answers() -> None:
    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        said = Said()
        config = load_config(environ={}, flags={"server.port": server.server_port})
        announce(config, threading.Event(), said)
        server.shutdown()
    assert said == [("run", f"open http://127.0.0.1:{server.server_port}/ in a browser; Ctrl-C stops everything")]


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("localhost", "localhost"),
    ],
)
def test_the_address_can_be_opened(host: str, shown: str) -> None:
    assert address_of(host, 80) == f"http://{shown}:80/"


def test_procfile() -> None:
    assert read_procfile("a: python -m b\n\n c : d 'e f'\n") == {"a": ["python", "-m", "b"], "c": ["d", "e f"]}
    for text in ("nothing", "name:", "name:  \n"):
        with pytest.raises(ConfigError, match="expected `name: command`"):
            read_procfile(text)


def test_the_projects_procfile_starts_both_services() -> None:
    assert read_procfile((ROOT / "Procfile").read_text()) == {
        "labeler": ["python", "-m", "labeler"],
        "trainer": ["python", "-m", "trainer"],
    }


def test_lines_carry_the_name_and_on_a_terminal_a_colour(capsys: pytest.CaptureFixture[str]) -> None:
    printer(["labeler", "run"], colour=False)("run", "hello")
    printer(["labeler", "run"], colour=True)("run", "hello")
    assert capsys.readouterr().out == "run     | hello\n\033[33mrun     |\033[0m hello\n"


def test_services_find_the_python_that_runs_them() -> None:
    inherited = environment({"PATH": "/bin", "OMP_WAIT_POLICY": "ACTIVE"})
    assert inherited["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "/bin"]
    assert inherited["OMP_WAIT_POLICY"] == "ACTIVE"


def test_the_end_comes_after_the_last_line() -> None:
    runner = Runner({}, Said())
    service = Service("x", [sys.executable, "-c", "print('1\\n2'); raise SystemExit(7)"])
    service.start(runner.events, now=0.0)
    events = [runner.events.get(timeout=DEADLINE) for _ in range(3)]
    assert events[-1] == Exited("x", 7)
