#!/usr/bin/env python3
"""A session in a Debian that has nothing else: install core, start the daemon by its unit's words, add a plugin while it
runs, and one that somebody else made, be refused those of a wrong ABI, upgrade, remove, purge. As root, in namespaces of its own.
usage: debian_test.py FOLDER_OF_PACKAGES MAKE_ROOT ROOT      (ROOT is made by MAKE_ROOT when it is missing, and kept)"""
import contextlib
import fcntl
import json
import os
import pathlib
import pwd
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
SLOWNESS = int(os.environ.get('STORM_TEST_SLOWNESS', '1'))
COMMAND_SECONDS = 120 * SLOWNESS
SETTLE_SECONDS = 20 * SLOWNESS
PLUGINS = 'usr/lib/perfectstorm/plugins'
DROP_IN = 'etc/systemd/system/stormd.service.d/docker-group.conf'
CONFIG = ('executors:\n  - {name: demo, plugin: simulated, config: {nodes: 2, services: 1, static: true}}\n'
          '  - {name: theirs, plugin: my_cloud}\n')
GROUP = '- group:\n    name: everything\n    query: {type: {$exists: true}}\n'
# What dpkg, apt and the tools that make users write for themselves.
NOT_COMPARED = ('proc', 'run', 'dev', 'packages', 'tmp', 'var/lib/dpkg', 'var/lib/apt', 'var/cache', 'var/log',
                'etc/.pwd.lock', 'etc/passwd-', 'etc/group-', 'etc/shadow-', 'etc/gshadow-', 'etc/subuid-', 'etc/subgid-',
                'etc/apt/sources.list', 'etc/mtab')
USERS = ('etc/passwd', 'etc/group', 'etc/shadow', 'etc/gshadow')


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def step(what):
    print(f'-- {what}', flush=True)


def eventually(what, look):
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        seen = look()
        if seen:
            return seen
        check(time.monotonic() < deadline, f'{what}: not within {SETTLE_SECONDS} s')
        time.sleep(0.05)


def depends_of(packages):
    """The names of what is not ours, alternatives as they stand: what a root has to have."""
    names = set()
    for package in packages:
        text = subprocess.run(['dpkg-deb', '-f', str(package), 'Depends'], capture_output=True, text=True, check=True).stdout
        names |= {re.sub(r'\s*\([^)]*\)', '', each).strip() for each in text.split(',')}
    return '\n'.join(sorted(name for name in names if name and not name.startswith('perfectstorm-')))


class Root:
    """The Debian, and the packages that its apt sees."""

    def __init__(self, folder, packages):
        self.folder = folder
        self.shelf = folder / 'packages'
        self.shelf.mkdir()
        subprocess.run(['mount', '-t', 'proc', 'proc', str(folder / 'proc')], check=True)
        subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', str(folder / 'run')], check=True)
        shutil.rmtree(folder / 'etc/apt/sources.list.d', ignore_errors=True)
        (folder / 'etc/apt/sources.list').write_text('deb [trusted=yes] file:/packages ./\n', encoding='utf-8')
        for package in packages:
            shutil.copy(package, self.shelf)
        self.publish()

    def run(self, *command, given='', checked=True):
        done = subprocess.run(['chroot', str(self.folder), 'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root',
                               'LC_ALL=C.UTF-8', 'DEBIAN_FRONTEND=noninteractive', *command], input=given,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=COMMAND_SECONDS,
                              check=False)
        check(done.returncode == 0 or not checked, f'{" ".join(command)} ended with {done.returncode}:\n{done.stdout}')
        return done

    def apt(self, *words, checked=True):
        done = self.run('apt-get', '--yes', '-q', '-o', 'APT::Sandbox::User=root', '-o', 'Dpkg::Use-Pty=0',
                        '-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold', *words,
                        checked=checked)
        check('warning' not in done.stdout.lower() or not checked, f'apt-get {" ".join(words)} warns:\n{done.stdout}')
        return done

    def publish(self):
        index = subprocess.run(['dpkg-scanpackages', '--multiversion', '.'], cwd=self.shelf, capture_output=True, text=True,
                               check=True).stdout
        (self.shelf / 'Packages').write_text(index, encoding='utf-8')
        self.apt('update')

    def repack(self, package, edit):
        """Puts another package beside it, made of it by `edit(folder)`."""
        source = next(self.shelf.glob(f'{package}_*.deb'))
        with tempfile.TemporaryDirectory(prefix='storm-repack-') as name:
            folder = pathlib.Path(name) / 'package'
            subprocess.run(['dpkg-deb', '-R', str(source), str(folder)], check=True)
            edit(folder)
            subprocess.run(['dpkg-deb', '--root-owner-group', '-b', str(folder), str(self.shelf)], check=True,
                           stdout=subprocess.DEVNULL)

    def is_installed(self, package):
        done = self.run('dpkg-query', '-W', '-f', '${db:Status-Status}', package, checked=False)
        return done.returncode == 0 and done.stdout == 'installed'

    def path(self, *steps):
        return self.folder.joinpath(*steps)

    def text(self, *steps):
        return self.path(*steps).read_text(encoding='utf-8')

    def contents(self):
        """Each file that is there: kind, mode, owner."""
        found = {}
        skipped = {self.path(name) for name in NOT_COMPARED}
        folders = [self.folder]
        while folders:
            for entry in os.scandir(folders.pop()):
                path = pathlib.Path(entry.path)
                if path in skipped:
                    continue
                status = entry.stat(follow_symlinks=False)
                found[str(path.relative_to(self.folder))] = (stat.filemode(status.st_mode), status.st_uid, status.st_gid)
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
        for name in USERS:
            found[f'{name}, its text'] = self.text(name)
        return found


