#!/usr/bin/env python3
"""Runs scenarios against a real stormd: run.py --bin FOLDER [--rounds N] [-v] FILE...

The format of the files is described in README.md beside this one. Only Python's standard library is used.
"""
import argparse
import collections
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.parse

import pattern
from crashes import kill_under_writes
from scenario_file import ScenarioError, read_scenario
from server import Failure, Server, Skip

REQUEST_SECONDS = 60    # for one answer, on a busy machine with sanitizers
COMMAND_SECONDS = 120
RETRY_SECONDS = 0.05    # between two tries of a step with a deadline
RACE_WORKERS_MAX = 256
SKIPPED = 77            # the exit code by which ctest knows


class Stream:
    """A reply that goes on: its lines as they come."""

    def __init__(self, server, path, headers):
        self.connection = server.connection(REQUEST_SECONDS)
        self.connection.request('GET', path, headers=dict(headers))
        self.reply = self.connection.getresponse()
        if self.reply.status != 200:
            raise Failure(f'the stream was answered {self.reply.status}: {self.reply.read(500)!r}')
        self.lines = collections.deque()
        self.changed = threading.Condition()
        self.ended = False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            while True:
                line = self.reply.readline()
                if not line:
                    break
                with self.changed:
                    self.lines.append(line.decode(errors='replace').rstrip('\r\n'))
                    self.changed.notify_all()
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass  # the connection was closed, by us or by the server
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def next(self, deadline):
        with self.changed:
            while not self.lines:
                left = deadline - time.monotonic()
                if self.ended:
                    return None
                if left <= 0:
                    raise Failure('no further line came in time')
                self.changed.wait(left)
            return self.lines.popleft()

    def close(self):
        # Wakes the reader, which sits in a read of its own.
        try:
            if self.connection.sock:
                self.connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.connection.close()


