"""The emulator's launcher: it starts what it says, and nothing of it is left running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scrai import errors
from scrai.store import emulator as public
from scrai.store.emulator import Emulator, find_jar, free_port

pytestmark = pytest.mark.emulator


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def gone_within(pid: int, tenths: int = 100) -> bool:
    for _ in range(tenths):
        if not is_alive(pid):
            return True
        time.sleep(0.1)
    return False


def test_it_stops_for_sure(emulator: Emulator) -> None:
    own = Emulator().start()
    pid = own.pid
    assert pid is not None
    assert is_alive(pid)
    own.stop()
    own.stop()
    assert own.pid is None
    assert not is_alive(pid)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_process_that_started_it(emulator: Emulator, sign: int) -> None:
    program = (
        "import time\n"
        "from scrai.store.emulator import Emulator\n"
        "print(Emulator().start().pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_alive(pid)
    parent.send_signal(sign)
    parent.wait()
    parent.stdout.close()
    assert gone_within(pid)


def test_it_ends_with_an_interpreter_that_forgets_to_stop_it(emulator: Emulator) -> None:
    program = "from scrai.store.emulator import Emulator\nprint(Emulator().start().pid)\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert gone_within(int(done.stdout))


def test_a_port_that_is_taken_is_said(emulator: Emulator) -> None:
    with pytest.raises(errors.StoreUnavailableError, match="Exception"):
        Emulator(port=emulator.port).start()


def test_a_free_port_that_gets_taken_is_replaced(emulator: Emulator) -> None:
    own = Emulator()
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", own.port))
        thief.listen()
        taken = own.port
        with own:
            assert own.port != taken


def test_broken_rules_are_said(emulator: Emulator, tmp_path: Path) -> None:
    rules = tmp_path / "broken.rules"
    rules.write_text("service x {")
    with pytest.raises(errors.StoreUnavailableError, match="rules"):
        Emulator(rules=rules).start(attempts=1)


def test_missing_programs_are_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv(public.JAR_VARIABLE, raising=False)
    assert "no Java" in (public.why_unavailable() or "")
    with pytest.raises(errors.ConfigurationError) as caught:
        Emulator().start()
    assert "gcloud components install" in (caught.value.hint or "")
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\n")
    java.chmod(0o755)
    assert "no Firestore emulator" in (public.why_unavailable() or "")


def test_the_jar_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jar = tmp_path / "own.jar"
    monkeypatch.setenv(public.JAR_VARIABLE, str(jar))
    assert find_jar() is None
    jar.touch()
    assert find_jar() == jar


def test_the_jar_of_firebase_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(public.JAR_VARIABLE, raising=False)
    jar = tmp_path / ".cache/firebase/emulators/cloud-firestore-emulator-v1.19.9.jar"
    jar.parent.mkdir(parents=True)
    jar.touch()
    assert find_jar() == jar


def test_a_command_runs_against_it_and_decides_the_exit_code(emulator: Emulator) -> None:
    shell = 'test -n "$FIRESTORE_EMULATOR_HOST" && exit 7'
    assert public.main(["--", "sh", "-c", shell]) == 7


def test_the_script_runs_it_until_it_is_interrupted(emulator: Emulator) -> None:
    script = Path(__file__).resolve().parent.parent.parent / "infra" / "emulator"
    port = free_port()
    running = subprocess.Popen(
        [str(script), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert running.stdout is not None
    assert running.stdout.readline() == f"export FIRESTORE_EMULATOR_HOST=127.0.0.1:{port}\n"
    running.send_signal(signal.SIGINT)
    _, noise = running.communicate(timeout=30)
    assert (running.returncode, noise) == (0, "")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