class Service:
    """What systemd would make of the unit: its program, run as its user with its variables, and heard at its socket."""

    def __init__(self, root):
        self.root = root
        said = re.findall(r'^(\w+)=(.*)$', root.text('usr/lib/systemd/system/stormd.service'), re.MULTILINE)
        self.said = dict(said)
        self.variables = [value for key, value in said if key == 'Environment']
        check(self.said['User'] == 'perfectstorm', 'the unit names another user')
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.listener.bind(str(root.path('run/notify')))
        os.chmod(root.path('run/notify'), 0o777)
        self.listener.settimeout(SETTLE_SECONDS)
        self.process = None

    def start(self):
        log = open(self.root.path('run/stormd.log'), 'ab')
        with log:
            self.process = subprocess.Popen(
                ['chroot', f'--userspec={self.said["User"]}:{self.said["Group"]}', str(self.root.folder), 'env', '-i',
                 'PATH=/usr/bin:/bin', 'NOTIFY_SOCKET=/run/notify', *self.variables, *self.said['ExecStart'].split()],
                umask=int(self.said['UMask'], 8), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.expect('READY')
        owner = os.stat(f'/proc/{self.process.pid}').st_uid
        return owner

    def expect(self, word):
        try:
            message = self.listener.recv(4096).decode()
        except TimeoutError as late:
            raise Failure(f'stormd did not say {word}:\n{self.log()}') from late
        check(message.startswith(f'{word}=1'), f'stormd said {message!r} and not {word}')

    def expect_reload(self):
        self.expect('RELOADING')
        self.expect('READY')
        check(self.process.poll() is None, f'stormd ended:\n{self.log()}')

    def log(self):
        return self.root.text('run/stormd.log')

    def stop(self):
        self.process.terminate()
        self.expect('STOPPING')
        check(self.process.wait(SETTLE_SECONDS) == 0, f'stormd ended with {self.process.returncode}:\n{self.log()}')
        eventually('the end of all runners', lambda: not self.runners())

    def runners(self):
        """The processes of plugins; in this namespace there are none but ours."""
        names = []
        for file in pathlib.Path('/proc').glob('[0-9]*/comm'):
            with contextlib.suppress(OSError):
                names.append(file.read_text(encoding='utf-8').strip())
        return [name for name in names if name.startswith('storm-plugin')]


def bring_loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack('16sH14x', b'lo', 1))   # SIOCSIFFLAGS: IFF_UP


