"""The layers point one way. A layer is a folder. These tests read the imports of every module."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.sites import ROOT

PACKAGES = ["accounts", "answers", "askme", "completions"]
MODULES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts
]

# Each folder or module of `answers`, with the others that it may import. A layer may always import itself.
LAYERS = {
    "conf": set(),
    "formatting": set(),
    "protocol": {"formatting", "models"},  # for types
    "models": {"formatting"},
    "engine": {"models", "protocol"},
    "asking": {"engine", "models", "protocol"},
    "live": {"asking", "engine", "formatting", "models", "protocol", ""},
    "pages": {"asking", "engine", "formatting", "models", "protocol", ""},
    "admin": {"asking", "engine", "formatting", "models", "pages"},
    "management": {"admin", "engine", "models", "protocol", ""},
    "apps": {"conf"},
    "": {"asking", "engine", "live", "protocol"},  # answers/__init__.py, the public interface
}


def imports(path: Path) -> set[str]:
    """Return the full names of everything that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def importers(*packages: str) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(name == p or name.startswith(f"{p}.") for name in imports(path) for p in packages)
    }


def layer(path: Path) -> str:
    """Return the folder or module directly below `answers`, or "" for the package itself."""
    name = path.relative_to(ROOT / "answers").parts[0].removesuffix(".py")
    return "" if name == "__init__" else name


def imported_layer(name: str) -> str:
    """Return the layer of an imported name like `answers.engine.worker.Worker`, or "" for `answers.ask`."""
    part = [*name.split("."), ""][1]
    return part if part in LAYERS else ""


def test_the_check_sees_imports():
    assert "answers/live/consumer.py" in importers("channels.generic")
    assert len(MODULES) > 60


def test_every_layer_has_a_rule_and_a_docstring():
    found = {layer(path) for path in MODULES if path.is_relative_to(ROOT / "answers")}
    assert found == set(LAYERS)
    for path in MODULES:
        if (
            path.name == "__init__.py"
            and path.parent.parent == ROOT / "answers"
            and path.parent.name != "management"
        ):
            assert ast.get_docstring(ast.parse(path.read_text())), path


def test_a_newcomer_sees_at_most_fourteen_names():
    names = {path.name for path in (ROOT / "answers").iterdir()} - {"__init__.py", "__pycache__"}
    assert len(names) <= 14, sorted(names)


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_layer_imports_only_layers_below_it(name):
    for path in MODULES:
        if path.is_relative_to(ROOT / "answers") and layer(path) == name:
            ours = {imported for imported in imports(path) if imported.split(".")[0] == "answers"}
            for imported in ours:
                assert imported_layer(imported) in LAYERS[name] | {name}, f"{path} imports {imported}"


def test_answers_does_not_depend_on_the_site():
    """`answers` runs in other sites too. It reaches accounts and settings of this site through hooks."""
    for path in importers("accounts", "askme", "allauth"):
        assert not path.startswith(("answers/", "completions/")), path
    for path in importers("askme"):
        assert path.startswith("askme/"), path


def test_the_engine_imports_no_socket_and_no_view():
    for package in (
        "channels.generic",
        "channels.routing",
        "django.shortcuts",
        "django.template",
        "django.views",
    ):
        for path in importers(package):
            assert not path.startswith(("answers/engine/", "answers/models/")), f"{path} imports {package}"


def test_only_completions_sends_http_requests():
    # accounts/views.py catches exceptions that allauth's login does not.
    assert importers("requests") == {"completions/transport.py", "accounts/views.py"}
    for path in importers("urllib3", "http.client"):
        assert path.startswith("completions/"), path


def test_only_the_engine_starts_threads_and_the_lookup_of_names():
    pools = importers("concurrent.futures")
    handler = "askme/handler.py"  # of requests: in Django's place, which starts one for each
    assert pools == {"answers/engine/answer_threads.py", "answers/engine/database_thread.py", handler}
    starting = {str(path.relative_to(ROOT)) for path in MODULES if re.search(r"\bThread\(", path.read_text())}
    assert starting == {
        "answers/engine/worker.py",
        "answers/engine/pruner.py",
        "answers/engine/model_check.py",
        "completions/resolver.py",
    }


def test_completions_does_not_import_django_or_the_other_packages():
    seen = 0
    for path in MODULES:
        if path.is_relative_to(ROOT / "completions"):
            seen += 1
            for name in imports(path):
                assert name.split(".")[0] not in ("django", "channels", "answers", "accounts", "askme"), path
    assert seen > 5


def test_formatting_does_not_import_django_or_other_layers():
    seen = 0
    for path in MODULES:
        if path.is_relative_to(ROOT / "answers" / "formatting"):
            seen += 1
            for name in imports(path):
                assert name.startswith("answers.formatting") or name.split(".")[0] not in (
                    "django",
                    "channels",
                    "answers",
                ), path
    assert seen > 2


def test_only_one_module_knows_each_library_of_formatting():
    assert importers("math_core") <= {"answers/formatting/maths.py"}
    assert importers("pygments") <= {"answers/formatting/code.py"}
    assert importers("pyromark") <= {"answers/formatting/markdown.py"}


def test_no_module_is_too_long_to_read():
    """Style sheets, scripts and tests included."""
    places = [*MODULES, *(ROOT / "answers" / "static").rglob("*.[cj]s*"), *(ROOT / "bench").glob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in places}
    assert {name: lines for name, lines in lengths.items() if lines > 250} == {}
    tests = (ROOT / "tests").rglob("*.py")
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in tests}
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}
