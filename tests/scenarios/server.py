"""One stormd, started for one scenario: its folder, its processes, its addresses."""
import http.client
import os
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile
import threading
import time

START_SECONDS = 60   # sanitizers on a busy machine
STOP_SECONDS = 5     # the promise of SIGTERM
LISTENING = re.compile(r'Listening at: (?:http://)?(\S+?):(\d+)/?\s*$')


class Failure(Exception):
    """A step that did not go as the scenario says."""


class Skip(Exception):
    """What the scenario needs cannot be had here."""


class Server:
    def __init__(self, bin_folder, slowness):
        self.bin = pathlib.Path(bin_folder).resolve()
        self.slowness = slowness
        self.temporary = tempfile.TemporaryDirectory(prefix='storm-scenario-')
        self.folder = pathlib.Path(self.temporary.name)
        self.log = self.folder / 'stormd.log'
        self.arguments = ''
        self.process = None
        self.host, self.port = '127.0.0.1', None
        self.listening = threading.Event()
        self.reader = None
        self.disks = []
        (self.folder / 'storm.yaml').write_text(
            'listen: ["127.0.0.1:0"]\n'
            f'storage: {{plugin: sqlite, config: {{path: "{self.folder}/storm.db"}}}}\n'
            'executors: []\n', encoding='utf-8')

    def environment(self):
        """Only what a person's shell would need, so that the machine's own settings decide nothing."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(('STORM', 'CLICOLOR', 'http_proxy', 'https_proxy', 'HTTP_PROXY'))}
        environment.update({'PATH': f'{self.bin}:{os.environ.get("PATH", "/usr/bin:/bin")}', 'HOME': str(self.folder),
                            'LC_ALL': 'C.UTF-8', 'TZ': 'UTC', 'DIR': str(self.folder), 'TERM': 'dumb'})
        if self.port:
            environment['STORMD_HOST'] = f'{self.host}:{self.port}'
            environment['STORM_HOST'] = environment['STORMD_HOST']
        return environment

    def start(self, arguments=None):
        if arguments is not None:
            self.arguments = arguments
        if self.process:
            raise Failure('stormd runs already')
        self.listening.clear()
        command = [str(self.bin / 'stormd'), '-c', str(self.folder / 'storm.yaml'), *shlex.split(self.arguments)]
        self.process = subprocess.Popen(command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=open(self.log, 'ab'), start_new_session=True)
        self.reader = threading.Thread(target=self.read_output, args=(self.process.stdout,), daemon=True)
        self.reader.start()
        deadline = time.monotonic() + START_SECONDS
        while not self.listening.wait(0.02):
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise Failure(f'stormd ended with exit code {code} instead of listening')
            if time.monotonic() > deadline:
                raise Failure(f'stormd did not say where it listens within {START_SECONDS} s')

    def read_output(self, stream):
        with open(self.log, 'ab') as log:
            for line in stream:
                log.write(line)
                log.flush()
                found = LISTENING.search(line.decode(errors='replace'))
                if found and not self.listening.is_set():
                    self.host, self.port = found[1].strip('[]'), int(found[2])
                    self.listening.set()

    def stop(self):
        """SIGTERM; a clean end in time is part of what is tested."""
        if not self.process:
            return
        process, self.process = self.process, None
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_SECONDS * self.slowness)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failure(f'stormd did not end within {STOP_SECONDS * self.slowness} s of SIGTERM') from None
        self.reader.join(5)
        if code != 0:
            raise Failure(f'stormd ended with exit code {code} after SIGTERM ({time.monotonic() - started:.1f} s)')

    def kill(self):
        if self.process:
            process, self.process = self.process, None
            process.kill()
            process.wait()
            self.reader.join(5)

    def signal(self, name):
        if not self.process:
            raise Failure('stormd does not run')
        self.process.send_signal(getattr(signal, 'SIG' + name))

    def connection(self, timeout):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def log_text(self):
        return self.log.read_text(encoding='utf-8', errors='replace') if self.log.exists() else ''

    def small_disk(self, name, size):
        """A disk of its own in the scenario's folder, so that it can be filled."""
        place = self.folder / name
        place.mkdir()
        answer = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', str(place)], capture_output=True,
                                text=True, check=False)
        if answer.returncode != 0:
            raise Skip(f'no disk can be mounted here: {answer.stderr.strip()}')
        self.disks.append(place)

    def close(self):
        self.kill()
        for place in self.disks:
            subprocess.run(['umount', '--lazy', str(place)], check=False)
        self.temporary.cleanup()