def package_of_others(packages):
    """Puts beside `packages` that of a plugin which was written with what perfectstorm-cli and -sdk install alone."""
    with tempfile.TemporaryDirectory(prefix='storm-others-') as name:
        folder = pathlib.Path(name)
        for part in ('cli', 'sdk'):
            subprocess.run(['dpkg-deb', '-x', next(packages.glob(f'perfectstorm-{part}_*.deb')), str(folder / 'system')],
                           check=True)
        installed = folder / 'system/usr'
        environment = {'PATH': f'{installed}/bin:{os.environ["PATH"]}', 'HOME': name, 'LC_ALL': 'C.UTF-8'}
        for command in ('stormctl plugin new my_cloud --kind executor --lang c',
                        f'cd my_cloud && cmake -B build -DCMAKE_PREFIX_PATH={installed} && cmake --build build',
                        'cd my_cloud/build && cpack'):
            done = subprocess.run(['sh', '-c', command], cwd=folder, env=environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=COMMAND_SECONDS, check=False)
            check(done.returncode == 0, f'{command} ended with {done.returncode}:\n{done.stdout}')
        made = next((folder / 'my_cloud/build').glob('perfectstorm-executor-my-cloud_*.deb'))
        shutil.copy(made, packages)


def session(root):
    before = root.contents()

    def stormctl(*words, given=''):
        return root.run('stormctl', *words, given=given).stdout

    def resources():
        return json.loads(stormctl('resources', 'ls', '-o', 'json'))

    step('an agent elsewhere and its plugin need no core')
    planned = root.apt('install', '--simulate', 'perfectstorm-agent', 'perfectstorm-executor-swarm').stdout
    check('Inst perfectstorm-executor-swarm' in planned and 'Inst perfectstorm-core' not in planned, planned)

    step('stormctl alone matches files, with $regex')
    root.apt('install', 'perfectstorm-cli')
    matched = stormctl('match', '{"image": {"$regex": "^redis:"}}', given='{"image": "redis:7"}\n{"image": "web:1"}\n')
    check(matched == '{"image": "redis:7"}\n', f'it printed {matched!r}')
    check(not root.is_installed('perfectstorm-core'), 'it needs core')
    root.apt('purge', 'perfectstorm-cli', 'perfectstorm-operator-text')
    check(root.contents() == before, 'something is left of it')

    step('core brings stormctl, the user, its folder and its configuration')
    root.apt('install', 'perfectstorm-core')
    check(root.is_installed('perfectstorm-cli'), 'perfectstorm-cli did not come along')
    user = next(line.split(':') for line in root.text('etc/passwd').splitlines() if line.startswith('perfectstorm:'))
    check(user[6] == '/usr/sbin/nologin', f'the user has a shell: {user}')
    state = os.stat(root.path('var/lib/perfectstorm'))
    check(stat.S_IMODE(state.st_mode) == 0o750 and state.st_uid == int(user[2]) != 0, f'var/lib/perfectstorm is {state}')
    check('/etc/perfectstorm/stormd.yaml ' in root.run('dpkg-query', '-W', '-f', '${Conffiles}', 'perfectstorm-core').stdout,
          'stormd.yaml is no conffile')
    check(root.path('etc/systemd/system/multi-user.target.wants/stormd.service').is_symlink(), 'the unit is not enabled')
    check(not list(root.path(PLUGINS).glob('executor-*')), 'core has executors')
    root.run('sh', '/var/lib/dpkg/info/perfectstorm-core.postinst', 'configure', '0.0.1')   # again: changes nothing

    step('the daemon runs by the words of its unit, and goes on without the plugin that its configuration names')
    root.path('etc/perfectstorm/stormd.yaml').write_text(CONFIG, encoding='utf-8')
    service = Service(root)
    check(service.start() == int(user[2]), 'stormd does not run as its user')
    check(resources() == [], 'there are resources')
    stormctl('import', '-f', '-', given=GROUP)
    check(root.path('var/lib/perfectstorm/storm.db').exists(), 'the store is elsewhere')
    doctor = root.run('stormctl', 'doctor', checked=False).stdout
    check(re.search(r"agent demo .*there is no executor plugin 'simulated'", doctor), f'doctor does not tell why:\n{doctor}')

    step('a plugin that is installed beside it is taken in by a reload')
    process = service.process.pid
    root.apt('install', 'perfectstorm-executor-simulated')
    service.expect_reload()
    eventually('resources', resources)
    check(service.runners(), 'the plugin has no process of its own')
    check(service.process.pid == process and service.process.poll() is None, 'stormd was restarted')
    print(stormctl('resources', 'ls'))

    step("a package of somebody else's, made with the SDK's package alone, is as good as ours")
    started = time.monotonic()
    types = {each['type'] for each in resources()}
    package_of_others(root.shelf)
    root.publish()
    root.apt('install', 'perfectstorm-executor-my-cloud')
    service.expect_reload()
    theirs = eventually('the machine', lambda: [each for each in resources() if each['type'] not in types])
    print(f'{theirs[0]["type"]} {theirs[0]["names"]}: {time.monotonic() - started:.1f} s after the empty folder')

    step('apt refuses plugins of an ABI that core does not have')

    def of_abi(name, wanted):
        def edit(folder):
            control = folder / 'DEBIAN/control'
            text, count = re.subn(r'perfectstorm-plugin-abi-1 \(>= 1\.\d+\)', wanted, control.read_text(encoding='utf-8'))
            check(count == 1, f'the plugin does not depend on its ABI: {text}')
            control.write_text(text.replace('Package: perfectstorm-executor-jsonl', f'Package: {name}'), encoding='utf-8')
        root.repack('perfectstorm-executor-jsonl', edit)
        root.publish()
        refused = root.apt('install', name, checked=False)
        check(refused.returncode != 0 and wanted.split(' ', maxsplit=1)[0] in refused.stdout,
              f'apt did not refuse {wanted}:\n{refused.stdout}')
        print(next(line for line in refused.stdout.splitlines() if 'Depends' in line))
        check(not root.is_installed(name), f'{name} is installed')

    of_abi('perfectstorm-executor-newer', 'perfectstorm-plugin-abi-1 (>= 1.99)')
    of_abi('perfectstorm-executor-other', 'perfectstorm-plugin-abi-2 (>= 2.0)')
    check(resources(), 'the refusal cost resources')

    step('the swarm executor lets stormd use the socket of Docker where there is a group for that')
    root.apt('install', 'perfectstorm-executor-swarm')
    service.expect_reload()
    check(not root.path(DROP_IN).is_symlink(), 'without the group docker there is a drop-in for it')
    root.apt('remove', 'perfectstorm-executor-swarm')
    service.expect_reload()
    users = {name: root.text(name) for name in USERS}
    root.run('groupadd', '--system', 'docker')
    root.apt('install', 'perfectstorm-executor-swarm')
    service.expect_reload()
    check(root.run('cat', f'/{DROP_IN}').stdout.endswith('SupplementaryGroups=docker\n'), 'the drop-in says something else')
    root.apt('remove', 'perfectstorm-executor-swarm')
    service.expect_reload()
    check(not root.path(DROP_IN).is_symlink() and not root.path(DROP_IN).parent.exists(), 'the drop-in is left')
    for name, text in users.items():
        root.path(name).write_text(text, encoding='utf-8')

    step('a plugin that goes does not take the daemon along')
    root.apt('remove', 'perfectstorm-executor-simulated')
    service.expect_reload()
    check(resources(), 'what it told is gone')
    root.apt('install', 'perfectstorm-executor-simulated')
    service.expect_reload()

    step('an upgrade keeps the configuration and the state')

    def newer(folder):
        control = folder / 'DEBIAN/control'
        control.write_text(re.sub(r'^Version: (.*)$', r'Version: \1+1', control.read_text(encoding='utf-8'),
                                  flags=re.MULTILINE), encoding='utf-8')
        with (folder / 'etc/perfectstorm/stormd.yaml').open('a', encoding='utf-8') as config:
            config.write('# New in this version.\n')

    root.repack('perfectstorm-core', newer)
    root.publish()
    root.apt('install', 'perfectstorm-core')
    version = root.run('dpkg-query', '-W', '-f', '${Version}', 'perfectstorm-core').stdout
    check(version.endswith('+1'), f'the version is {version}')
    check(root.text('etc/perfectstorm/stormd.yaml') == CONFIG, 'the configuration was written over')
    check(service.process.poll() is None, f'the upgrade ended stormd:\n{service.log()}')
    with contextlib.suppress(TimeoutError):   # the trigger may tell of plugins again; either is good
        service.listener.settimeout(1)
        while service.listener.recv(4096):
            pass
    service.listener.settimeout(SETTLE_SECONDS)
    service.stop()
    service.start()
    check('everything' in stormctl('groups', 'ls'), 'the group is gone')
    eventually('members of the group', lambda: json.loads(stormctl('group', 'members', 'everything', '-o', 'json')))
    service.stop()

    step('a removal keeps configuration and state')
    root.apt('remove', 'perfectstorm-core', 'perfectstorm-executor-simulated')
    for package in ('perfectstorm-core', 'perfectstorm-executor-simulated'):
        check(not root.is_installed(package), f'{package} is still there')
    check(root.text('etc/perfectstorm/stormd.yaml') == CONFIG, 'the configuration is gone')
    check(root.path('var/lib/perfectstorm/storm.db').exists(), 'the state is gone')
    left = [str(file) for file in root.path(PLUGINS).iterdir() if not file.name.startswith(('operator-text', 'executor-my_cloud'))]
    check(not left and not root.path('usr/libexec/perfectstorm').exists(), f'there are files left in /usr: {left}')

    step('a purge leaves nothing')
    root.apt('purge', 'perfectstorm-core', 'perfectstorm-cli', 'perfectstorm-operator-text', 'perfectstorm-executor-simulated',
             'perfectstorm-executor-swarm', 'perfectstorm-executor-my-cloud')
    known = root.run('dpkg-query', '-W', '-f', '${Package} is ${db:Status-Status}\n', 'perfectstorm*', checked=False).stdout
    check(not re.search(r'is (installed|config-files|half)', known), f'dpkg still has packages:\n{known}')
    after = root.contents()
    left = [f'left: {name}' for name in sorted(after.keys() - before.keys())]
    left += [f'gone: {name}' for name in sorted(before.keys() - after.keys())]
    left += [f'changed: {name}: {before[name]} to {after[name]}' for name in sorted(before.keys() & after.keys())
             if before[name] != after[name]]
    check(not left, '\n'.join(left))


