"""A real swarm of one node, made by tests/swarm/testbed, and a client of its API."""
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.parse

from stormd import FOLDERS, Failure, wait_until

TESTBED = pathlib.Path(__file__).resolve().parent.parent / 'swarm' / 'testbed'
API = '/v1.41'
API_SECONDS = 30
SETTLE_SECONDS = 60


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=API_SECONDS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Docker:
    """One kept connection; for one thread of one process."""

    def __init__(self, path):
        self.connection = UnixConnection(path)

    def send(self, method, path, body=None):
        headers = {'Content-Type': 'application/json'}
        self.connection.request(method, API + path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status >= 400:
            raise Failure(f'dockerd: {method} {path}: {answer.status} {data[:300]!r}')
        return data

    def get(self, path):
        return json.loads(self.send('GET', path) or b'null')

    def tasks_of(self, service):
        filters = urllib.parse.quote(json.dumps({'service': [service]}))
        return self.get(f'/tasks?filters={filters}')


def service_spec(name, replicas, constraints=()):
    return {'Name': name, 'Mode': {'Replicated': {'Replicas': replicas}},
            'TaskTemplate': {'ContainerSpec': {'Image': 'busybox:1', 'Command': ['sleep', '86400'], 'Init': True,
                                               'StopGracePeriod': 200_000_000},
                             'RestartPolicy': {'Condition': 'any', 'Delay': 200_000_000},
                             'Placement': {'Constraints': list(constraints)}}}


class SwarmBed:
    """Use as a context: the swarm goes at the end, also when this process is killed."""

    def __init__(self):
        self.state = pathlib.Path(tempfile.mkdtemp(prefix='storm-bench-swarm-', dir=FOLDERS))
        self.docker = None

    def __enter__(self):
        self.run('up', '1', '--owner', str(os.getpid()))
        self.socket = self.run('socket')
        self.control = self.run('control')
        self.pid = int(self.run('pid', '1'))
        self.docker = Docker(self.socket)
        return self

    def __exit__(self, *_):
        self.run('down', check=False)
        shutil.rmtree(self.state, ignore_errors=True)

    @staticmethod
    def why_not():
        """Why no swarm can be started here, or nothing."""
        if os.geteuid() != 0:
            return 'a swarm of its own needs root'
        missing = [tool for tool in ('dockerd', 'docker', 'busybox', 'ip', 'unshare') if not shutil.which(tool)]
        return f'missing: {", ".join(missing)} (Debian: docker.io busybox-static iproute2)' if missing else None

    def run(self, *arguments, check=True):
        environment = dict(os.environ, SWARM_TESTBED=str(self.state))
        # Into a file: a daemon that inherits a pipe would keep it open.
        with tempfile.TemporaryFile() as output:
            code = subprocess.call([TESTBED, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=output)
            output.seek(0)
            text = output.read().decode(errors='replace').strip()
        if code != 0 and check:
            raise Failure(f'testbed {" ".join(arguments)}: {text}')
        return text

    def create(self, name, replicas, constraints=()):
        return json.loads(self.docker.send('POST', '/services/create', service_spec(name, replicas, constraints)))['ID']

    def scale(self, service, replicas):
        known = self.docker.get(f'/services/{service}')
        known['Spec']['Mode']['Replicated']['Replicas'] = replicas
        self.docker.send('POST', f'/services/{service}/update?version={known["Version"]["Index"]}', known['Spec'])

    def remove(self, service):
        self.docker.send('DELETE', f'/services/{service}')

    def running(self, service):
        return [task for task in self.docker.tasks_of(service)
                if task['Status']['State'] == task['DesiredState'] == 'running']

    def wait_for_running(self, service, count):
        return wait_until(f'{count} running tasks', SETTLE_SECONDS,
                          lambda: tasks if len(tasks := self.running(service)) == count else None)

    def kill_container(self, task):
        """An end with SIGKILL of the container's process."""
        self.docker.send('POST', f'/containers/{task["Status"]["ContainerStatus"]["ContainerID"]}/kill')

    def executor(self, push):
        """A line of stormd's configuration."""
        return (f'{{name: swarm, plugin: swarm, config: {{host: "unix://{self.socket}", '
                f'control_socket: "{self.control}", push: "{push}"}}}}')