class Run:
    def __init__(self, file, options):
        self.file = file
        self.options = options
        self.slowness = options.slowness
        self.server = Server(options.bin, self.slowness)
        self.names = {}
        self.streams = {}

    # Texts: {{name}} stands for what was captured, {{= expression}} for the value of a Python expression.
    def known(self):
        return {**self.names, 'dir': str(self.server.folder), 'port': self.server.port, 'host': self.server.host,
                'url': f'http://{self.server.host}:{self.server.port}',
                'root': str(pathlib.Path(__file__).resolve().parents[2])}

    def fill(self, text):
        def value(found):
            if found[1].startswith('='):
                result = eval(found[1][1:], {'json': json, 're': re, 'time': time}, self.known())  # pylint: disable=eval-used
            else:
                known = self.known()
                if found[1].strip() not in known:
                    raise Failure(f'nothing was captured as {found[1].strip()!r}')
                result = known[found[1].strip()]
            return result if isinstance(result, str) else json.dumps(result)
        return re.sub(r'\{\{(.+?)\}\}', value, text)

    def body_of(self, step):
        """The body's bytes: filled text, or for a first line `@ EXPRESSION` the value of that."""
        if step.body.startswith('@ '):
            value = eval(step.body[2:], {'json': json}, self.known())  # pylint: disable=eval-used
            if isinstance(value, bytes):
                return value
            return (value if isinstance(value, str) else json.dumps(value)).encode()
        return self.fill(step.body).encode()

    def path_of(self, step, path):
        path = self.fill(path)
        query = []
        for name, text in step.query:
            if text.startswith('@ '):
                value = eval(text[2:], {'json': json}, self.known())  # pylint: disable=eval-used
                text = value if isinstance(value, (str, bytes)) else json.dumps(value)
            else:
                text = self.fill(text)
            query.append((name, text))
        if query:
            path += ('&' if '?' in path else '?') + urllib.parse.urlencode(query)
        return path

    def headers_of(self, step, body):
        headers = {name: self.fill(value) for name, value in step.headers}
        if body and not any(name.lower() == 'content-type' for name in headers):
            headers['Content-Type'] = 'application/json'
        return headers

    def send(self, method, path, headers, body):
        connection = self.server.connection(REQUEST_SECONDS)
        try:
            try:
                connection.request(method, path, body=body or None, headers=headers)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before all was read; the answer is there all the same
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f'{method} {path[:200]}: no answer: {error!r}') from None
        finally:
            connection.close()

    def request(self, step):
        method, path = step.words
        body = self.body_of(step)
        path = self.path_of(step, path)
        status, headers, data = self.send(method, path, self.headers_of(step, body), body)
        text = data.decode(errors='replace')
        if status != step.status:
            raise Failure(f'{method} {path[:200]} was answered {status}, not {step.status}: {text[:1000]}')
        for name, expected in step.reply_headers:
            values = headers.get_all(name) or []
            expected = self.fill(expected)
            wanted = re.compile(expected[1:-1]) if re.match(r'/.*/$', expected) else None
            if not any(wanted.fullmatch(value) if wanted else value == expected for value in values):
                raise Failure(f'{method} {path[:200]}: header {name} is {values}, expected {expected}')
        if step.reply:
            self.expect_text(step.reply, text, f'{method} {path[:200]}')

    def expect_text(self, expected, text, what):
        """A JSON pattern, or lines `~ REGEX` to be found and `!~ REGEX` not to be found, or `nothing`."""
        if expected.strip() == 'nothing':
            if text:
                raise Failure(f'{what}: expected no body, was: {text[:500]}')
            return
        if expected.lstrip().startswith(('~ ', '!~ ')):
            for line in expected.splitlines():
                sign, _, regex = line.strip().partition(' ')
                found = re.search(self.fill(regex), text, re.M)
                if bool(found) != (sign == '~'):
                    raise Failure(f'{what}: {"not " if sign == "~" else ""}found: {regex}\n{text[:1500]}')
            return
        try:
            value = json.loads(text)
        except ValueError:
            raise Failure(f'{what}: not JSON: {text[:500]}') from None
        names = dict(self.names)
        fault = pattern.match(pattern.parse(self.fill(expected)), value, names)
        if fault:
            raise Failure(f'{what}: {fault}\n  whole answer: {text[:1500]}')
        self.names = names

    def race(self, step):
        count, method, path = int(step.words[0]), step.words[1], self.path_of(step, step.words[2])
        if count > RACE_WORKERS_MAX:
            raise ScenarioError(f'a race of more than {RACE_WORKERS_MAX}')
        body = self.body_of(step)
        headers = self.headers_of(step, body)
        barrier = threading.Barrier(count)
        answers, faults = [], []

        def take_part():
            connection = self.server.connection(REQUEST_SECONDS)
            try:
                connection.connect()
                barrier.wait(REQUEST_SECONDS)
                connection.request(method, path, body=body or None, headers=headers)
                answers.append(connection.getresponse().status)
            except (OSError, http.client.HTTPException, threading.BrokenBarrierError) as error:
                faults.append(repr(error))
            finally:
                connection.close()

        threads = [threading.Thread(target=take_part) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tally = dict(collections.Counter(answers))
        if tally != step.tally or faults:
            raise Failure(f'the race ended {tally}, not {step.tally}; {faults[:3]}')

    def command(self, step):
        text = self.fill(step.words[0])
        try:
            answer = subprocess.run(['bash', '-c', text], cwd=self.server.folder, env=self.server.environment(),
                                    stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise Failure(f'$ {text}: did not end within {COMMAND_SECONDS} s') from None
        output, error = (stream.decode(errors='replace') for stream in (answer.stdout, answer.stderr))
        if answer.returncode != step.status:
            raise Failure(f'$ {text}: exit code {answer.returncode}, not {step.status}\n{output[-1500:]}{error[-1500:]}')
        if step.reply:
            self.expect_lines(step.reply, output, f'$ {text}')
        if step.error:
            self.expect_lines(step.error, error, f'$ {text}: stderr')

    def expect_lines(self, expected, text, what):
        """Line by line; `...` stands for any lines, `~ REGEX` for a line in which that is found."""
        lines = text.splitlines()
        if expected.strip() == 'nothing':
            if text:
                raise Failure(f'{what}: expected no output, was: {text[:500]}')
            return
        names = dict(self.names)
        if not self.match_lines(expected.splitlines(), lines, names):
            raise Failure(f'{what}: expected\n{expected}\nwas\n{text[:4000]}')
        self.names = names

    def match_lines(self, wanted, lines, names):
        if not wanted:
            return not lines
        if wanted[0].strip() == '...':
            return any(self.match_lines(wanted[1:], lines[skip:], names) for skip in range(len(lines) + 1))
        if not lines:
            return False
        trial = dict(names)
        if not self.match_line(wanted[0], lines[0], trial) or not self.match_lines(wanted[1:], lines[1:], trial):
            return False
        names.update(trial)
        return True

    def match_line(self, wanted, line, names):
        if wanted.startswith('~ '):
            return re.search(self.fill(wanted[2:]), line) is not None
        # <name> captures a word, and {{name}} is one that was captured.
        parts = re.split(r'(<[a-z_]\w*>)', self.fill(wanted))
        regex, captured = '', []
        for part in parts:
            if re.fullmatch(r'<[a-z_]\w*>', part):
                name = part[1:-1]
                if name in names:
                    regex += re.escape(str(names[name]))
                elif name in captured:
                    regex += f'(?P={name})'
                else:
                    captured.append(name)
                    regex += f'(?P<{name}>\\S+)'
            else:
                regex += re.escape(part)
        found = re.fullmatch(regex, line.rstrip())
        if found:
            names.update(found.groupdict())
        return found is not None

    def stream_gets(self, step):
        stream = self.streams[step.words[0]]
        deadline = time.monotonic() + step.within * self.slowness
        wanted = [line for line in step.reply.splitlines() if line.strip()]
        skipping = False
        while wanted:
            if wanted[0].strip() == '...':
                skipping = True
                wanted.pop(0)
                if not wanted:
                    return
            try:
                line = stream.next(deadline)
            except Failure as failure:
                raise Failure(f'stream {step.words[0]}: {failure}; still expected: {wanted[0]}') from None
            if wanted[0].strip() == 'end':
                if line is None:
                    return
                fits = False
            elif line is None:
                raise Failure(f'stream {step.words[0]} ended; still expected: {wanted[0]}')
            elif wanted[0].strip() == 'blank':
                fits = line == ''
            elif line == '':
                continue  # a sign of life between two events
            else:
                names = dict(self.names)
                fault = pattern.match(pattern.parse(self.fill(wanted[0])), json.loads(line), names)
                fits = fault is None
                if fits:
                    self.names = names
            if fits:
                wanted.pop(0)
                skipping = False
            elif not skipping:
                raise Failure(f'stream {step.words[0]}: expected {wanted[0]}, came {line!r}')

    def retry(self, step, action):
        """Until it fits or its time is over. A step without a deadline has one try."""
        deadline = time.monotonic() + step.within * self.slowness
        while True:
            try:
                action(step)
                return
            except Failure:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(RETRY_SECONDS)

    def log(self, step):
        self.expect_text(step.reply, self.server.log_text(), 'log')

    def sqlite(self, step):
        database = sqlite3.connect(self.server.folder / self.fill(step.words[0]))
        try:
            rows = database.execute(self.fill(step.words[1])).fetchall()
            database.commit()
        except sqlite3.Error as error:
            raise Failure(f'sqlite: {error}') from None
        finally:
            database.close()
        if step.reply:
            self.expect_text(step.reply, json.dumps(rows), 'sqlite')

    def step(self, step):
        word = step.words[0] if step.words else None
        if step.kind == 'request':
            self.retry(step, self.request)
        elif step.kind == 'command':
            self.retry(step, self.command)
        elif step.kind == 'log':
            self.retry(step, self.log)
        elif step.kind == 'race':
            self.race(step)
        elif step.kind == 'file':
            path = self.server.folder / self.fill(word)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.fill(step.body) + '\n', encoding='utf-8')
        elif step.kind == 'start':
            self.server.start(self.fill(word or ''))
        elif step.kind == 'stop':
            self.server.stop()
        elif step.kind == 'kill':
            self.server.kill()
        elif step.kind == 'restart':
            self.server.stop()
            self.server.start(None if word is None else self.fill(word))
        elif step.kind == 'signal':
            self.server.signal(word)
        elif step.kind == 'let':
            self.names[word] = eval(self.fill(step.words[1]), {'json': json}, self.known())  # pylint: disable=eval-used
        elif step.kind == 'sqlite':
            self.sqlite(step)
        elif step.kind == 'disk':
            self.server.small_disk(*step.words)
        elif step.kind == 'crashes':
            kill_under_writes(self.server, self.options.rounds or int(word))
        elif step.kind == 'stream':
            self.streams[word] = Stream(self.server, self.path_of(step, step.words[1]), self.headers_of(step, b''))
        elif step.kind == 'stream gets':
            self.stream_gets(step)
        elif step.kind == 'stream closes':
            self.streams.pop(word).close()
        else:
            raise ScenarioError(f'unknown step {step.kind}')

    def play(self):
        steps = read_scenario(self.file.read_text(encoding='utf-8'))
        if not any(step.kind in ('request', 'command', 'race', 'crashes') for step in steps):
            raise ScenarioError('asks nothing')
        # Most scenarios want a stormd that keeps nothing; the others say how they start it, or that they do not.
        if not any(step.kind == 'start' for step in steps):
            self.server.start('--ephemeral')
        for step in steps:
            if self.options.verbose:
                print(f'{self.file.name}:{step.line}: {step.kind} {" ".join(map(str, step.words))}'[:160], flush=True)
            try:
                self.step(step)
            except Failure as failure:
                raise Failure(f'line {step.line}: {failure}') from None
        for stream in self.streams.values():
            stream.close()
        self.server.stop()
        if re.search(r'(Address|Thread|Leak|UndefinedBehavior)Sanitizer|runtime error:', self.server.log_text()):
            raise Failure('a sanitizer complained')

    def close(self):
        for stream in self.streams.values():
            stream.close()
        self.server.close()


def play(file, options):
    run = Run(file, options)
    started = time.monotonic()
    try:
        run.play()
        print(f'ok      {file.name} ({time.monotonic() - started:.2f} s)')
        return 'ok'
    except Skip as skip:
        print(f'SKIPPED {file.name}: {skip}')
        return 'skipped'
    except (Failure, ScenarioError, pattern.PatternError) as failure:
        print(f'FAILED  {file.name}: {failure}')
        log = run.server.log_text()
        if log:
            print('--- the end of the log of stormd:\n' + log[-4000:])
        return 'failed'
    finally:
        run.close()


def end(*_):
    """SIGTERM: leave by an exception, so that stormd is ended too."""
    raise SystemExit(143)


def main():
    arguments = argparse.ArgumentParser(description='Runs scenarios against a real stormd.')
    arguments.add_argument('--bin', required=True, help='the folder of stormd and stormctl')
    arguments.add_argument('--rounds', type=int, default=0, help='of killing under writes, instead of what the file says')
    arguments.add_argument('--slowness', type=float, default=float(os.environ.get('STORM_TEST_SLOWNESS', '1')),
                           help='factor for deadlines, for sanitizers')
    arguments.add_argument('-v', '--verbose', action='store_true')
    arguments.add_argument('files', nargs='+', type=pathlib.Path)
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, end)
    pattern.self_test()
    results = [play(file, options) for file in options.files]
    if 'failed' in results:
        return 1
    return SKIPPED if 'skipped' in results else 0


if __name__ == '__main__':
    sys.exit(main())
