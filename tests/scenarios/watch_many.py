#!/usr/bin/env python3
"""Many watchers of one group: one change reaches all, and those who never read cost little.

usage: watch_many.py --bin FOLDER [--watchers N] [--changes N]
Prints for each change how long it took from the request to the last watcher.
"""
import argparse
import json
import os
import pathlib
import resource
import select
import socket
import statistics
import sys
import time

sys.dont_write_bytecode = True
from server import Server  # noqa: E402

SERVE_SECONDS = 20         # a change to all watchers, on a busy machine with sanitizers
CONNECT_SECONDS = 120
MEMORY_OF_ONE_MAX = 64 * 1024   # bytes of stormd for a watcher who reads
DEAF_MEMORY_MAX = 96 * 1024     # and for one who never does
DEAF_WATCHERS = 200
HEAD = ('GET /v1/watch?group=g HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n').encode()


def memory_of(process):
    for line in pathlib.Path(f'/proc/{process}/status').read_text(encoding='ascii').splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) * 1024
    raise RuntimeError('no VmRSS')


class Crowd:
    def __init__(self, server, count):
        self.poll = select.epoll()
        self.sockets = {}
        self.tails = {}
        for _ in range(count):
            connection = socket.create_connection((server.host, server.port))
            connection.sendall(HEAD)
            connection.setblocking(False)
            self.sockets[connection.fileno()] = connection
            self.tails[connection.fileno()] = b''
            self.poll.register(connection.fileno(), select.EPOLLIN)

    def wait_for(self, mark, seconds):
        """Until each has read it; what comes before it is passed over."""
        waiting = set(self.sockets)
        deadline = time.monotonic() + seconds
        while waiting:
            if time.monotonic() > deadline:
                raise AssertionError(f'{len(waiting)} of {len(self.sockets)} watchers did not get {mark!r} in time')
            for number, _ in self.poll.poll(1, 4096):
                data = self.sockets[number].recv(65536)
                if not data:
                    raise AssertionError('a watcher was dropped')
                text = self.tails[number] + data
                if mark in text:
                    waiting.discard(number)
                self.tails[number] = text[-len(mark):]

    def close(self):
        for connection in self.sockets.values():
            connection.close()


def request(server, method, path, body):
    connection = server.connection(60)
    connection.request(method, path, json.dumps(body))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status >= 300:
        raise AssertionError(f'{method} {path}: {answer.status} {text!r}')


def play(server, watchers, changes):
    server.start()
    process = server.process.pid
    request(server, 'POST', '/v1/groups', {'name': 'g', 'query': {'type': 'vm'}})
    request(server, 'POST', '/v1/resources', {'type': 'vm', 'names': ['a'], 'snapshot': {'text': 'x' * 2000}})
    before = memory_of(process)
    crowd = Crowd(server, watchers)
    crowd.wait_for(b'"type":"bookmark"', CONNECT_SECONDS * server.slowness)
    each = (memory_of(process) - before) / watchers
    took = []
    for number in range(changes):
        mark = f'mark-{number}.'
        began = time.monotonic()
        request(server, 'PATCH', '/v1/resources/a', {'image': mark})
        crowd.wait_for(f'"image":"{mark}"'.encode(), SERVE_SECONDS * server.slowness)
        took.append((time.monotonic() - began) * 1000)
    crowd.close()
    print(f'{watchers} watchers: one change to all in {statistics.median(took):.0f} ms '
          f'({", ".join(f"{one:.0f}" for one in took)}); {each / 1024:.1f} KiB each')
    if server.slowness <= 1 and each > MEMORY_OF_ONE_MAX:
        raise AssertionError(f'a watcher costs {each:.0f} bytes')

    deaf = Crowd(server, DEAF_WATCHERS)
    deaf.wait_for(b'"type":"bookmark"', CONNECT_SECONDS * server.slowness)
    before = memory_of(process)
    for number in range(600):
        parts = {f'part{part}': f'{number} ' + 'y' * 1000 for part in range(20)}
        request(server, 'PATCH', '/v1/resources/a', {'snapshot': parts})
    each = (memory_of(process) - before) / DEAF_WATCHERS
    deaf.close()
    print(f'{DEAF_WATCHERS} watchers that do not read: {each / 1024:.1f} KiB each after 24 MB for each of them')
    server.stop()
    if server.slowness <= 1 and each > DEAF_MEMORY_MAX + 40_000_000 / DEAF_WATCHERS:
        raise AssertionError(f'a watcher that does not read costs {each:.0f} bytes')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--bin', required=True)
    parser.add_argument('--watchers', type=int, default=1000)
    parser.add_argument('--changes', type=int, default=5)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = Server(options.bin, float(os.environ.get('STORM_TEST_SLOWNESS', '1')))
    try:
        play(server, options.watchers, options.changes)
    finally:
        server.close()


if __name__ == '__main__':
    main()
