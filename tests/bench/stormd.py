"""One stormd in a folder of its own, and what the kernel says about a process."""
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.parse

START_SECONDS = 60
STOP_SECONDS = 20
ANSWER_SECONDS = 120   # a listing of 100,000 resources on a busy machine
WAIT_STEP_SECONDS = 0.02
TICKS = os.sysconf('SC_CLK_TCK')
LISTENING = re.compile(rb'Listening at: (?:http://)?(\S+?):(\d+)/?\s*$')
# A folder on a disk, for a store in memory would make commits look free.
FOLDERS = os.environ.get('STORM_BENCH_DIR', '/var/tmp')


class Failure(Exception):
    """An operation that could not be measured."""


def wait_until(what, seconds, condition):
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Failure(f'{what}: not within {seconds} s')
        time.sleep(WAIT_STEP_SECONDS)


def cpu_seconds(pid):
    """What all threads of a process have used, in user and system mode."""
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text(encoding='ascii').rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_bytes(pid, field='VmRSS'):
    for line in pathlib.Path(f'/proc/{pid}/status').read_text(encoding='utf-8').splitlines():
        if line.startswith(field + ':'):
            return int(line.split()[1]) * 1024
    raise Failure(f'/proc/{pid}/status does not tell {field}')


class Stormd:
    """Use as a context; the folder goes at the end. `executors` are lines of YAML."""

    def __init__(self, build, executors=(), ephemeral=False, settings=()):
        self.program = pathlib.Path(build).resolve() / 'bin' / 'stormd'
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='storm-bench-', dir=FOLDERS))
        self.arguments = ['--ephemeral'] if ephemeral else []
        self.process = None
        self.host = self.port = None
        self.kept = None
        lines = ['listen: ["127.0.0.1:0"]',
                 f'storage: {{plugin: sqlite, config: {{path: "{self.folder}/storm.db"}}}}']
        lines += ['executors:', *(f'  - {line}' for line in executors)] if executors else ['executors: []']
        lines += settings
        (self.folder / 'stormd.yaml').write_text('\n'.join(lines) + '\n', encoding='utf-8')

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    @property
    def pid(self):
        return self.process.pid

    @property
    def address(self):
        return f'{self.host}:{self.port}'

    def start(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith('STORM')}
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen([self.program, '-c', self.folder / 'stormd.yaml', *self.arguments],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            cwd=self.folder, env=environment)
        line = self.process.stdout.readline()
        found = LISTENING.search(line)
        if not found:
            raise Failure(f'stormd does not listen: {line!r}\n{self.log()}')
        self.host, self.port = found[1].decode(), int(found[2])
        return self

    def log(self):
        return (self.folder / 'log').read_text(encoding='utf-8', errors='replace')

    def stop(self, kill=False):
        if self.kept:
            self.kept.close()
            self.kept = None
        if not self.process:
            return
        process, self.process = self.process, None
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_SECONDS)

    def send(self, method, path, body=None):
        """(answer, its body) over one kept connection."""
        answer, data = self.exchange(method, path, None if body is None else json.dumps(body))
        if answer.status >= 400:
            raise Failure(f'{method} {path}: {answer.status} {data[:300]!r}')
        return answer, data

    def exchange(self, method, path, text):
        for fresh in (self.kept is None, True):
            if not self.kept:
                self.kept = self.connect()
            try:
                self.kept.request(method, path, text)
                answer = self.kept.getresponse()
                return answer, answer.read()
            except (http.client.RemoteDisconnected, ConnectionError):
                # One that was idle for too long is closed.
                self.kept.close()
                self.kept = None
                if fresh:
                    raise
        raise Failure(f'{method} {path}: no answer')

    def get(self, path):
        return json.loads(self.send('GET', path)[1])

    def find(self, query, collection='resources', fields='id'):
        wish = urllib.parse.urlencode({'q': json.dumps(query), 'fields': fields})
        return self.get(f'/v1/{collection}?{wish}')

    def metric(self, name):
        for line in self.send('GET', '/metrics')[1].decode().splitlines():
            if line.startswith((name + ' ', name + '{')):
                return float(line.rsplit(' ', 1)[1])
        raise Failure(f'/metrics does not tell {name}')
