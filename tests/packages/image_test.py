#!/usr/bin/env python3
"""The container image, built and run by an engine that the test starts: it is healthy, is not root, takes a configuration
that is mounted, keeps its state in its volume, and ends when it is told to. As root.
usage: image_test.py FOLDER_OF_PACKAGES PACKAGING_FOLDER ROOT     (ROOT as in debian_test.py)"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / 'bench'), str(HERE)]
import debian_test  # noqa: E402
from debian_test import SKIPPED, Failure, check, eventually, step  # noqa: E402
from swarm_bed import SwarmBed  # noqa: E402

SECONDS = 120 * debian_test.SLOWNESS
CONFIG = 'executors:\n  - {name: demo, plugin: simulated, config: {nodes: 2, services: 1, static: true}}\n'
STOP_SECONDS = 10   # then the engine kills it


class Engine:
    def __init__(self, socket):
        self.environment = {'PATH': os.environ['PATH'], 'HOME': '/nonexistent', 'DOCKER_HOST': f'unix://{socket}'}

    def docker(self, *words, given='', checked=True):
        done = subprocess.run(['docker', *words], env=self.environment, input=given, capture_output=True, text=True,
                              timeout=SECONDS, check=False)
        check(done.returncode == 0 or not checked, f'docker {" ".join(words)} ended with {done.returncode}: {done.stderr}')
        return done.stdout.strip()

    def start(self, config):
        self.docker('run', '--detach', '--name', 'storm', '--network', 'host', '--volume', 'state:/var/lib/perfectstorm',
                    '--volume', f'{config}:/etc/perfectstorm/stormd.yaml:ro', 'perfectstorm')
        try:
            eventually('a healthy container', lambda: self.docker(
                'inspect', '--format', '{{.State.Health.Status}}', 'storm') == 'healthy')
        except Failure as failure:
            raise Failure(f'{failure}\n{self.docker("logs", "storm")}\n{self.docker("inspect", "storm")}') from failure

    def end(self):
        started = time.monotonic()
        self.docker('stop', '--time', str(STOP_SECONDS), 'storm')
        check(time.monotonic() - started < STOP_SECONDS, 'stormd had to be killed')
        code = self.docker('inspect', '--format', '{{.State.ExitCode}}', 'storm')
        check(code == '0', f'stormd ended with {code}')
        self.docker('rm', 'storm')

    def stormctl(self, *words, given=''):
        return self.docker('exec', *(['--interactive'] if given else []), 'storm', 'stormctl', *words, given=given)


def session(engine, config):
    step('the container is healthy, and is not root')
    engine.start(config)
    check(engine.docker('exec', 'storm', 'id', '-un') == 'perfectstorm', 'it runs as somebody else')
    eventually('resources', lambda: json.loads(engine.stormctl('resources', 'ls', '-o', 'json')))
    engine.stormctl('import', '-f', '-', given=debian_test.GROUP)
    print(engine.stormctl('status'))

    step('it ends when it is told to, and the volume keeps what was written')
    engine.end()
    engine.start(config)
    check('everything' in engine.stormctl('groups', 'ls'), 'the group is gone')
    engine.end()


def main():
    packages = sorted(pathlib.Path(sys.argv[1]).resolve().glob('*.deb'))
    packaging, root = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve()
    reason = debian_test.why_not() or SwarmBed.why_not()
    if reason:
        print(f'SKIPPED: {reason}')
        return SKIPPED
    if not debian_test.made_root(str(packaging / 'make-root'), root, packages):
        print('SKIPPED: no Debian root can be made here (see above)')
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix='storm-image-', dir='/var/tmp') as folder, SwarmBed() as bed:
        config = pathlib.Path(folder) / 'stormd.yaml'
        config.write_text(CONFIG, encoding='utf-8')
        os.chmod(folder, 0o755)
        engine = Engine(bed.socket)
        step('the image is made without a registry')
        made = subprocess.run([str(packaging / 'make-image'), '--packages', sys.argv[1], '--root', str(root)],
                              env=engine.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=SECONDS, check=False)
        try:
            check(made.returncode == 0, f'make-image ended with {made.returncode}:\n{made.stdout}')
            print(engine.docker('images'))
            session(engine, config)
        except Failure as failure:
            print(f'FAILED: {failure}')
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
