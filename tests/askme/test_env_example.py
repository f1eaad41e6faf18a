""".env.example describes every setting that is read, and shows its default."""

import json
import re
import subprocess
import sys

from django.conf import settings

from tests.support.compose import COMPOSE_ONLY, PROGRAMS
from tests.support.sites import ROOT


def example_variables() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text()
    return dict(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_env_example_names_exactly_the_settings_that_are_read():
    names = re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(names) == sorted(settings.ENVIRONMENT_NAMES | COMPOSE_ONLY)


def settings_read_from(env_file: str) -> dict:
    code = (
        "import json, askme.settings as s; assert not s.ENVIRONMENT_PROBLEMS, s.ENVIRONMENT_PROBLEMS;"
        "found = {n: getattr(s, n) for n in dir(s) if n.isupper() and n != 'ENVIRONMENT_NAMES'};"
        "print(json.dumps(found, default=lambda v: sorted(v) if isinstance(v, set) else str(v)))"
    )
    environment = {"PATH": PROGRAMS, "ENV_FILE": env_file}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_env_example_shows_the_defaults(tmp_path):
    spelled_out = tmp_path / "env"
    spelled_out.write_text("".join(f"{name}={value}\n" for name, value in example_variables().items()))
    assert settings_read_from(str(spelled_out)) == settings_read_from("")
