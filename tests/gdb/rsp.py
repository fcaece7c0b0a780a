# SPDX-License-Identifier: GPL-2.0-or-later
"""The gdb remote serial protocol from the client's side, with nothing between the test and the bytes."""

import socket
import time


class RspError(Exception):
    """The server did not answer as the protocol says."""


def frame(text):
    """A packet with its checksum; TEXT is bytes as they stand on the wire (escaped where needed)."""
    return b"$" + text + b"#%02x" % (sum(text) & 0xFF)


class Rsp:
    """One connection."""

    def __init__(self, path, timeout=10):
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
        self.socket.settimeout(timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def raw(self, data):
        self.socket.sendall(data)

    def _byte(self):
        if not self.buffer:
            self.buffer = self.socket.recv(65536)
            if not self.buffer:
                raise RspError("the server hung up")
        byte, self.buffer = self.buffer[:1], self.buffer[1:]
        return byte

    def ack(self):
        """The next byte, which has to be an acknowledgement."""
        byte = self._byte()
        if byte not in b"+-":
            raise RspError(f"{byte!r} instead of an acknowledgement")
        return byte

    def reply(self):
        """The next packet's text, acknowledged; acknowledgements before it are skipped."""
        while (byte := self._byte()) in (b"+", b"-"):
            pass
        if byte != b"$":
            raise RspError(f"{byte!r} instead of a packet")
        text = b""
        while (byte := self._byte()) != b"#":
            text += byte
        given = int(self._byte() + self._byte(), 16)
        if given != sum(text) & 0xFF:
            raise RspError(f"wrong checksum of {text[:40]!r}")
        try:
            self.raw(b"+")
        except BrokenPipeError:  # it was the last word
            pass
        plain, escaped = bytearray(), False
        for byte in text:
            if escaped:
                plain.append(byte ^ 0x20)
            elif byte != ord("}"):
                plain.append(byte)
            escaped = not escaped and byte == ord("}")
        return bytes(plain)

    def ask(self, text):
        """One packet and its reply."""
        self.raw(frame(text))
        return self.reply()

    def quiet(self, seconds):
        """True where nothing arrives for so long."""
        if self.buffer:
            return False
        self.socket.settimeout(seconds)
        try:
            self.buffer = self.socket.recv(65536)
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(10)
