"""Nothing needs the internet at run time: a song is made with sockets blocked."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# every socket but loopback
BLOCK = """
import socket, sys

def loopback(address):
    host = address[0] if isinstance(address, tuple) else address
    return not isinstance(address, tuple) or host in ("127.0.0.1", "::1", "localhost", "")

for name in ("connect", "connect_ex", "sendto"):
    def guard(self, *args, real=getattr(socket.socket, name)):
        if not loopback(args[-1]):
            raise OSError(f"blocked: {args[-1]}")
        return real(self, *args)
    setattr(socket.socket, name, guard)

def resolve(host, *args, real=socket.getaddrinfo, **kwargs):
    if host not in ("127.0.0.1", "::1", "localhost", None, ""):
        raise OSError(f"blocked: {host}")
    return real(host, *args, **kwargs)

socket.getaddrinfo = resolve
"""


def test_the_block_blocks():
    code = BLOCK + "\nimport urllib.request\nurllib.request.urlopen('http://example.org')"
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert failed.returncode and "blocked: example.org" in failed.stderr


def test_the_main_job_works_offline(tmp_path):
    code = BLOCK + "\nfrom lyricgen.cli.main import main\nsys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "song", "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out" / "huanxisha-1").iterdir()) == [
        "song.html",
        "song.mid",
        "song.mp3",
        "song.musicxml",
        "song.svg",
        "song.txt",
    ]
    assert "blocked" not in done.stderr
