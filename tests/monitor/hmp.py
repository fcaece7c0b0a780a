# SPDX-License-Identifier: GPL-2.0-or-later
"""A person at the monitor: types lines and keys at a socket, reads what the terminal would show."""

import re
import socket
import time

PROMPT = "(qemu) "


class HmpError(Exception):
    """The monitor did not do what was expected."""


def plain(text):
    """Text without the terminal's control sequences."""
    return re.sub(r"\x1b\[\d*[A-Za-z]|\a", "", text).replace("\r\n", "\n")


class Hmp:
    """One connection to a monitor."""

    def __init__(self, path, timeout=10):
        self.timeout = timeout
        self.socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + timeout
        while True:
            try:
                self.socket.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError, BlockingIOError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.text = ""
        self.greeting = self.until(PROMPT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def until(self, mark):
        """Raw text up to and with MARK."""
        end = time.monotonic() + self.timeout
        while mark not in self.text:
            self.socket.settimeout(max(end - time.monotonic(), 0.01))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                raise HmpError(f"no {mark!r} in {self.text[-2000:]!r}") from None
            if not data:
                raise HmpError(f"the monitor hung up after {self.text[-500:]!r}")
            self.text += data.decode(errors="replace")
        at = self.text.index(mark) + len(mark)
        done, self.text = self.text[:at], self.text[at:]
        return done

    def keys(self, text):
        """Types without Enter and gives the terminal time to show it; raw text."""
        self.send(text)
        self.socket.settimeout(0.1)
        try:
            while data := self.socket.recv(65536):
                self.text += data.decode(errors="replace")
        except TimeoutError:
            pass
        done, self.text = self.text, ""
        return done

    def command(self, line):
        """What a line prints."""
        self.send(line + "\n")
        self.until("\r\n")  # the echo
        return plain(self.until("\r\x1b[K" + PROMPT)).removesuffix(PROMPT).removesuffix("\r")

    def end(self):
        """Waits for the hang-up."""
        self.socket.settimeout(self.timeout)
        while self.socket.recv(65536):
            pass
