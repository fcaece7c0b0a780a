# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest on a pseudo-terminal: start an emulator, wait for text on its console, type, see how it ends."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time


class GuestError(Exception):
    """The guest did not do what was expected; the message holds the end of its console."""


class Guest:
    """One run of an emulator. Use as a context manager; what still runs at the end is killed."""

    def __init__(self, argv, log=None):
        self.argv = argv
        self.text = ""
        self.log = open(log, "w", encoding="utf-8") if log else None
        self.started = time.monotonic()
        master, slave = pty.openpty()
        attributes = termios.tcgetattr(slave)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self.fd = master

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.fd)
        if self.log:
            self.log.close()

    @property
    def seconds(self):
        return time.monotonic() - self.started

    def _read(self, wait):
        ready, _, _ = select.select([self.fd], [], [], max(wait, 0))
        if not ready:
            return None
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other end is closed
            return b""
        text = data.decode("utf-8", "replace")
        self.text += text
        if self.log:
            self.log.write(text)
            self.log.flush()
        return data

    def expect(self, pattern, timeout, start=0):
        """Waits until PATTERN (a regular expression) stands in the text from START on; returns the match."""
        wanted = re.compile(pattern, re.S)
        end = time.monotonic() + timeout
        while True:
            match = wanted.search(self.text, start)
            if match:
                return match
            data = self._read(end - time.monotonic())
            if data == b"":
                raise GuestError(f"ended (status {self.wait(5)}) before '{pattern}'\n{self.tail()}")
            if data is None and time.monotonic() >= end:
                raise GuestError(f"no '{pattern}' within {timeout} s\n{self.tail()}")

    def send(self, text):
        os.write(self.fd, text.encode())

    def wait(self, timeout):
        """Reads to the end of the process; its exit status."""
        end = time.monotonic() + timeout
        while self.process.poll() is None:
            if time.monotonic() >= end:
                raise GuestError(f"still running after {timeout} s\n{self.tail()}")
            self._read(0.1)
        while self._read(0.1):
            pass
        return self.process.returncode

    def tail(self, lines=25):
        return "\n".join("    | " + line for line in self.text.replace("\r", "").split("\n")[-lines:])
