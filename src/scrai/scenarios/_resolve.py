"""From what a user writes to a scenario: `module:Class`, `path/to/file.py`, `file.py:Class`."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from scrai.errors import ScenarioError
from scrai.scenarios._scenario import Scenario

_FILE: Final = re.compile(r"(?P<path>.+\.py)(?::(?P<name>\w+))?", re.DOTALL)
_SOURCE: Final = "__scrai_source__"
_MODULE: Final = re.compile(r"(?P<path>\w+(?:\.\w+)*):(?P<name>\w+(?:\.\w+)*)")


def check_is_text(spec: object) -> None:
    """Refuse a class, an instance or a path: a simulation stores how its scenario is found."""
    if isinstance(spec, str):
        return
    kind = spec if inspect.isclass(spec) else type(spec)
    what = "the class" if inspect.isclass(spec) else "an object of class"
    raise ScenarioError(
        "a scenario is named by text (a key, module:Class, file.py or file.py:Class), not by"
        f" {what} {kind.__name__}",
        hint=_named_by(kind) if issubclass(kind, Scenario) else None,
    )


def _named_by(kind: type[Scenario]) -> str | None:
    """Return the text that probably leads to a class; None for one that no text leads to."""
    module = sys.modules.get(kind.__module__)
    if module is None or getattr(module, kind.__qualname__, None) is not kind:
        return None
    file = getattr(module, "__file__", None)
    alone = kind.__module__ == "__main__" or _SOURCE in vars(module)
    if alone and not file:
        return "save it in a file"
    return f"write '{file if alone else kind.__module__}:{kind.__name__}'"


def is_reference(spec: str) -> bool:
    """Say whether `spec` leads to code by itself, rather than being a registered key."""
    return bool(_FILE.fullmatch(spec) or ":" in spec)


def canonical(spec: str) -> str:
    """Return `spec` as a simulation stores it: a file by its absolute path, the rest as it is.

    So a simulation can be resumed from another folder. Moving the file breaks that, with one
    clear line; `module:Class` and the keys of plug-ins do not depend on places.
    """
    found = _FILE.fullmatch(spec)
    if not found:
        return spec
    path = str(_absolute(found["path"]))
    return f"{path}:{found['name']}" if found["name"] else path


def resolve_reference(spec: str) -> Scenario:
    """Return the scenario that `module:Class` or the path of a `.py` file leads to.

    Raises:
        ScenarioError: one line: what is missing or wrong, and where.
    """
    if found := _FILE.fullmatch(spec):
        path = _absolute(found["path"])
        module = load_file(path)
        name = found["name"]
        value = _attribute(module, name, path.name) if name else _only_scenario(module, path.name)
        return construct(value, f"{path.name}:{name}" if name else path.name)
    if found := _MODULE.fullmatch(spec):
        module = load_module(found["path"])
        return construct(_attribute(module, found["name"], found["path"]), spec)
    raise ScenarioError(
        f"{spec!r} is no scenario", hint="write a key, module:Class, file.py or file.py:Class"
    )


def load_module(name: str) -> ModuleType:
    """Import a module by its dotted name."""
    try:
        with _told_in_one_line(f"module {name}"):
            return importlib.import_module(name)
    except ScenarioError as error:
        cause = error.__cause__
        if not isinstance(cause, ModuleNotFoundError) or not _is_part(cause.name, name):
            raise
        beside = Path(f"{name.replace('.', '/')}.py")
        hint = f"write {beside}:Class for the file" if beside.is_file() else None
        raise ScenarioError(f"there is no module {cause.name!r}", hint=hint) from None


def load_file(path: Path) -> ModuleType:
    """Run a `.py` file as a module of a private name; again only if its text has changed.

    The name depends on the absolute path alone, so that two files of one name do not meet.
    """
    if not path.is_file():
        beside = [each.stem for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
        close = [f"{stem}.py" for stem in get_close_matches(path.stem, beside)]
        hint = f"did you mean {' or '.join(close)}?" if close else None
        raise ScenarioError(f"there is no file {path}", hint=hint)
    name = f"_scrai_scenario_{path.stem}_{sha256(os.fsencode(path)).hexdigest()[:12]}"
    before = sys.modules.get(name)
    with _told_in_one_line(path.name, path):
        source = path.read_bytes()
        if before is not None and before.__dict__.get(_SOURCE) == source:
            return before
        loader = SourceFileLoader(name, str(path))
        # Not by the loader's own way: it trusts a .pyc of the same second and size.
        code = loader.source_to_code(source, str(path))
        spec = spec_from_loader(name, loader)
        module = module_from_spec(spec) if spec else ModuleType(name)
        # Classes look their module up here while it is run: dataclasses and pydantic do.
        sys.modules[name] = module
        try:
            exec(code, module.__dict__)  # noqa: S102 - the user asked for this file to be run
        except BaseException:
            sys.modules.pop(name)
            raise
        module.__dict__[_SOURCE] = source
    return module


def construct(value: Any, where: str) -> Scenario:
    """Return the scenario that `value`, a class or an instance, stands for."""
    if inspect.isclass(value) and issubclass(value, Scenario):
        missing = sorted(getattr(value, "__abstractmethods__", ()))
        if missing:
            raise ScenarioError(f"{where}: class {value.__name__} has no {', '.join(missing)}")
        value = _made(value, where)
    if not isinstance(value, Scenario):
        what = f"class {value.__name__}" if inspect.isclass(value) else type(value).__name__
        raise ScenarioError(f"{where}: {what} is no scrai.scenarios.Scenario")
    check_name(value, where)
    return value


def check_name(scenario: Scenario, where: str) -> None:
    """Refuse a scenario without a name."""
    name = getattr(scenario, "name", None)
    if not isinstance(name, str) or not name.strip():
        raise ScenarioError(
            f"{where}: class {type(scenario).__name__} has no name",
            hint='give it one: name = "..."',
        )


def near(key: str, known: Iterable[str]) -> str | None:
    """Return a hint that names what is like `key`, or all that is known."""
    names = sorted(known)
    close = get_close_matches(key, names, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known: {', '.join(names)}" if names else None


def _made(cls: type[Scenario], where: str) -> Scenario:
    try:
        return cls()
    except Exception as error:
        raise ScenarioError(
            f"{where}: {cls.__name__}() failed: {_told(error)}",
            hint="a scenario is made without arguments",
        ) from error


def _absolute(path: str) -> Path:
    if "\0" in path:  # Pythons differ in what they say of it
        raise ScenarioError(f"{path!r:.80} is no path: embedded null byte")
    try:
        found = Path(path).expanduser().resolve()
        os.fsencode(found)
        found.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ScenarioError(f"{path!r:.80} is no path: {reason!s:.80}") from error
    return found


def _is_part(missing: str | None, name: str) -> bool:
    """Whether what could not be found is the module itself or a package around it."""
    return missing is not None and f"{name}.".startswith(f"{missing}.")


def _attribute(module: ModuleType, name: str, where: str) -> Any:
    value: Any = module
    for part in name.split("."):
        if not hasattr(value, part):
            raise ScenarioError(f"{where} has no {name!r}", hint=near(name, _scenarios_in(module)))
        value = getattr(value, part)
    return value


def _scenarios_in(module: ModuleType) -> dict[str, type[Scenario]]:
    """Return the scenarios that a module itself defines, without private and abstract ones."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, Scenario)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def _only_scenario(module: ModuleType, where: str) -> type[Scenario]:
    found = _scenarios_in(module)
    complete = {key: cls for key, cls in found.items() if not inspect.isabstract(cls)} or found
    if not complete:
        raise ScenarioError(f"{where} defines no class that is a scrai.scenarios.Scenario")
    if len(complete) > 1:
        raise ScenarioError(
            f"{where} defines {len(complete)} scenarios: {', '.join(complete)}",
            hint=f"name one: {where}:{next(iter(complete))}",
        )
    return next(iter(complete.values()))


@contextmanager
def _told_in_one_line(what: str, path: Path | None = None) -> Iterator[None]:
    """Turn whatever goes wrong in somebody else's code into one line."""
    try:
        yield
    except SyntaxError as error:
        file = Path(error.filename).name if error.filename else what
        line = f" line {error.lineno}" if error.lineno else ""
        raise ScenarioError(f"{file}{line}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        place = _line_in(error, path)
        hint = None
        if path and isinstance(error, ModuleNotFoundError) and error.name:
            beside = (path.parent / f"{error.name.partition('.')[0]}.py").is_file()
            hint = "a file stands alone; for several files write module:Class" if beside else None
        raise ScenarioError(f"{what}{place}: {_told(error)}", hint=hint) from error


def _line_in(error: BaseException, path: Path | None) -> str:
    """Say where the code failed: the last line in its own file, or else the last of all."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and frame.filename != __file__
    ]
    own = [frame for frame in frames if path and frame.filename == str(path)]
    if own:
        return f" line {own[-1].lineno}"
    return f" ({Path(frames[-1].filename).name} line {frames[-1].lineno})" if frames else ""


def _told(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
