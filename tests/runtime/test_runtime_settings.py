"""Where settings come from, what they may be, and what they never show."""

from __future__ import annotations

from pathlib import Path

import pytest

from scrai.errors import ConfigurationError
from scrai.runtime import Settings
from scrai.runtime._setting_specs import SPECS

KEY = '{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----"}'


def load(folder: Path, flags: dict[str, object] | None = None, **environ: str) -> Settings:
    return Settings.load(flags or {}, environ=environ, folder=folder)


def test_defaults(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert (found.backend, found.db, found.lease_seconds) == ("sqlite", Path("scrai.db"), 30.0)
    assert {item["source"] for item in found.describe()} == {"default"}


def test_later_sources_win(tmp_path: Path) -> None:
    (tmp_path / "scrai.toml").write_text('db = "a.db"\nlease_seconds = 5\nsynchronous = "full"\n')
    (tmp_path / ".env").write_text("SCRAI_LEASE_SECONDS=6\nexport SCRAI_DB='b.db'\nOTHER=1\n")
    found = load(tmp_path, {"db": "d.db"}, SCRAI_DB="c.db")
    assert (found.db, found.lease_seconds, found.synchronous) == (Path("d.db"), 6.0, "full")
    sources = {item["name"]: item["source"] for item in found.describe()}
    assert sources["db"] == "--db"
    assert sources["lease_seconds"] == "SCRAI_LEASE_SECONDS in .env"
    assert sources["synchronous"] == str(tmp_path / "scrai.toml")
    assert sources["backend"] == "default"
    assert load(tmp_path, SCRAI_DB="c.db").db == Path("c.db")
    assert load(tmp_path).db == Path("b.db")
    (tmp_path / ".env").unlink()
    assert load(tmp_path).db == tmp_path / "a.db", "beside the file that names it"


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "scrai.toml").write_text("db = 'a.db'\r\n", encoding="utf-8-sig")
    (tmp_path / ".env").write_text("SCRAI_LEASE_SECONDS=6\r\n", encoding="utf-8-sig")
    found = load(tmp_path)
    assert (found.db, found.lease_seconds) == (tmp_path / "a.db", 6.0)


def test_a_settings_file_can_be_named(tmp_path: Path) -> None:
    other = tmp_path / "elsewhere.toml"
    other.write_text('backend = "memory"')
    assert load(tmp_path, SCRAI_CONFIG=str(other)).backend == "memory"
    with pytest.raises(ConfigurationError, match="SCRAI_CONFIG: there is no file"):
        load(tmp_path, SCRAI_CONFIG="nowhere.toml")


def test_variables_of_other_programs_come_second(tmp_path: Path) -> None:
    found = load(tmp_path, GOOGLE_CLOUD_PROJECT="theirs", FIRESTORE_EMULATOR_HOST="h:1")
    assert (found.project_id, found.emulator_host) == ("theirs", "h:1")
    (tmp_path / ".env").write_text("SCRAI_PROJECT_ID=ours\n")
    assert load(tmp_path, GOOGLE_CLOUD_PROJECT="theirs").project_id == "ours"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"SCRAI_BACKEND": "sqlit"}, "SCRAI_BACKEND: backend must be .*did you mean sqlite"),
        ({"SCRAI_BACKNED": "sqlite"}, "SCRAI_BACKNED is no setting"),
        ({"SCRAI_LEASE_SECONDS": "soon"}, "must be a positive number"),
        ({"SCRAI_LEASE_SECONDS": "nan"}, "must be a positive number"),
        ({"SCRAI_LEASE_SECONDS": "-1"}, "must be a positive number"),
        ({"SCRAI_MAX_CONSECUTIVE_FAILURES": "0"}, "must be a whole number of at least 1"),
        ({"SCRAI_MAX_CONSECUTIVE_FAILURES": "9" * 5000}, "must be a whole number"),
        ({"SCRAI_SYNCHRONOUS": "off"}, "must be one of normal, full"),
    ],
)
def test_bad_values_are_one_line(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        load(tmp_path, **environ)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('bakend = "sqlite"', "there is no setting 'bakend'"),
        ("backend = 3", "backend must be one of"),
        ("backend = ", "scrai.toml"),
        ("lease_seconds = true", "must be a positive number"),
        ('db = ""', "db must be a text"),
    ],
)
def test_a_bad_settings_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "scrai.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        load(tmp_path)
    assert "\n" not in caught.value.message
    if "bakend" in text:
        assert caught.value.hint == "did you mean backend?"


def test_an_env_file_is_read_as_shells_do(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        '# a comment\n\nexport SCRAI_DB = "with space.db"  # why\nSCRAI_DATABASE=plain # note\n'
        "SCRAI_PROJECT_ID='#1'\nEMPTY=\n"
    )
    found = load(tmp_path)
    assert (found.db, found.database, found.project_id) == (Path("with space.db"), "plain", "#1")
    (tmp_path / ".env").write_text("SCRAI_DB=a.db\nnonsense\n")
    with pytest.raises(ConfigurationError, match="line 2"):
        load(tmp_path)
    (tmp_path / ".env").write_text("SCRAI_DBB=a.db\n")
    with pytest.raises(ConfigurationError, match=r"SCRAI_DBB in \.env is no setting"):
        load(tmp_path)


def test_secrets_are_masked(tmp_path: Path) -> None:
    found = load(tmp_path, SCRAI_CREDENTIALS=KEY)
    shown = {item["name"]: item["value"] for item in found.describe()}
    assert shown["credentials"] == "********"
    assert "PRIVATE" not in str(found.describe())
    file = tmp_path / "key.json"
    file.write_text(KEY)
    shown = {
        item["name"]: item["value"]
        for item in load(tmp_path, SCRAI_CREDENTIALS=str(file)).describe()
    }
    assert shown["credentials"] == str(file), "the path of a file is no secret"


def test_a_flag_for_another_backend_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--project-id has no effect on the sqlite"):
        load(tmp_path, {"project_id": "p"})
    with pytest.raises(ConfigurationError, match="--db has no effect on the memory"):
        load(tmp_path, {"backend": "memory", "db": "x.db"})
    assert load(tmp_path, {"backend": "memory"}, SCRAI_DB="x.db").backend == "memory"


def test_the_page_has_every_setting() -> None:
    page = Path(__file__).resolve().parent.parent.parent / "docs" / "settings.md"
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    told = {row[0].strip("`"): (row[1].split(", "), row[2].strip("`")) for row in rows}
    defaults = {item["name"]: item["value"] for item in Settings().describe()}
    assert list(told) == list(defaults)
    for name, (variables, default) in told.items():
        wanted = [f"`{word}`" for word in (SPECS[name].variable, *SPECS[name].aliases)]
        assert variables == wanted
        if defaults[name] is not None:
            assert default == str(defaults[name])
