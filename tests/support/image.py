"""A stand-in for the image that the Dockerfile builds: a tree that nobody may write to, and its user."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.support.compose import PROGRAMS
from tests.support.sites import ROOT


def build_image(folder: Path) -> None:
    """Make a folder with the content of the image's `/app`: what .dockerignore allows, and static files."""
    for line in (ROOT / ".dockerignore").read_text().split():
        source = ROOT / line.removeprefix("!")
        if line.startswith("!") and source.is_dir():
            shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif line.startswith("!"):
            (folder / line.removeprefix("!")).parent.mkdir(exist_ok=True)
            shutil.copy(source, folder / line.removeprefix("!"))
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    [step] = re.findall(r"^RUN (SECRET_KEY=.*)$", text, re.MULTILINE)
    for command in step.split("&&"):
        program, *words = command.split()
        if program == "rm":  # only below the folder: other paths of the image are this machine's own here
            for word in words:
                if not word.startswith(("-", "/")):
                    shutil.rmtree(folder / word)
        else:
            environment = {"PATH": f"{PROGRAMS}:{os.defpath}"}
            subprocess.run(command, shell=True, check=True, cwd=folder, env=environment)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def image_environment() -> dict[str, str]:
    """Return what ENV sets in the last stage, but for the PATH."""
    _, _, stage = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")
    words = " ".join(re.findall(r"^ENV (.*)$", stage, re.MULTILINE)).split()
    variables = dict(word.split("=", 1) for word in words)
    return {name: value for name, value in variables.items() if name != "PATH"}


def as_user(user: int, command: list[str]) -> list[str]:
    """Return a command that runs this one as another user without privileges, as `cap_drop` and
    `no-new-privileges` do. Only root can. Everybody else runs it as themselves."""
    if os.geteuid() != 0:
        return command
    setpriv = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs"]
    if _everybody_can_read(Path(PROGRAMS) / "python"):
        return [*setpriv, "--bounding-set=-all", "--inh-caps=-all", "--", *command]
    # Python is in root's own folder, as with pyenv. The process may read everything, but write nothing more.
    read = [
        "--bounding-set=-all,+dac_read_search",
        "--inh-caps=-all,+dac_read_search",
        "--ambient-caps=+dac_read_search",
    ]
    return [*setpriv, *read, "--", *command]


def _everybody_can_read(program: Path) -> bool:
    folders = [*program.resolve().parents, *program.absolute().parents]
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in folders)