def why_not():
    if os.getuid() != 0:
        return 'this needs root (chroot, mounts)'
    for program, package in (('debootstrap', 'debootstrap'), ('dpkg-scanpackages', 'dpkg-dev'), ('unshare', 'util-linux')):
        if not shutil.which(program):
            return f'{program} is missing (Debian package: {package})'
    probe = ['unshare', '--mount', '--pid', '--net', '--fork', 'true']
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        return f'`{" ".join(probe)}` fails here'
    return None


def made_root(make_root, root, packages, more=()):
    """False when it cannot be made here: without a mirror, say."""
    stamp = root.with_name(root.name + '.made-for')
    wanted = depends_of(packages) + ''.join(f'\nwith {name}' for name in more)
    if root.exists() and stamp.exists() and stamp.read_text(encoding='utf-8') == wanted:
        return True
    subprocess.run(['rm', '-rf', '--one-file-system', str(root)], check=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    flags = [word for name in more for word in ('--with', name)]
    if subprocess.run([make_root, str(root), *flags, *map(str, packages)], check=False).returncode != 0:
        return False
    stamp.write_text(wanted, encoding='utf-8')
    return True


def main():
    packages = sorted(pathlib.Path(sys.argv[1]).resolve().glob('*.deb'))
    if sys.argv[2] == '--inside':
        bring_loopback_up()
        try:
            session(Root(pathlib.Path(sys.argv[3]), packages))
        except Failure as failure:
            print(f'FAILED: {failure}')
            return 1
        return 0
    reason = why_not()
    if reason:
        print(f'SKIPPED: {reason}')
        return SKIPPED
    root = pathlib.Path(sys.argv[3]).resolve()
    if not made_root(sys.argv[2], root, packages):
        print('SKIPPED: no Debian root can be made here (see above)')
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix='storm-debian-', dir='/var/tmp') as name:
        copy = pathlib.Path(name) / 'root'
        subprocess.run(['cp', '-a', str(root), str(copy)], check=True)
        # Mounts and processes are those of the namespaces, and end with them.
        done = subprocess.run(['unshare', '--mount', '--pid', '--net', '--fork', '--kill-child', '--mount-proc',
                               '--propagation', 'private', sys.executable, __file__, sys.argv[1], '--inside', str(copy)],
                              check=False)
    return done.returncode


if __name__ == '__main__':
    sys.exit(main())
