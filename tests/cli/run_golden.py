#!/usr/bin/env python3
"""Runs a transcript of stormctl and compares what it prints with what stands there.

A transcript is a text file:
    # a comment                      @file NAME ... @end       writes a file
    @resource {...}                  @env NAME=VALUE           for the commands that follow
    @agent {...}   @job {...}        @fail POST apps 500       fails the next such request (0: done, not answered)
    $ stormctl group ls              a shell command; standard output follows as it is,
    2> error: ...                    then lines of standard error,
    [exit 4]                         then the exit code, when it is not 0
`$ tty 80x24 stormctl ...` runs the command on a terminal of that size; escapes are shown as \\e.
`$ tty 80x24 say:WORD stormctl ...` answers a question with that word, which is not shown.

usage: run_golden.py --bin FOLDER [--real] [--update] TRANSCRIPT
With --real the commands talk to the stormd of that folder, made for this transcript; ids are then
compared by their kind only.
"""

import argparse
import difflib
import fcntl
import http.client
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios

sys.dont_write_bytecode = True
from fake_stormd import FakeStormd  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT = 20
IDS = re.compile(r"\b(res|group|app|agent|proc|job|sub)-[0-9A-Za-z]{22}\b")
KINDS = {"@resource": "resources", "@agent": "agents", "@job": "jobs",
         "@subscription": "subscriptions", "@group": "groups", "@procedure": "procedures",
         "@app": "apps", "@view": "views"}


class RealStormd:
    """The stormd of the build, with an empty store of its own."""

    def __init__(self, folder):
        sys.path.insert(0, str(HERE.parent / "scenarios"))
        from server import Server  # pylint: disable=import-outside-toplevel
        self.server = Server(folder, float(os.environ.get("STORM_TEST_SLOWNESS", "1")))
        try:
            self.server.start()
        except BaseException:
            self.server.close()
            raise
        self.address = f"{self.server.host}:{self.server.port}"

    def add(self, collection, body):
        connection = http.client.HTTPConnection(self.address, timeout=TIMEOUT)
        connection.request("POST", f"/v1/{collection}", json.dumps(body),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status != 201:
            raise RuntimeError(f"{collection} {body}: {answer.status} {text}")

    def close(self):
        try:
            self.server.stop()
        finally:
            self.server.close()


def run_on_terminal(command, size, said, environment, folder):
    columns, rows = (int(number) for number in size.split("x"))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(["bash", "-c", command], stdin=slave, stdout=slave,
                               stderr=subprocess.PIPE, env=environment, cwd=folder,
                               start_new_session=True)
    if said:
        settings = termios.tcgetattr(slave)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        os.write(master, said.encode() + b"\n")
    os.close(slave)
    out = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        out += chunk
    os.close(master)
    errors = process.stderr.read()
    process.stderr.close()
    code = process.wait(TIMEOUT)
    return code, out.decode().replace("\r\n", "\n").replace("\x1b", "\\e"), errors.decode()


def run_piped(command, environment, folder):
    done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, capture_output=True,
                          env=environment, cwd=folder, timeout=TIMEOUT, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Transcript:
    def __init__(self, server, environment, folder):
        self.server = server
        self.same_ids = isinstance(server, FakeStormd)
        self.environment = environment
        self.folder = folder

    def run(self, text):
        """The transcript with what the commands print now."""
        lines = text.split("\n")
        out = []
        at = 0
        while at < len(lines):
            line = lines[at]
            at += 1
            if not line.startswith("$ "):
                out.append(line)
                if line.startswith("@file "):
                    end = lines.index("@end", at)
                    path = os.path.join(self.folder, line.split(None, 1)[1])
                    with open(path, "w", encoding="utf-8") as file:
                        file.write("".join(part + "\n" for part in lines[at:end]))
                    out += lines[at:end + 1]
                    at = end + 1
                elif line.startswith("@"):
                    self.directive(line)
                continue
            while at < len(lines) and not lines[at].startswith(("$ ", "@", "# ")) \
                    and lines[at] != "":
                at += 1
            out.append(line)
            out += self.command(line[2:])
        return "\n".join(out)

    def directive(self, line):
        word, _, rest = line.partition(" ")
        if word == "@env":
            name, _, value = rest.partition("=")
            self.environment[name] = value
        elif word == "@fail":
            method, collection, status = rest.split()
            self.server.fail_next[(method, collection)] = int(status)
        else:
            self.server.add(KINDS[word], json.loads(rest))

    def plain(self, text):
        """Without what differs from run to run."""
        text = text.replace(self.server.address, "127.0.0.1:PORT")
        text = re.sub(r"answers in \d+ ms", "answers in N ms", text)
        text = re.sub(r"\d+\.\d ms$", "N ms", text, flags=re.MULTILINE)
        if self.same_ids:
            return text
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "TIME", text)
        return IDS.sub(lambda id_: id_[1] + "-" + "x" * 22, text)

    def command(self, command):
        if command.startswith("tty "):
            _, size, command = command.split(" ", 2)
            said = ""
            if command.startswith("say:"):
                said, _, command = command[len("say:"):].partition(" ")
            code, out, errors = run_on_terminal(command, size, said, self.environment, self.folder)
        else:
            code, out, errors = run_piped(command, self.environment, self.folder)
        shown = self.plain(out).split("\n")
        if shown[-1] == "":
            shown.pop()
        shown += ["2> " + line for line in self.plain(errors).splitlines()]
        if code != 0:
            shown.append(f"[exit {code}]")
        # An empty line would end the transcript of the command.
        return [line if line else "\\n" for line in shown]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("transcript")
    options = parser.parse_args()
    with open(options.transcript, encoding="utf-8") as file:
        expected = file.read()
    server = RealStormd(options.bin) if options.real else FakeStormd()
    environment = {"PATH": os.path.abspath(options.bin) + ":" + os.environ["PATH"],
                   "STORMD_HOST": server.address, "LANG": "C.UTF-8", "TERM": "xterm",
                   **{name: value for name, value in os.environ.items()
                      if name.endswith("SAN_OPTIONS")}}
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(HERE.parent.parent / "examples", os.path.join(folder, "examples"))
        try:
            actual = Transcript(server, environment, folder).run(expected)
        finally:
            server.close()
    if options.update:
        with open(options.transcript, "w", encoding="utf-8") as file:
            file.write(actual)
        return 0
    if actual == expected:
        return 0
    sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), actual.splitlines(True),
                                               "expected", "actual"))
    return 1


if __name__ == "__main__":
    sys.exit(main())
