"""The peers: each is started on the same data in a folder of its own, measured, and ended.

Each of them tells what it lacks instead of failing: an installed program, a library that its client is built with.
"""
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile

from stormd import FOLDERS, Failure, cpu_seconds, memory_bytes, wait_until

POSTGRES_FOLDERS = ('/usr/lib/postgresql/15/bin', '/usr/lib/postgresql/17/bin')
START_SECONDS = 60
STOP_SECONDS = 60
PART_SECONDS = 7200


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def run_part(program, *arguments, seconds=PART_SECONDS):
    """The figures that a part of the yardstick prints, by name."""
    answer = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            timeout=seconds, check=False)
    if answer.returncode != 0:
        raise Failure(f'{pathlib.Path(program).name}: {answer.stderr.strip()[-400:] or answer.returncode}')
    figures = {}
    for line in answer.stdout.splitlines():
        figure = json.loads(line)
        figures[figure.pop('name')] = figure
    return figures


class Daemon:
    """A program in the background, in a folder that goes with it."""

    def __init__(self, name, folder=None):
        self.name = name
        self.folder = folder or pathlib.Path(tempfile.mkdtemp(prefix=f'yardstick-{name}-', dir=FOLDERS))
        self.process = None

    def spawn(self, *command, user=None):
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.folder, user=user)

    def log(self):
        return (self.folder / 'log').read_text(encoding='utf-8', errors='replace')[-600:]

    def wait(self, ready):
        def look():
            if self.process.poll() is not None:
                raise Failure(f'{self.name} ended: {self.log()}')
            return ready()
        wait_until(f'{self.name} answers', START_SECONDS, look)

    def answers(self, port):
        def look():
            with socket.socket() as one:
                return one.connect_ex(('127.0.0.1', port)) == 0
        self.wait(look)

    def close(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def part(build, name, package):
    """(path, what is missing)."""
    path = build / 'bin' / name
    if path.exists():
        return path, None
    return None, f'{name} is not built (Debian package: {package}; then the target yardstick_parts)'


def sqlite(build, data, looks):
    program, missing = part(build, 'sqlite_peer', 'libsqlite3-dev')
    if missing:
        return None, missing
    with Daemon('sqlite') as place:
        return run_part(program, data, place.folder / 'peer.db', looks), None


def ceilings(build, data):
    program, missing = part(build, 'ceiling_peer', 'libre2-dev')
    if missing:
        return None, missing
    with Daemon('ceiling') as place:
        return run_part(program, data, place.folder), None


def postgres(build, data, gin):
    program, missing = part(build, 'postgres_peer', 'libpq-dev')
    if missing:
        return None, missing
    found = [folder for folder in map(pathlib.Path, POSTGRES_FOLDERS) if (folder / 'initdb').exists()]
    if not found:
        return None, 'PostgreSQL is not installed (Debian package: postgresql)'
    with Daemon('postgres') as daemon:
        user = None
        if os.geteuid() == 0:   # it refuses to run as root
            user = 'postgres'
            os.chown(daemon.folder, pwd.getpwnam(user).pw_uid, -1)
        subprocess.run([found[0] / 'initdb', '-D', daemon.folder / 'data', '-A', 'trust', '-U', 'yardstick', '-E', 'UTF8',
                        '--locale=C'], stdout=subprocess.DEVNULL, user=user, cwd=daemon.folder, check=True)
        memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 2**20
        settings = {'listen_addresses': '', 'unix_socket_directories': daemon.folder, 'autovacuum': 'off', 'jit': 'off',
                    'shared_buffers': f'{memory // 6}MB', 'work_mem': '64MB', 'maintenance_work_mem': '1GB',
                    'max_wal_size': '16GB', 'wal_compression': 'lz4'}
        daemon.spawn(found[0] / 'postgres', '-D', daemon.folder / 'data',
                     *(word for name, value in settings.items() for word in ('-c', f'{name}={value}')), user=user)
        connection = f'host={daemon.folder} user=yardstick dbname=postgres'
        ready = [found[0] / 'pg_isready', '-q', '-h', daemon.folder]
        daemon.wait(lambda: subprocess.run(ready, check=False).returncode == 0)
        return run_part(program, data, connection, *(['--gin'] if gin else [])), None


def etcd(build, rates):
    program, missing = part(build, 'etcd_peer', 'libgrpc++-dev, protobuf-compiler-grpc')
    if missing:
        return None, missing
    if not shutil.which('etcd'):
        return None, 'etcd is not installed (Debian package: etcd-server)'
    with Daemon('etcd') as daemon:
        client, peer = free_port(), free_port()
        daemon.spawn('etcd', '--data-dir', daemon.folder / 'data', '--listen-client-urls', f'http://127.0.0.1:{client}',
                     '--advertise-client-urls', f'http://127.0.0.1:{client}', '--listen-peer-urls',
                     f'http://127.0.0.1:{peer}', '--quota-backend-bytes', 8 << 30)
        daemon.answers(client)
        figures = run_part(program, f'127.0.0.1:{client}', *rates)
        figures['etcd.told_rate'] = {'value': highest_rate(figures, 'etcd.told_at_', rates)}
        return figures, None


def highest_rate(figures, prefix, rates, p99_max=0.010):
    """The highest rate up to which all were told in time; 0: not even the lowest."""
    highest = 0
    for rate in sorted(rates):
        figure = figures.get(f'{prefix}{rate}')
        if not figure or figure['told'] < figure['sent'] or figure['p99'] > p99_max:
            break
        highest = rate
    return highest


def redis(data):
    if not shutil.which('redis-server') or not shutil.which('redis-benchmark'):
        return None, 'Redis is not installed (Debian packages: redis-server, redis-tools)'
    figures = {}
    with Daemon('redis') as daemon:
        port = free_port()
        daemon.spawn('redis-server', '--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no')
        daemon.answers(port)
        load_redis(data, port)
        figures['redis.memory_bytes'] = {'value': memory_bytes(daemon.process.pid)}
    with Daemon('redis') as daemon:
        port = free_port()
        daemon.spawn('redis-server', '--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes',
                     '--appendfsync', 'always')
        daemon.answers(port)
        answer = subprocess.run(['redis-benchmark', '-p', str(port), '-t', 'set', '-d', '2500', '-c', '64', '-n', '100000',
                                 '-r', '100000', '--csv'], capture_output=True, text=True, check=True).stdout
        figures['redis.durable_sets_per_s'] = {'value': float(answer.splitlines()[-1].split(',')[1].strip('"'))}
    return figures, None


def load_redis(data, port):
    """One string a resource, in a pipeline."""
    with socket.create_connection(('127.0.0.1', port)) as one, open(data / 'docs.jsonl', 'rb') as docs:
        answers = one.makefile('rb')
        waiting, chunk = 0, []
        def flush():
            nonlocal waiting
            one.sendall(b''.join(chunk))
            chunk.clear()
            for _ in range(waiting):
                answers.readline()
            waiting = 0
        for line in docs:
            doc = line.rstrip(b'\n')
            key = doc.split(b'"', 4)[3]
            chunk.append(b'*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n' % (len(key), key, len(doc), doc))
            waiting += 1
            if waiting == 1000:
                flush()
        flush()


class Nginx:
    """Serves the very bytes that stormd answered, with one worker."""

    def __init__(self, probe, bodies):
        self.probe, self.bodies = probe, bodies

    def measure(self, seconds, connections):
        if not shutil.which('nginx') and not pathlib.Path('/usr/sbin/nginx').exists():
            return None, 'nginx is not installed (Debian package: nginx-light)'
        figures = {}
        with Daemon('nginx') as daemon:
            port = free_port()
            for name, body in self.bodies.items():
                (daemon.folder / name).write_bytes(body)
            user = 'user root;' if os.geteuid() == 0 else ''
            (daemon.folder / 'conf').write_text(f'''{user} daemon off; worker_processes 1; pid {daemon.folder}/pid;
error_log {daemon.folder}/error; events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; default_type application/json;
open_file_cache max=100; client_body_temp_path {daemon.folder}; proxy_temp_path {daemon.folder};
fastcgi_temp_path {daemon.folder}; uwsgi_temp_path {daemon.folder}; scgi_temp_path {daemon.folder};
server {{ listen 127.0.0.1:{port}; root {daemon.folder}; }} }}
''', encoding='utf-8')
            daemon.spawn(shutil.which('nginx') or '/usr/sbin/nginx', '-c', daemon.folder / 'conf', '-p', daemon.folder)
            daemon.answers(port)
            children = pathlib.Path(f'/proc/{daemon.process.pid}/task/{daemon.process.pid}/children')
            worker = int(wait_until('the worker', START_SECONDS, lambda: children.read_text(encoding='ascii').split())[0])
            for name in self.bodies:
                figures[f'nginx.{name}'], figures[f'nginx.{name}_per_cpu_s'] = http_figures(
                    self.probe, f'127.0.0.1:{port}', f'/{name}', worker, seconds, connections, len(self.bodies[name]))
        return figures, None


def ask(probe, address, lines, *options):
    """What the probe says of these requests."""
    with tempfile.NamedTemporaryFile('w', suffix='.requests') as file:
        file.writelines(line + '\n' for line in lines)
        file.flush()
        figure = run_part(probe, 'requests', address, file.name, *options)['requests']
    if figure['refused']:
        raise Failure(f'{lines[0][:80]}: {figure["refused"]} of {figure["times"]} refused with {figure["status"]}')
    return figure


def http_figures(probe, address, path, pid, seconds, connections, size):
    """(p50 with 1 connection, requests of a second of the server's processor with some)."""
    single = ask(probe, address, [f'GET {path}'], '--seconds', seconds)
    if single['body_bytes'] != size:
        raise Failure(f'{path} has {single["body_bytes"]} bytes, not {size}')
    before = cpu_seconds(pid)
    many = ask(probe, address, [f'GET {path}'], '--seconds', seconds, '--connections', connections)
    used = cpu_seconds(pid) - before
    return single, {'value': many['times'] / used if used else 0, 'per_second': many['per_second']}


def say_missing(name, why):
    print(f'MISSING {name}: {why}; its rows are left out', file=sys.stderr, flush=True)
