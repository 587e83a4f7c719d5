"""Run Google's Firestore emulator: found, started on a free port, stopped for sure."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import IO

from scrai._wall import seconds
from scrai.errors import ConfigurationError, StoreUnavailableError

JAR_VARIABLE = "SCRAI_FIRESTORE_EMULATOR_JAR"
INSTALL_HINT = (
    "install Java 11 or later and `gcloud components install cloud-firestore-emulator` "
    f"(or `npx firebase-tools setup:emulators:firestore`), or set {JAR_VARIABLE}"
)
_MAIN_CLASS = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_SDK_JAR = Path("platform", "cloud-firestore-emulator", "cloud-firestore-emulator.jar")
_READY = "Dev App Server is now running"
_BAD_RULES = "Error compiling rules"
# The shell turns into the JVM (same process id); the watcher it leaves behind reads a pipe whose
# other end only we hold. When we end, however we end, the pipe closes and the JVM is killed.
_WATCHED = 'exec 3<&0 </dev/null; { read -r _ <&3; kill -9 $$; } & exec 3<&-; exec "$@"'


def find_jar() -> Path | None:
    """Return the emulator's jar, or None if it is not installed."""
    return next((jar for jar in _candidates() if jar.is_file()), None)


def _candidates() -> Iterator[Path]:
    """Yield the places of the jar, cheapest first; asking gcloud itself takes seconds."""
    if named := os.environ.get(JAR_VARIABLE):
        yield Path(named)
        return
    gcloud = shutil.which("gcloud")
    if gcloud:
        yield Path(gcloud).resolve().parent.parent / _SDK_JAR
    downloads = Path.home() / ".cache" / "firebase" / "emulators"
    yield from sorted(downloads.glob("cloud-firestore-emulator-*.jar"), reverse=True)
    if gcloud and (root := _sdk_root(gcloud)):
        yield root / _SDK_JAR


def _sdk_root(gcloud: str) -> Path | None:
    """Ask gcloud for its folder: right for wrapped installations, and slow."""
    command = [gcloud, "info", "--format=value(installation.sdk_root)"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return Path(answer.stdout.strip()) if answer.stdout.strip() else None


def find_java() -> str | None:
    """Return the java program, or None."""
    home = os.environ.get("JAVA_HOME")
    return (shutil.which("java", path=str(Path(home, "bin"))) if home else None) or shutil.which(
        "java"
    )


def why_unavailable() -> str | None:
    """Return why no emulator can be started here, or None if one can."""
    if find_java() is None:
        return f"no Java on PATH: {INSTALL_HINT}"
    if find_jar() is None:
        return f"no Firestore emulator found: {INSTALL_HINT}"
    return None


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Emulator:
    """One running emulator; its data live in its memory and end with it.

    ```python
    with Emulator() as emulator:
        client = FirestoreClient(project_id="demo-town", emulator_host=emulator.host)
    ```

    Attributes:
        port: where it listens, fixed at construction so that it can be restarted in place.
        rules: a `firestore.rules` file that requests without owner rights must pass.
    """

    def __init__(self, *, port: int | None = None, rules: Path | None = None) -> None:
        self.port = port or free_port()
        self.rules = rules
        self._chosen = port is not None
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def host(self) -> str:
        """The address for `FIRESTORE_EMULATOR_HOST`."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The JVM's process id while it runs."""
        return self._process.pid if self._process else None

    def start(self, *, within: float = 60.0, attempts: int = 3) -> Emulator:
        """Start it and wait until it answers.

        Raises:
            ConfigurationError: Java or the jar is missing.
            StoreUnavailableError: it ended or did not answer in time.
        """
        for left in range(attempts, 0, -1):
            try:
                return self._start_once(within)
            except StoreUnavailableError:
                # Somebody may have taken the free port between our look and the JVM's bind.
                if self._chosen or left == 1:
                    raise
                self.port = free_port()
        raise AssertionError("attempts must be positive")

    def _start_once(self, within: float) -> Emulator:
        java, jar = find_java(), find_jar()
        if java is None or jar is None:
            raise ConfigurationError("the Firestore emulator is not installed", hint=INSTALL_HINT)
        self.stop()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives until stop()
        command = [java, "-XX:+UseSerialGC", "-cp", str(jar), _MAIN_CLASS, "start"]
        command += ["--host=127.0.0.1", f"--port={self.port}"]
        command += [f"--rules={self.rules}"] if self.rules else []
        self._process = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", _WATCHED, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C meant for the tests must not end it half-way
        )
        atexit.register(self.stop)
        self._await_ready(seconds() + within)
        return self

    def _await_ready(self, deadline: float) -> None:
        while not (_READY in self.log() and _answers(self.host)):
            said = self.log()
            ended = self._process is None or self._process.poll() is not None
            if ended or _BAD_RULES in said or seconds() > deadline:
                self.stop()
                raise StoreUnavailableError(
                    f"the Firestore emulator on {self.host} did not start: {_complaint(said)}"
                )
            time.sleep(0.05)

    def log(self) -> str:
        """Return what it printed so far."""
        if self._log is None:
            return ""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def stop(self) -> None:
        """Kill it; idempotent. There is nothing to save: its data are in memory only."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)
            atexit.unregister(self.stop)
        if self._log is not None:
            self._log.close()
            self._log = None

    def restart(self) -> Emulator:
        """Stop it and start an empty one on the same port."""
        self.stop()
        return self.start()

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the pipe, on which the watcher kills the JVM; do it ourselves if it does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _complaint(log: str) -> str:
    """Return the line of a log that says most."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if "Exception: " in line or "Error: " in line]
    return (telling or lines[-1:] or ["it printed nothing"])[0]


def _answers(host: str) -> bool:
    """Whether a read is answered, with "no such document". The first one warms the JVM up."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(
        f"http://{host}/v1/projects/demo-probe/databases/(default)/documents/probe/probe",
        headers={"Authorization": "Bearer owner"},
    )
    try:
        with opener.open(request, timeout=10):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == HTTPStatus.NOT_FOUND
    except OSError:
        return False
