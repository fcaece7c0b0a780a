#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line as users meet it: wrong ones, help, and the process itself. TAP output.

usage: test-cli.py MIMIC [WORD...]     only cases whose command line contains a WORD

A wrong command line must end with status 1 and a message on stderr that begins with the program's name and names what is
wrong; nothing on stdout, nothing modified. No case may take longer than ten seconds.
"""
import gzip
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

BOARD = "virt"

# (arguments, what the message must say). {dir}: scratch directory with the files made in make_files().
BAD = [
    ("-foo", "-foo: invalid option"),
    ("-kernal x", "Did you mean '-kernel'?"),
    ("-kernel", "requires an argument"),
    ("-M vrt", "Did you mean 'virt'?"),
    ("-M virt,foo=1", "has no property 'foo'"),
    ("-M none/virt", "unsupported machine type"),
    ("-target z80", "no machines for target 'z80'"),
    ("-smp 0", "must be greater than zero"),
    ("-smp 9999", "The max CPUs supported by machine"),
    ("-smp abc", "abc"),
    ("-smp -1", "-1"),
    ("-smp 4294967297", "too large"),
    ("-smp 4,maxcpus=2", "maxcpus (2) must be equal to or greater"),
    ("-smp 4,sockets=3", "must be maxcpus"),
    ("-smp 2,cors=2", "cors"),
    ("-m 0", "greater than zero"),
    ("-m abc", "abc"),
    ("-m -5", "-5"),
    ("-m 1G,maxmem=512M", "maxmem"),
    ("-m 1G,foo=1", "foo"),
    ("-m 99999999T", "memory"),
    ("-m 18446744073709551615", "memory"),
    ("-M none -m 60000G", "memory"),
    ("-cpu foo", "foo"),
    ("-cpu rv46", "rv64"),
    ("-accel kvm", "KVM"),
    ("-enable-kvm", "KVM"),
    ("-accel tgc", "Did you mean 'tcg'?"),
    ("-machine accel=foo:kvm", "KVM"),
    ("-accel tcg -machine accel=tcg", "together"),
    ("-accel tcg,foo=1", "foo"),
    ("-kernel {dir}/missing", "{dir}/missing"),
    ("-kernel {dir}", "directory"),
    ("-kernel {dir}/empty", "empty"),
    ("-kernel {dir}/short.gz", "cut short"),
    ("-kernel {dir}/short.elf", "short.elf"),
    ("-kernel {dir}/image -initrd {dir}/missing", "{dir}/missing"),
    ("-kernel {dir}/image -initrd {dir}", "directory"),
    ("-kernel {dir}/image -dtb {dir}/missing", "{dir}/missing"),
    ("-kernel {dir}/image -dtb {dir}/image", "image"),
    ("-initrd {dir}/image", "-initrd only allowed with -kernel"),
    ("-append quiet", "-append only allowed with -kernel"),
    ("-bios {dir}/missing", "{dir}/missing"),
    ("-bios nosuchfirmware.bin", "nosuchfirmware.bin"),
    ("-bios {dir}", "{dir}"),
    ("-device foo", "foo"),
    ("-device virtio-blk-pic", "virtio-blk-p"),
    ("-device virtio-blk-pci", "drive"),
    ("-device virtio-blk-pci,drive=nope", "nope"),
    ("-device virtio-net-pci,netdev=nope", "nope"),
    ("-device virtio-rng-pci,foo=1", "foo"),
    ("-device virtio-rng-pci,bus=nope", "nope"),
    ("-device virtio-rng-pci,id=1a", "1a"),
    ("-device virtio-rng-pci,id=a -device virtio-rng-pci,id=a", "a"),
    ("-device {{broken", "broken"),
    ("-drive file={dir}/missing,format=raw", "{dir}/missing"),
    ("-drive file={dir},format=raw", "{dir}"),
    ("-drive file={dir}/image,format=rwa", "rwa"),
    ("-drive file={dir}/image,format=raw,if=ide", "if=ide"),
    ("-drive file={dir}/image,format=raw,foo=1", "foo"),
    ("-drive file={dir}/image,format=qcow2", "image"),
    ("-blockdev foo,node-name=a", "foo"),
    ("-netdev foo,id=a", "foo"),
    ("-netdev user", "id"),
    ("-netdev user,id=a,foo=1", "foo"),
    ("-netdev user,id=a -netdev user,id=a", "a"),
    ("-nic foo", "foo"),
    ("-chardev stdoi,id=a", "Did you mean 'stdio'?"),
    ("-chardev null", "id"),
    ("-chardev socket,id=a", "path="),
    ("-chardev file,id=a,path=/nonexistent/x", "/nonexistent/x"),
    ("-serial foo", "foo"),
    ("-serial tcp:nohost", "tcp:nohost"),
    ("-serial chardev:nope", "nope"),
    ("-serial stdio -serial stdio", "in use"),
    ("-serial null -serial null -serial null -serial null -serial null", "at most"),
    ("-monitor foo", "foo"),
    ("-mon chardev=nope", "nope"),
    ("-chardev null,id=a -mon a,mode=foo", "foo"),
    ("-gdb foo", "foo"),
    ("-object foo,id=a", "foo"),
    ("-object memory-backend-ram,id=a", "size"),
    ("-object memory-backend-ram,size=1M", "id"),
    ("-object memory-backend-ram,id=a,size=1M -M virt,memory-backend=b", "b"),
    ("-object memory-backend-ram,id=a,size=64M -m 32 -M virt,memory-backend=a", "64"),
    ("-object secret,id=a", "data= or file="),
    ("-object secret,id=a,file={dir}/missing", "{dir}/missing"),
    ("-object rng-random,id=a,filename=/etc/passwd", "/etc/passwd"),
    ("-echr 300", "300"),
    ("-global foo", "foo"),
    ("-fw_cfg opt/a", "string="),
    ("-fw_cfg opt/a,file={dir}/missing", "{dir}/missing"),
    ("-fw_cfg opt/a,string=b -M none", "no fw_cfg"),
    ("-fw_cfg opt/a,string=b -fw_cfg opt/a,string=b", "opt/a"),
    ("-uuid foo", "foo"),
    ("-rtc base=foo", "foo"),
    ("-rtc clock=foo", "foo"),
    ("-boot foo=1", "foo"),
    ("-name a,foo=1", "foo"),
    ("-action reboot=foo", "foo"),
    ("-display gtk", "gtk"),
    ("-vga std", "std"),
    ("-boot order=z", "'z'"),
    ("-boot order=cc", "twice"),
    ("-boot menu=maybe", "maybe"),
    ("-rtc driftfix=slow", "driftfix"),
    ("-smbios vendor=x", "type=N"),
    ("-smbios type=1,uuid=7", "UUID"),
    ("-smbios type=1,serail=7", "serial"),
    ("-smbios type=5", "type 5"),
    ("-fda {dir}/image", "floppy"),
    ("-drive if=ide,file={dir}/image,format=raw", "if=ide"),
    ("-drive if=none,index=1,unit=1,file={dir}/image,format=raw", "index cannot be used"),
    ("-device nvme,serial=1", "drive"),
    ("-device ide-hd", "IDE"),
    ("-drive if=none,id=d0", "file"),
    ("-target x86_64 -M pc -hda {dir}/image -drive file={dir}/image,format=raw,index=0", "already"),
    ("-target x86_64 -M pc -drive file={dir}/image,format=raw,index=9", "places"),
    ("-target x86_64 -M pc -drive file={dir}/image,format=raw,bus=0,unit=2", "unit 2 too big"),
    ("-target x86_64 -M pc -drive file={dir}/image,format=raw,if=scsi", "SCSI"),
    ("-target x86_64 -M pc -device ide-cd,bus=ide.0,unit=2", "unit 2"),
    ("-target x86_64 -M pc -device ide-cd,bus=ide.7", "ide.7"),
    ("-vnc :0", "VNC"),
    ("-spice port=1", "SPICE"),
    ("-icount 1", "instruction counting"),
    ("-d foo", "foo"),
    ("-trace nosuchevent", "nosuchevent"),
    ("-nographic -daemonize", "-daemonize"),
    ("-M none -display none -pidfile /nonexistent/pid", "/nonexistent/pid"),
    ("-D /nonexistent/log -M none", "/nonexistent/log"),
    ("-sandbox foo", "foo"),
    ("-mem-path /nonexistent/x", "/nonexistent/x"),
]

# (arguments, pattern on stdout), status 0.
HELP = [
    ("--version", r"\A(mimic|QEMU emulator) version"),
    ("-version", r"\A(mimic|QEMU emulator) version"),
    ("-help", r"(?s)usage: .*-machine.*-drive.*-netdev.*-serial.*-daemonize"),
    ("-h", r"-machine"),
    ("-help serial", r"-serial"),
    ("-help nosuchword", r"No option"),
    ("-machine help", r"(?m)^(riscv64/)?virt +RISC-V VirtIO board"),
    ("-M ?", r"RISC-V VirtIO board"),
    ("-M virt,help", r"memory-backend"),
    ("-M virt -cpu help", r"(?m)^ +rv64"),
    ("-M virt -cpu ?", r"rv64"),
    ("-accel help", r"(?m)^tcg$"),
    ("-device help", r'name "virtio-blk-pci", bus PCI'),
    ("-device ?", r'name "virtio-rng-pci"'),
    ("-device virtio-blk-pci,help", r"drive="),
    ("-netdev help", r"user"),
    ("-chardev help", r"(?m)^ +socket"),
    ("-object help", r"memory-backend-ram"),
    ("-object memory-backend-file,help", r"mem-path="),
    ("-d help", r"in_asm"),
    ("-trace help", r"memory_mmio_read"),
    ("-display help", r"none"),
]


class Tap:
    def __init__(self, count):
        self.n = self.failed = 0
        print(f"1..{count}")

    def result(self, ok, name, why=""):
        self.n += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.n} {name}")
        for line in why.splitlines() if not ok else []:
            print(f"# {line}")
        sys.stdout.flush()


def make_files(where):
    with open(f"{where}/image", "wb") as f:
        f.write(bytes(range(256)) * 64)
    open(f"{where}/empty", "wb").close()
    packed = gzip.compress(os.urandom(4096))
    with open(f"{where}/short.gz", "wb") as f:
        f.write(packed[:-500])
    with open(f"{where}/short.elf", "wb") as f:
        f.write(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xf3\x00" + bytes(10))


def snapshot(where):
    return {n: (os.stat(f"{where}/{n}").st_size, open(f"{where}/{n}", "rb").read()) for n in sorted(os.listdir(where))}


def run(mimic, args):
    try:
        p = subprocess.run([mimic, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
        return p.returncode, p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")
    except subprocess.TimeoutExpired as e:
        return "still running after ten seconds", "", (e.stderr or b"").decode(errors="replace")


def bad(tap, mimic, where):
    before = snapshot(where)
    for line, want in BAD:
        args = line.format(dir=where).split()
        if "-M" not in args and "-machine" not in args and "-target" not in args:
            args = ["-M", BOARD, *args]
        if not {"-nographic", "-serial", "-display", "-monitor"} & set(args):
            args = ["-display", "none", *args]
        status, out, err = run(mimic, args)
        want = want.format(dir=where)
        why = ""
        if status != 1:
            why = f"status {status}, expected 1"
        elif want not in err:
            why = f"the message does not say '{want}'"
        elif not err.startswith(os.path.basename(mimic) + ": "):
            why = "the message does not begin with the program's name"
        elif out:
            why = f"stdout is not empty: {out[:100]}"
        elif snapshot(where) != before:
            why = "files were changed"
        elif len(err.splitlines()) > 3:
            why = "more than three lines"
        tap.result(not why, "bad: " + line.replace("{dir}", "DIR"), f"{why}\n{err}")


def helps(tap, mimic):
    for line, pattern in HELP:
        status, out, err = run(mimic, line.split())
        ok = status == 0 and re.search(pattern, out) and not err
        tap.result(ok, "help: " + line, f"status {status}\nexpected {pattern}\n{out[:600]}\n{err}")


def wait_for(what, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


def signals(tap, mimic, where):
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        pidfile = f"{where}/pid"
        p = subprocess.Popen([mimic, "-M", "none", "-display", "none", "-pidfile", pidfile], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        there = wait_for(lambda: os.path.exists(pidfile) and open(pidfile).read().strip())
        right = there and int(open(pidfile).read()) == p.pid
        time.sleep(0.05)
        p.send_signal(sig)
        try:
            _, err = p.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            p.kill()
            p.communicate()
            err = b"did not end"
        ok = right and p.returncode == 0 and not os.path.exists(pidfile)
        tap.result(ok, f"process: {sig.name} ends it cleanly", f"status {p.returncode}, pid file right: {right}\n{err.decode()}")


def daemon(tap, mimic, where):
    pidfile, sock = f"{where}/pid", f"{where}/sock"
    status, out, err = run(mimic, ["-M", "none", "-nodefaults", "-nographic", "-serial", f"unix:{sock},server=on,wait=off",
                                   "-pidfile", pidfile, "-daemonize"])
    ready = os.path.exists(pidfile) and os.path.exists(sock)
    if ready:
        os.kill(int(open(pidfile).read()), signal.SIGTERM)
    gone = wait_for(lambda: not os.path.exists(pidfile) and not os.path.exists(sock))
    tap.result(status == 0 and ready and gone, "process: -daemonize returns when everything is set up",
               f"status {status} ready {ready} gone {gone}\n{err}")
    status, out, err = run(mimic, ["-M", "none", "-nodefaults", "-display", "none", "-serial", "foo", "-daemonize"])
    tap.result(status == 1 and "foo" in err, "process: -daemonize reports start-up errors", f"status {status}\n{err}")
    holder = subprocess.Popen([mimic, "-M", "none", "-display", "none", "-pidfile", pidfile], stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.exists(pidfile) and open(pidfile).read().strip())
    status, out, err = run(mimic, ["-M", "none", "-display", "none", "-pidfile", pidfile])
    tap.result(status == 1 and pidfile in err, "process: a pid file in use is refused", f"status {status}\n{err}")
    holder.terminate()
    holder.wait()


def sandbox(tap, mimic, where):
    for option, want in (([], "1"), (["-sandbox", "off"], "0"),
                         (["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"], "1")):
        pidfile = f"{where}/pid"
        p = subprocess.Popen([mimic, "-M", "none", "-display", "none", "-pidfile", pidfile, *option], stdin=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
        wait_for(lambda: os.path.exists(pidfile) and open(pidfile).read().strip())
        find = lambda: re.search(r"NoNewPrivs:\s*(\d)", open(f"/proc/{p.pid}/status").read()).group(1)
        ok = p.poll() is None and wait_for(lambda: find() == want, 2)
        p.terminate()
        _, err = p.communicate()
        if b"has no system call filter" in err:  # a sanitizer build says so and ends
            ok, p.returncode = True, 0
        tap.result(ok and p.returncode == 0, f"process: {' '.join(option) or 'default'}: no new privileges {want}", err.decode())


def terminal(tap, mimic):
    """On a terminal: raw while it runs, Ctrl-C is the guest's, Ctrl-A x ends, the old mode comes back."""
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    p = subprocess.Popen([mimic, "-M", "none", "-nographic"], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                         preexec_fn=lambda: __import__("fcntl").ioctl(0, termios.TIOCSCTTY, 0))
    raw = wait_for(lambda: not termios.tcgetattr(slave)[3] & termios.ICANON)
    os.write(master, b"\x03")
    time.sleep(0.2)
    alive = p.poll() is None
    os.write(master, b"\x01x")
    try:
        p.wait(timeout=5)
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()
    text = b""
    while select.select([master], [], [], 0.1)[0]:
        text += os.read(master, 4096)
    restored = termios.tcgetattr(slave) == before
    ok = raw and alive and p.returncode == 0 and restored and b"terminated" in text
    tap.result(ok, "process: the terminal", f"raw {raw} alive {alive} status {p.returncode} restored {restored}\n{text!r}")
    os.close(master)
    os.close(slave)


def main():
    mimic, words = os.path.abspath(sys.argv[1]), sys.argv[2:]
    if words:
        BAD[:] = [c for c in BAD if any(w in c[0] for w in words)]
        HELP[:] = [c for c in HELP if any(w in c[0] for w in words)]
    where = tempfile.mkdtemp(prefix="mimic-cli-")
    try:
        make_files(where)
        tap = Tap(len(BAD) + len(HELP) + (0 if words else 10))
        bad(tap, mimic, where)
        helps(tap, mimic)
        if not words:
            signals(tap, mimic, where)
            daemon(tap, mimic, where)
            sandbox(tap, mimic, where)
            terminal(tap, mimic)
    finally:
        shutil.rmtree(where)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
