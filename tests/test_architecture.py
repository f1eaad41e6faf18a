"""The layers point one way: who may import what, read from the imports themselves."""

import ast

from tests.sites import ROOT

MODULES = [path for path in sorted((ROOT / "answers").rglob("*.py")) if "migrations" not in path.parts]
WEB = {"consumers", "routing", "views", "urls", "admin", "forms"}
WEB |= {"history", "deletion", "export", "rating", "sharing", "asking", "plain"}
DOMAIN = {
    "worker",
    "relay",
    "journal",
    "running",
    "fair_queue",
    "models",
    "search",
    "demo",
    "outcome",
    "upstream",
    "context",
    "thread",
}


def imports(path):
    """Full names of all modules that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def importers(*packages):
    return {
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(name == p or name.startswith(f"{p}.") for name in imports(path) for p in packages)
    }


def test_the_check_sees_imports():
    assert "answers/consumers.py" in importers("channels.generic")
    assert len(MODULES) > 20


def test_only_completions_speaks_http():
    assert importers("requests") == {"answers/completions/transport.py"}
    for path in importers("urllib3", "http.client"):
        assert path.startswith("answers/completions/")


def test_only_the_worker_starts_threads_and_the_store_has_one():
    assert importers("concurrent.futures") == {"answers/worker.py", "answers/store.py"}
    starting = {
        str(path.relative_to(ROOT)) for path in MODULES if "Thread(" in path.read_text().replace("\n", "")
    }
    assert starting == {"answers/worker.py"}


def test_completions_knows_nothing_of_django_or_of_us():
    for path in MODULES:
        if path.parent.name == "completions":
            for name in imports(path):
                assert name.split(".")[0] not in ("django", "channels")
                assert not name.startswith("answers.") or name.startswith("answers.completions")


def test_the_domain_knows_no_websocket_and_no_page():
    for path in MODULES:
        if path.stem in DOMAIN and path.parent.name == "answers":
            for name in imports(path):
                assert not name.startswith(("channels.generic", "django.http", "django.shortcuts")), path
                assert not name.startswith("answers.") or name.split(".")[1] not in WEB, path
                assert not name.startswith("answers.follower"), path
