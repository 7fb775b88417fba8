"""A Modal to test against: the real client and real containers, on this machine, without an account.

Faults are put into containers by a `sitecustomize` that they find on their path: it wraps a task of `pipeline.tasks`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from image_environments import make_environments

ROOT = Path(__file__).resolve().parents[1]
LOOPMODAL = ROOT.parent / "shared" / "loopmodal" / "loopmodal.py"
START_SECONDS = 120
RUN_SECONDS = 900

FAULTS = """
import dataclasses, importlib.abc, importlib.util, json, os, pathlib, sys, time

FOLDER = pathlib.Path(__file__).parent
if (FOLDER / "bucket").is_dir() and not os.path.lexists("/bucket"):
    os.symlink(FOLDER / "bucket", "/bucket")

class Struck:
    def __init__(self, do, plan):
        self.do, self.plan = do, plan

    def __call__(self, store, work, outcome):
        plan = self.plan
        if plan["item"] is not None:
            from pipeline.tasks.work import own_documents
            if any(document.path == plan["item"] for document in own_documents(store, work)):
                os._exit(7)
        elif self.is_first():
            if plan["kind"] == "exit":
                os._exit(7)
            if plan["kind"] == "sleep":
                time.sleep(plan["seconds"])
            if plan["kind"] == "raise":
                raise ValueError("a bug in the stage")
        return self.do(store, work, outcome)

    def is_first(self):
        try:
            os.close(os.open(FOLDER / self.plan["id"], os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "pipeline.tasks" or not (FOLDER / "plan.json").exists():
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module
        def exec_module(module):
            execute(module)
            plan = json.loads((FOLDER / "plan.json").read_text())
            task = module.TASKS[plan["task"]]
            module.TASKS[plan["task"]] = dataclasses.replace(task, do=Struck(task.do, plan))
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""
"""Each plan strikes once: containers agree on who it strikes by making a file. One for an item strikes whenever a shard
holds it. A bucket, which the control plane doesn't mount, is a folder beside."""


class ModalWorld:
    """A control plane that is up, with its Volumes, what it was asked, and the containers it has started."""

    def __init__(self, folder: Path, *options: str, images: Iterable[str], site: str = FAULTS):
        """Start it; `images` are those that containers are started from: each gets what its image installs."""
        self.folder = folder
        self.faults = folder / "faults"
        self.faults.mkdir(parents=True)
        (self.faults / "sitecustomize.py").write_text(site)
        self._n_faults = 0
        self._log = (folder / "log").open("w+")
        python = str(make_environments(images))
        command = [sys.executable, str(LOOPMODAL), "serve", "--state", str(folder / "state")]
        command += ["--container-python", python, "--keep", str(self.faults), "--idle", "60"]
        command += ["--env", f"PYTHONPATH=/root:{self.faults}", "--env", f"BITEXT_TEST_WORLD={self.faults}"]
        self._process = subprocess.Popen([*command, *options], cwd=ROOT, stderr=self._log, stdout=self._log)
        self._endpoint = self._wait_for_endpoint()
        (self.faults / "endpoint.json").write_text(json.dumps(self._endpoint))

    def _wait_for_endpoint(self) -> dict[str, str]:
        path = self.folder / "state" / "endpoint.json"
        for _ in range(START_SECONDS * 10):
            if path.exists() and path.stat().st_size:
                return json.loads(path.read_text())  # type: ignore[no-any-return]
            time.sleep(0.1)
        raise AssertionError(f"the control plane didn't start: {self.log()}")

    def close(self) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    # ---- the client

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start `modal …` on the laptop: with the base install only, where such an environment has been made."""
        base = ROOT / ".venv-base" / "bin" / "python"
        python = str(base if base.exists() else sys.executable)
        return subprocess.Popen(
            [python, "-m", "modal", *arguments],
            cwd=ROOT,
            env=environment | self.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def environment(self) -> dict[str, str]:
        """Return the environment of a client on the laptop."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("MODAL_", "BITEXT_"))},
            "MODAL_SERVER_URL": self._endpoint["grpc"],
            "MODAL_TOKEN_ID": "ak-test",
            "MODAL_TOKEN_SECRET": "as-test",
            "MODAL_CONFIG_PATH": "/nonexistent",
            "MODAL_DISABLE_API_PROXY": "1",
        }

    def modal(self, *arguments: str, status: int = 0, **environment: str) -> str:
        """Run `modal …` and return what it prints; the exit status must be as expected."""
        process = self.start(*arguments, **environment)
        output, _ = process.communicate(timeout=RUN_SECONDS)
        assert process.returncode == status, output + self.log()[-3000:]
        return output

    def run(self, config: Path, out: Path, *options: str, status: int = 0, **environment: str) -> str:
        """Run `modal run -m pipeline.run`."""
        command = ["run", "-m", "pipeline.run", "--config", str(config), "--out", str(out), *options]
        return self.modal(*command, status=status, **environment)

    # ---- what happens on the other side

    def log(self) -> str:
        self._log.flush()
        return (self.folder / "log").read_text()

    def n_started(self) -> int:
        return len(self.started())

    def started(self, since: int = 0) -> list[str]:
        """Return the functions whose containers have been started, after so many of them."""
        return re.findall(r"start ta-\d+ for (\S+)", self.log())[since:]

    def strike(self, task: str, kind: str, seconds: float = 0.0) -> None:
        """Let the next call of a task fail: exit, sleep or raise."""
        self._n_faults += 1
        self._plan({"id": f"fault-{self._n_faults}", "task": task, "kind": kind, "seconds": seconds, "item": None})

    def poison(self, task: str, item: str) -> None:
        """Let every container die that does a task on a document, until the next fault is planned."""
        self._plan({"task": task, "item": item})

    def _plan(self, plan: dict[str, Any]) -> None:
        (self.faults / "plan.json").write_text(json.dumps(plan))

    def has_struck(self) -> bool:
        return (self.faults / f"fault-{self._n_faults}").exists()

    def volume(self, name: str = "bitext-store") -> Path:
        """Return the folder behind a Volume."""
        return Path(self.state()["volumes"][name]["head"])

    def state(self) -> dict[str, Any]:
        return self._ask("GET", "/admin/state")

    def fire(self, app: str, function: str) -> dict[str, Any]:
        """Run a scheduled function once."""
        return self._ask("POST", f"/admin/fire?app={app}&function={function}")

    def preempt(self, function: str) -> dict[str, Any]:
        """Kill a container that is at work on a function; its input is given to another one."""
        return self._ask("POST", f"/admin/preempt?function={function}")

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        request = urllib.request.Request(self._endpoint["http"] + path, method=method)
        with urllib.request.urlopen(request, timeout=RUN_SECONDS) as answer:
            return json.loads(answer.read())  # type: ignore[no-any-return]


def shared_kernels(temporary: Path) -> tuple[str, str]:
    """Return options for a world that compiles nothing again that another one has compiled."""
    (temporary / "kernels").mkdir(exist_ok=True)
    return "--bind-volume", f"bitext-cache={temporary / 'kernels'}"


def results(folder: Path) -> dict[str, bytes]:
    """Return the files of a run that must be equal in two equal runs."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(("report.", "run.json"))
    }
