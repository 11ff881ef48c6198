"""A headless Chromium on a pair of pipes: what a page does when it is opened, without any package for it."""

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One tab. It speaks the DevTools protocol; `said` is what the console and the network said since `open`."""

    def __init__(self, profile: Path, *, scripts: bool = True):
        (ours, theirs_out), (theirs_in, mine) = os.pipe(), os.pipe()
        flags = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --no-first-run"
        command = (
            f'exec "$0" {flags} --remote-debugging-pipe --user-data-dir="$1" about:blank 3<&{theirs_in} 4>&{theirs_out}'
        )
        self.process = subprocess.Popen(
            ["bash", "-c", command, CHROMIUM, str(profile)],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.reader, self.writer = os.fdopen(ours, "rb"), os.fdopen(mine, "wb", buffering=0)
        self.number, self.session, self.said, self.events = 0, None, [], []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask("Emulation.setScriptExecutionDisabled", value=not scripts)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.close()

    def ask(self, method: str, **parameters) -> dict:
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        message |= {"sessionId": self.session} if self.session else {}
        self.writer.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _next(self) -> dict:
        raw = bytearray()
        while (byte := self.reader.read(1)) != b"\0":
            assert byte, "the browser has gone"
            raw += byte
        message = json.loads(raw)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method: str | None, given: dict) -> None:
        self.events.append(method)
        if method == "Log.entryAdded":
            self.said.append(given["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.said.append(given["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.said.append(f"console.{given['type']}")
        elif method == "Network.requestWillBeSent" and not given["request"]["url"].startswith(("file:", "data:")):
            self.said.append(f"request {given['request']['url']}")

    def open(self, page: Path, *, width: int = 1400, height: int = 900, anchor: str = "") -> None:
        self.said.clear()
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.events.clear()
        self.ask("Page.navigate", url=page.resolve().as_uri() + anchor)
        while "Page.loadEventFired" not in self.events:
            self._next()

    def run(self, script: str) -> object:
        """The value of an expression, awaited."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, script: str, *, seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < end, f"never true: {script}"

    def press(self, key: str, *, shift: bool = False) -> None:
        codes = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39, " ": 32}
        text = {"Enter": "\r", " ": " "}.get(key, "")
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=codes[key],
                modifiers=8 if shift else 0,
                **({"text": text} if text and kind == "keyDown" else {}),
            )

    def picture(self, *, whole: bool = True) -> bytes:
        answer = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def paper(self) -> bytes:
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True)["data"])


AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
REQUIRED = os.environ.get("RECOHORT_BROWSER") == "required"


def lacking() -> str:
    """What these tests need and is not here; `make browser` installs it."""
    needs = {"chromium": CHROMIUM is not None, "axe-core (npm ci --prefix tests/report/axe)": AXE.exists()}
    return ", ".join(name for name, there in needs.items() if not there)


def violations(browser: Browser) -> list[str]:
    """What axe-core finds on the page as it is, every fold open: rule, element."""
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    browser.run(AXE.read_text(encoding="utf-8") + "; 0")
    return browser.run(
        "axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations.flatMap((one) =>"
        " one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)}`)))"
    )


WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""How many pixels the page is wider than its window."""
