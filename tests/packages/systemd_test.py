#!/usr/bin/env python3
"""The service under a real systemd: a Debian that systemd-nspawn boots. It is shut in and works all the same, is ready when
systemd says so, takes a plugin by a reload, is woken when it hangs, and an upgrade restarts it. As root.
usage: systemd_test.py FOLDER_OF_PACKAGES MAKE_ROOT ROOT      (ROOT as in debian_test.py, but another)"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import debian_test  # noqa: E402
from debian_test import SKIPPED, Failure, check, eventually, step  # noqa: E402

COMMAND_SECONDS = 120 * debian_test.SLOWNESS
STOP_SECONDS = 20
WITH = ('systemd', 'systemd-sysv', 'dbus')
DROP_IN = '[Service]\nWatchdogSec=2s\nRestartSec=100ms\n'


class Machine:
    """The Debian while its systemd runs."""

    def __init__(self, root):
        self.root = root
        self.log = root.parent / 'console.log'
        # Where a systemd runs, it gives the machine its place among the control groups; else that is beside ours.
        place = [] if os.path.isdir('/run/systemd/system') else ['--keep-unit']
        with self.log.open('wb') as log:
            self.process = subprocess.Popen(
                ['systemd-nspawn', '--directory', str(root), '--boot', '--register=no', *place, '--private-network',
                 '--console=pipe', f'--machine=storm{os.getpid()}'], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.first = None

    def boot(self):
        """False when no systemd comes up here."""
        deadline = time.monotonic() + debian_test.SETTLE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            children = pathlib.Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children').read_text().split()
            self.first = children[0] if children else None
            if self.first and self.run('systemctl', 'is-system-running', checked=False).strip() in ('running', 'degraded'):
                return True
            time.sleep(0.1)
        return False

    def run(self, *command, checked=True):
        done = subprocess.run(['nsenter', '--target', self.first, '--mount', '--pid', '--net', '--uts', '--ipc', '--cgroup',
                               'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8', 'HOME=/root', *command],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=COMMAND_SECONDS, check=False)
        check(done.returncode == 0 or not checked, f'{" ".join(command)} ended with {done.returncode}:\n{done.stdout}'
              f'\n{self.journal() if command[0] != "journalctl" else ""}')
        return done.stdout

    def install(self, package):
        return self.run('bash', '-c', f'dpkg --install /packages/{package}_*.deb')

    def shown(self, name):
        return self.run('systemctl', 'show', 'stormd', '--value', '--property', name).strip()

    def journal(self):
        return self.run('journalctl', '--unit', 'stormd', '--no-pager', '--lines', '30', checked=False)

    def runners(self):
        """The processes of plugins, by their ids in the machine."""
        found = self.run('sh', '-c', 'grep -l ^storm-plugin-ru /proc/[0-9]*/comm', checked=False)
        return re.findall(r'^/proc/(\d+)/comm$', found, re.MULTILINE)

    def end(self):
        self.process.send_signal(signal.SIGTERM)   # a shutdown in order
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        self.process.kill()
        self.process.wait()
        # What systemd-nspawn makes of control groups in ours.
        for line in pathlib.Path('/proc/self/cgroup').read_text(encoding='utf-8').splitlines():
            number, name, path = line.split(':', 2)
            hierarchy = {'name=systemd': 'systemd', '': 'unified'}.get(name) if number != '0' or name == '' else None
            for base in filter(None, (hierarchy, '.' if number == '0' else None)):
                for part in ('payload', 'supervisor'):
                    top = pathlib.Path('/sys/fs/cgroup', base, path.lstrip('/'), part)
                    for folder, _, _ in os.walk(top, topdown=False):
                        with contextlib.suppress(OSError):
                            os.rmdir(folder)


def session(machine):
    step('the installation starts the service, which is ready when systemd says so')
    machine.install('perfectstorm-{core,cli,operator-text}')
    check(machine.shown('ActiveState') == 'active', f'it is {machine.shown("ActiveState")}:\n{machine.journal()}')
    check(machine.shown('StatusText') == 'Listening at http://127.0.0.1:28482', f'it says {machine.shown("StatusText")}')
    machine.run('stormctl', 'status')

    step('it is shut in')
    status = machine.run('cat', f'/proc/{machine.shown("MainPID")}/status')
    for wanted in (r'^CapEff:\s0+$', r'^NoNewPrivs:\s1$', r'^Seccomp:\s2$', r'^Uid:\s[1-9]'):
        check(re.search(wanted, status, re.MULTILINE), f'{wanted} is not so:\n{status}')
    print(machine.run('systemd-analyze', 'security', '--no-pager', 'stormd').splitlines()[-1])

    step('a plugin is taken in by a reload')
    (machine.root / 'etc/perfectstorm/stormd.yaml').write_text(debian_test.CONFIG, encoding='utf-8')
    process = machine.shown('MainPID')
    machine.install('perfectstorm-executor-simulated')
    eventually('resources', lambda: json.loads(machine.run('stormctl', 'resources', 'ls', '-o', 'json')))
    eventually('the end of the reload', lambda: machine.shown('ActiveState') == 'active')
    check(machine.shown('MainPID') == process, 'it was restarted')
    check('Reloaded stormd.service' in machine.journal(), f'systemd did not reload it:\n{machine.journal()}')

    step('a runner that is killed is started again, and the service goes on')
    runner = eventually('a runner', machine.runners)[0]
    status = machine.run('cat', f'/proc/{runner}/status')
    check(re.search(r'^CapEff:\s0+$', status, re.MULTILINE), f'the runner has capabilities:\n{status}')
    machine.run('kill', '-KILL', runner)
    eventually('another runner', lambda: [another for another in machine.runners() if another != runner])
    check(machine.shown('MainPID') == process and machine.shown('ActiveState') == 'active', f'it ended:\n{machine.journal()}')
    check(json.loads(machine.run('stormctl', 'resources', 'ls', '-o', 'json')), 'the resources are gone')

    step('it is in the group docker after the next start, where there is one')
    machine.run('groupadd', '--system', 'docker')
    check('systemctl restart stormd' in machine.install('perfectstorm-executor-swarm'), 'nobody is told of the restart')
    check(machine.shown('MainPID') == process, 'it was restarted')
    machine.run('systemctl', 'restart', 'stormd')
    check(machine.shown('SupplementaryGroups') == 'docker', 'it is not')

    step('a daemon that hangs is started again')
    folder = machine.root / 'etc/systemd/system/stormd.service.d'
    (folder / 'watchdog.conf').write_text(DROP_IN, encoding='utf-8')
    machine.run('systemctl', 'daemon-reload')
    machine.run('systemctl', 'restart', 'stormd')
    for _ in range(3):   # pings, each at half the watchdog's time
        fed = machine.shown('WatchdogTimestampMonotonic')
        eventually('a ping', lambda before=fed: machine.shown('WatchdogTimestampMonotonic') != before)
    check(machine.shown('NRestarts') == '0', f'it was not fed:\n{machine.journal()}')
    machine.run('kill', '-STOP', machine.shown('MainPID'))
    eventually('a restart', lambda: machine.shown('NRestarts') == '1' and machine.shown('ActiveState') == 'active')
    (folder / 'watchdog.conf').unlink()
    machine.run('systemctl', 'daemon-reload')

    step('an upgrade starts it again, and a purge ends it and leaves nothing')
    process = machine.shown('MainPID')
    machine.install('perfectstorm-core')
    check(machine.shown('ActiveState') == 'active' and machine.shown('MainPID') != process, 'it was not restarted')
    machine.run('sh', '-c', 'dpkg --purge perfectstorm-executor-swarm perfectstorm-executor-simulated perfectstorm-core')
    check(machine.run('systemctl', 'show', 'stormd', '--value', '--property', 'LoadState').strip() == 'not-found',
          'the unit is still known')
    running = machine.run('sh', '-c', 'cat /proc/[0-9]*/comm', checked=False).splitlines()
    check('stormd' not in running and not machine.runners(), f'something still runs: {running}')
    check(not list(machine.root.glob('var/lib/perfectstorm*')) and not folder.exists(), 'something is left')


def main():
    packages = sorted(pathlib.Path(sys.argv[1]).resolve().glob('*.deb'))
    reason = debian_test.why_not()
    if not reason and not shutil.which('systemd-nspawn'):
        reason = 'systemd-nspawn is missing (Debian package: systemd-container)'
    if reason:
        print(f'SKIPPED: {reason}')
        return SKIPPED
    root = pathlib.Path(sys.argv[3]).resolve()
    if not debian_test.made_root(sys.argv[2], root, packages, WITH):
        print('SKIPPED: no Debian root can be made here (see above)')
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix='storm-systemd-', dir='/var/tmp') as name:
        copy = pathlib.Path(name) / 'root'
        subprocess.run(['cp', '-a', str(root), str(copy)], check=True)
        (copy / 'usr/sbin/policy-rc.d').unlink()
        (copy / 'packages').mkdir()
        for package in packages:
            shutil.copy(package, copy / 'packages')
        machine = Machine(copy)
        try:
            if not machine.boot():
                print(f'SKIPPED: no systemd boots here:\n{machine.log.read_text(errors="replace")[-2000:]}')
                return SKIPPED
            session(machine)
        except Failure as failure:
            print(f'FAILED: {failure}')
            return 1
        finally:
            machine.end()
    return 0


if __name__ == '__main__':
    sys.exit(main())
