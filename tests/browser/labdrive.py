"""JupyterLab in a real Chromium: start both, open a notebook, run cells, and see what the page shows.

Waits ask the application itself, not its looks: an indicator reads "idle" before a kernel exists.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = (
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LAB_FLAGS = (
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--IdentityProvider.token=",
    "--ServerApp.password=",
    "--ServerApp.disable_check_xsrf=True",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.extension_manager=readonly",
)
OWN_COMPLAINTS = ("Could not restore the debugger state",)
"""What JupyterLab itself says of a kernel that is shut down while it still asks it something."""

START_S = 60
KERNEL_IS_READY = """() => {
    const kernel = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
    return kernel && kernel.status === 'idle' && kernel.connectionStatus === 'connected';
}"""


def chromium() -> str:
    """The path of the browser to drive.

    Raises:
        RuntimeError: If there is none, with the way to get one.
    """
    for name in CHROMIUM_NAMES:
        path = shutil.which(name)
        if path:
            return path
    raise RuntimeError(
        f"none of {', '.join(CHROMIUM_NAMES)} is on the PATH; browser tests need one: apt-get install chromium"
    )


@contextmanager
def running_lab(root: Path, home: Path) -> Iterator[str]:
    """JupyterLab over the notebooks in `root`, with settings of its own in `home`; gives its address.

    Raises:
        RuntimeError: If the server is not up in time, with its log.
    """
    pages = home / "config" / "labconfig"
    pages.mkdir(parents=True)
    news = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (pages / "page_config.json").write_text(json.dumps(news), encoding="utf-8")
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "IPYTHONDIR": "ipython",
    }
    environment = {**os.environ, **{name: str(home / folder) for name, folder in folders.items()}}
    port = _free_port()
    command = [sys.executable, "-m", "jupyterlab", *LAB_FLAGS, f"--port={port}", f"--ServerApp.root_dir={root}"]
    log_path = home / "lab.log"
    with log_path.open("w", encoding="utf-8") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            if not _answers(f"{address}/api/status", server):
                raise RuntimeError(f"JupyterLab did not start; its log:\n{log_path.read_text(encoding='utf-8')}")
            yield address
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str, server: subprocess.Popen[Any]) -> bool:
    """Whether `url` answers before the time is up and before the server ends."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return True
        except OSError:
            time.sleep(0.1)
    return False


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=list(CHROMIUM_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class LabPage:
    """A page of JupyterLab; `requests` are all URLs it asked for, `problems` what went wrong in it.

    The viewport has to be tall: a notebook shows only the cells that are in sight.
    """

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        self.page.on("console", self._note_console)

    def _note_console(self, message: Any) -> None:
        if message.type == "error" and not message.text.startswith(OWN_COMPLAINTS):
            self.problems.append(f"console: {message.text}")

    def open(self, notebook: str) -> None:
        """Open a notebook by its path below the server's root, and wait for its kernel."""
        self.page.goto(f"{self.address}/lab/tree/{notebook}?reset")
        self.page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
        self.page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell", timeout=60_000)
        self.page.wait_for_function(KERNEL_IS_READY, timeout=60_000)

    def command(self, name: str, **arguments: Any) -> Any:
        """Do one of JupyterLab's commands, such as `apputils:change-theme`, and wait for its end."""
        return self.page.evaluate(
            "([name, options]) => window.jupyterapp.commands.execute(name, options).then(done => done ?? null)",
            [name, arguments],
        )

    def run_all(self) -> bool:
        """Run every cell, and wait; False when one failed."""
        return bool(self.command("notebook:run-all-cells"))

    def run_cell(self, index: int) -> bool:
        """Run the cell at `index`, and wait; False when it failed."""
        self.page.evaluate("index => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = index; }", index)
        return bool(self.command("notebook:run-cell"))

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """The outputs of the cell at `index`, as the notebook format has them."""
        found: list[dict[str, Any]] = self.page.evaluate(
            "index => window.jupyterapp.shell.currentWidget.content.widgets[index].outputArea.model.toJSON()", index
        )
        return found

    def outside_requests(self) -> list[str]:
        """The URLs that left this machine."""
        return [url for url in self.requests if urlsplit(url).hostname not in (None, "127.0.0.1")]

    def close(self) -> None:
        """End the kernels, which would pile up, and close the page."""
        self.page.evaluate("() => window.jupyterapp?.serviceManager.sessions.shutdownAll().then(() => null)")
        self.page.context.close()
