#!/usr/bin/env python3
"""What somebody does who has only the installed SDK.
usage: user_test.py BUILD example NAME    builds examples/plugins/NAME out of the tree by its README.md, and runs it
       user_test.py BUILD new KIND-LANG   the same with what `stormctl plugin new` writes
       user_test.py BUILD readme          the commands of "Write a plugin" in the project's README.md
       user_test.py BUILD package         what pkg-config and CMake say of a prefix that was moved
The exit code is 77 when a compiler is missing that the plugin needs.
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'scenarios'))
from server import Failure, Server  # noqa: E402

SLOWNESS = float(os.environ.get('STORM_TEST_SLOWNESS', '1'))
BUILD_SECONDS = 120 * SLOWNESS
SEEN_SECONDS = 20 * SLOWNESS
REQUEST_SECONDS = 20 * SLOWNESS
SKIPPED = 77
SHELL_BLOCK = re.compile(r'^```sh\n(.*?)^```$', re.M | re.S)
# What an example needs beside CMake and the compilers of the project.
TOOLS = {'rust-executor': 'rustc', 'go-executor': 'go'}


class Skip(Exception):
    """A tool that this needs is not here."""


def run(command, cwd=None, environment=None, wanted=0):
    answer = subprocess.run(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, timeout=BUILD_SECONDS, check=False)
    if wanted is not None and answer.returncode != wanted:
        raise Failure(f'{command}: exit code {answer.returncode}\n{answer.stdout}')
    return answer.stdout


class Sdk:
    """The SDK, installed into a folder of its own and moved afterwards."""

    def __init__(self, build, folder):
        first = folder / 'first'
        for component in ('perfectstorm-sdk', 'perfectstorm-cli'):
            run(['cmake', '--install', str(build), '--prefix', str(first), '--component', component])
        self.prefix = folder / 'prefix'
        first.rename(self.prefix)
        self.bin = build / 'bin'

    def environment(self):
        """A person's shell, with the prefix where tools look for it."""
        environment = {name: os.environ[name] for name in ('PATH', 'HOME', 'RUSTUP_HOME', 'CARGO_HOME', 'GOCACHE')
                       if name in os.environ}
        found = list(self.prefix.rglob('perfectstorm.pc'))
        environment.update({'CMAKE_PREFIX_PATH': str(self.prefix), 'CMAKE_GENERATOR': 'Ninja', 'LC_ALL': 'C.UTF-8',
                            'PKG_CONFIG_PATH': str(found[0].parent) if found else '',
                            'CFLAGS': '-Wall -Wextra -Wpedantic -Werror', 'CXXFLAGS': '-Wall -Wextra -Wpedantic -Werror'})
        return environment

    def stormctl(self, *words, cwd, wanted=0):
        return run([str(self.prefix / 'bin' / 'stormctl'), *words], cwd=cwd, environment=self.environment(),
                   wanted=wanted)

    def build(self, project):
        """By the first block of its README.md, as somebody would who reads it."""
        commands = SHELL_BLOCK.search((project / 'README.md').read_text(encoding='utf-8'))
        if not commands:
            raise Failure(f'{project / "README.md"} does not say how to build it')
        run(['bash', '-ec', commands[1]], cwd=project, environment=self.environment())
        manifests = [path for path in project.rglob('*.yaml') if re.match(r'(executor|storage|operator)-', path.name)
                     and list(path.parent.glob('*.so'))]
        if len(manifests) != 1:
            raise Failure(f'{project}: not one plugin was built but {manifests}')
        check = self.bin / 'storm-plugin-check'
        if check.exists():
            # A library in Go always has what is warned of; it is alone in its process.
            strict = [] if 'runtime: go' in manifests[0].read_text(encoding='utf-8') else ['--strict']
            run([str(check), *strict, str(manifests[0].with_suffix('.so'))])
        return manifests[0]


def request(server, method, path, body=None):
    connection = server.connection(REQUEST_SECONDS)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), {'Content-Type': 'application/json'})
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text) if text else None
    finally:
        connection.close()


def get(server, path, query=None):
    asked = path + ('?q=' + urllib.parse.quote(json.dumps(query)) if query is not None else '')
    status, body = request(server, 'GET', asked)
    if status != 200:
        raise Failure(f'GET {asked} was answered {status}: {body}')
    return body


def create(server, path, body):
    status, answer = request(server, 'POST', path, body)
    if status != 201:
        raise Failure(f'POST {path} was answered {status}: {answer}')
    return answer


def until(what, condition):
    deadline = time.monotonic() + SEEN_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise Failure(f'not seen within {SEEN_SECONDS} s: {what}')


def configure(server, manifest, rest):
    (server.folder / 'storm.yaml').write_text(
        f'listen: ["127.0.0.1:0"]\nplugins: {{paths: ["{manifest.parent}"]}}\n{rest}', encoding='utf-8')


def runners_of(server):
    """How many processes stormd has started for plugins."""
    count = 0
    for status in pathlib.Path('/proc').glob('[0-9]*/status'):
        try:
            lines = dict(line.split(':\t', 1) for line in status.read_text(encoding='utf-8').splitlines() if ':\t' in line)
        except OSError:
            continue  # it has ended
        count += lines.get('PPid') == str(server.process.pid) and lines['Name'].startswith('storm-plugin')
    return count


def watch_machine(server, name):
    """The plugin's resource is there and changes by itself."""
    server.start('--ephemeral')
    machine = until('the machine', lambda: get(server, '/v1/resources', {'type': 'machine', 'stale': False}))[0]
    if machine['names'] != [socket.gethostname()] or machine['status'] != 'running':
        raise Failure(f'this is not the machine: {machine}')
    snapshot = machine['snapshot']
    if snapshot['uptime_s'] <= 0 or snapshot['load'] < 0 or snapshot['memory_bytes'] <= 0:
        raise Failure(f'this cannot be what the machine says: {snapshot}')
    until('a newer look at the machine',
          lambda: get(server, '/v1/resources')[0]['snapshot']['uptime_s'] > snapshot['uptime_s'])
    agent = get(server, '/v1/agents')[0]
    if agent['status'] != 'online' or agent['type'] != name or agent['source']['state'] != 'live':
        raise Failure(f'the agent is not well: {agent}')


def use_executor(server, manifest, name):
    """Its resource is there without settings, in stormd and in a process of its own, and ends with stormd."""
    configure(server, manifest, f'executors:\n  - {{name: here, plugin: {name}}}\n')
    watch_machine(server, name)
    alone = (server.bin / 'storm-plugin-runner').exists()
    if runners_of(server) != (1 if alone else 0):
        raise Failure(f'{runners_of(server)} processes run the plugin')
    server.stop()
    instance = f'isolation: {{{name}: in-process}}'
    configure(server, manifest, f'executors:\n  - {{name: here, plugin: {name}}}\n')
    config = server.folder / 'storm.yaml'
    config.write_text(config.read_text(encoding='utf-8').replace('plugins: {', f'plugins: {{{instance}, '), encoding='utf-8')
    if 'runtime: go' in manifest.read_text(encoding='utf-8'):
        server.start('--ephemeral')
        until('the refusal to load it into stormd', lambda: 'here does not run' in server.log_text())
    else:
        watch_machine(server, name)
        if runners_of(server) != 0:
            raise Failure('the plugin runs in a process of its own, against the configuration')
    server.stop()
    # A setting that is wrong is told, and spoils nothing else.
    configure(server, manifest, f'executors:\n  - {{name: here, plugin: {name}, config: {{every: 0}}}}\n')
    server.start('--ephemeral')
    until('what is wrong with the setting', lambda: '"every" must be a whole number' in server.log_text())
    server.stop()
    configure(server, manifest, f'executors:\n  - {{name: here, plugin: {name}, config: {{evry: 1}}}}\n')
    server.start('--ephemeral')
    until('the setting that there is not', lambda: re.search(r'setting.*"every"[^\n]*', server.log_text().split('whole number')[-1]))
    server.stop()


def use_storage(server, manifest, name):
    """What was acknowledged is there after a restart, and after a kill."""
    configure(server, manifest, f'storage: {{plugin: {name}, config: {{path: "{server.folder}/rows"}}}}\n')
    server.start()
    create(server, '/v1/groups', {'name': 'first', 'query': {'type': 'vm'}})
    server.stop()
    server.start()
    create(server, '/v1/groups', {'name': 'second', 'query': {'type': 'vm'}})
    server.kill()
    server.start()
    names = sorted(group['name'] for group in get(server, '/v1/groups'))
    if names != ['first', 'second']:
        raise Failure(f'these groups came back: {names}')
    status, _ = request(server, 'DELETE', '/v1/groups/first')
    if status not in (200, 204):
        raise Failure(f'DELETE was answered {status}')
    server.stop()
    server.start()
    if [group['name'] for group in get(server, '/v1/groups')] != ['second']:
        raise Failure('a group that was removed came back')
    server.stop()


def use_operator(server, manifest, name):
    """It answers queries, groups follow it, and what is wrong with an argument is told."""
    configure(server, manifest, '')
    server.start('--ephemeral')
    create(server, '/v1/agents', {'type': 'test', 'name': 'writer'})
    for image in ('library/nginx:1.25-alpine', 'library/nginx:1.25'):
        create(server, '/v1/resources', {'type': 'task', 'names': [image], 'owner': 'writer', 'image': image})
    operator = f'${name}'
    for argument, wanted in (('-alpine', 1), (['-alpine', '1.25'], 2), ('nginx', 0), ('\u00e9"\\', 0)):
        found = get(server, '/v1/resources', {'image': {operator: argument}})
        if len(found) != wanted:
            raise Failure(f'{operator} {argument} found {len(found)}, not {wanted}')
    create(server, '/v1/groups', {'name': 'alpine', 'query': {'image': {operator: '-alpine'}}})
    create(server, '/v1/resources', {'type': 'task', 'names': ['new'], 'owner': 'writer', 'image': 'library/redis:7-alpine'})
    if len(get(server, '/v1/groups/alpine/members')) != 2:
        raise Failure('a group does not follow the operator')
    for wrong in (5, [], [5], {'a': 1}, None):
        status, answer = request(server, 'GET', '/v1/resources?q=' + urllib.parse.quote(json.dumps({'image': {operator: wrong}})))
        if status != 400 or 'needs a text' not in json.dumps(answer):
            raise Failure(f'{operator} {wrong} was answered {status}: {answer}')
    server.stop()


USES = {'executor': use_executor, 'storage': use_storage, 'operator': use_operator}


def refuse_go(server, manifest, name):
    """What starts a runtime of its own is not loaded into stormd."""
    configure(server, manifest, f'executors:\n  - {{name: here, plugin: {name}}}\n')
    server.start('--ephemeral')
    until('the refusal', lambda: re.search(r"runtime 'go', which cannot be loaded into stormd", server.log_text()))
    server.stop()


def use(sdk, manifest):
    kind, name = manifest.stem.split('-', 1)
    go = 'runtime: go' in manifest.read_text(encoding='utf-8')
    alone = go and not (sdk.bin / 'storm-plugin-runner').exists()
    server = Server(sdk.bin, SLOWNESS)
    try:
        (refuse_go if alone else USES[kind])(server, manifest, name)
    except (Failure, KeyError, OSError) as fault:
        raise Failure(f'{fault!r}\n--- the end of the log of stormd:\n{server.log_text()[-3000:]}') from fault
    finally:
        server.close()


def conform_storage(sdk, manifest):
    suite = sdk.bin.parent / 'tests' / 'storm_storage_conformance'
    name = manifest.stem.split('-', 1)[1]
    environment = {**os.environ, 'STORM_STORE_LIBRARY': str(manifest.with_suffix('.so')),
                   'STORM_STORE_ENTRY': f'storm_entry_{name}', 'STORM_STORE_CONFIG': '{"path": "@DIR@/rows"}'}
    print(run([str(suite)], environment=environment).strip().splitlines()[-1])


def build_with_clang(sdk, project):
    environment = {**sdk.environment(), 'CC': 'clang', 'CXX': 'clang++'}
    run(['cmake', '-B', 'build-clang'], cwd=project, environment=environment)
    run(['cmake', '--build', 'build-clang'], cwd=project, environment=environment)
    return next((project / 'build-clang' / 'plugins').glob('*.yaml'))


def conform_executor(sdk, manifest):
    suite = sdk.bin.parent / 'tests' / 'storm_executor_conformance'
    environment = {**os.environ, 'STORM_EXECUTOR_NAME': manifest.stem.split('-', 1)[1],
                   'STORM_EXECUTOR_FOLDER': str(manifest.parent), 'STORM_EXECUTOR_CONFIG': '{"every":1}',
                   'STORM_EXECUTOR_BAD_CONFIG': '{"every":"often"}', 'STORM_EXECUTOR_BAD_KEY': 'every'}
    print(run([str(suite)], environment=environment).strip().splitlines()[-1])


def test_example(sdk, folder, name):
    tool = TOOLS.get(name)
    if tool and not shutil.which(tool):
        raise Skip(f'{tool} is not installed: the plugin in {name.split("-")[0].capitalize()} is not built')
    project = folder / name
    shutil.copytree(ROOT / 'examples' / 'plugins' / name, project, ignore=shutil.ignore_patterns('build'))
    manifest = sdk.build(project)
    use(sdk, manifest)
    if name in ('c-storage', 'cpp-storage'):
        conform_storage(sdk, manifest)
    # What has a runtime of its own is not loaded by a test either.
    if name in ('c-executor', 'cpp-executor', 'rust-executor'):
        conform_executor(sdk, manifest)
    if name in ('c-executor', 'cpp-executor'):
        if shutil.which('clang++'):
            conform_executor(sdk, build_with_clang(sdk, project))
        else:
            print(f'clang is not installed: {name} is built by the default compiler only')


def test_new(sdk, folder, template):
    kind, language = template.split('-')
    name = 'linux'  # a word that compilers make a macro of where they are let
    sdk.stormctl('plugin', 'new', name, '--kind', kind, '--lang', language, cwd=folder)
    project = folder / name
    use(sdk, sdk.build(project))
    test_new_package(sdk, project, kind, name)


def test_new_package(sdk, project, kind, name):
    if not shutil.which('dpkg-deb'):
        print('dpkg-deb is not installed: the package is not looked at')
        return
    run(['cpack'], cwd=project / 'build', environment={**sdk.environment(), 'USER': 'somebody'})
    packages = list((project / 'build').glob('*.deb'))
    if len(packages) != 1:
        raise Failure(f'not one package but {packages}')
    fields = run(['dpkg-deb', '--field', str(packages[0])])
    files = run(['dpkg-deb', '--contents', str(packages[0])])
    for wanted in (f'Package: perfectstorm-{kind}-{name}', 'perfectstorm-plugin-abi-1 (>= 1.'):
        if wanted not in fields:
            raise Failure(f'"{wanted}" is not in the package:\n{fields}')
    for ending in ('so', 'yaml'):
        if f'./usr/lib/perfectstorm/plugins/{kind}-{name}.{ending}' not in files:
            raise Failure(f'the package has not the .{ending}:\n{files}')


def test_readme(sdk, folder):
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    commands = SHELL_BLOCK.search(text, text.index('## Write a plugin'))[1]
    name = re.search(r'plugin new (\w+)', commands)[1]
    environment = sdk.environment()
    environment['PATH'] = f'{sdk.prefix / "bin"}:{environment["PATH"]}'
    run(['bash', '-ec', commands], cwd=folder, environment=environment)
    package = re.search(r'# (perfectstorm\S+\.deb)', commands)[1]
    if shutil.which('dpkg') and run(['dpkg', '--print-architecture']).strip() in package:
        if not (folder / name / 'build' / package).exists():
            raise Failure(f'{package} was not made')
    use(sdk, next((folder / name / 'build' / 'plugins').glob('*.yaml')))


def test_package(sdk, folder):
    """The moved prefix is found by what is in it, and by nothing of the tree."""
    tree = str(ROOT)
    for path in sdk.prefix.rglob('*'):
        if path.is_file() and path.suffix in ('.cmake', '.pc', '.h', '.hpp') and tree in path.read_text(encoding='utf-8'):
            raise Failure(f'{path} names the tree that it was built in')
    source = folder / 'one.c'
    source.write_text('#include "storm/executor.h"\n#include "storm/storage.h"\n#include "storm/query_operator.h"\n'
                      'int main(void) { return STORM_ABI_MAJOR == 1 ? 0 : 1; }\n', encoding='utf-8')
    if shutil.which('pkg-config'):
        flags = run(['pkg-config', '--cflags', 'perfectstorm'], environment=sdk.environment()).split()
        run(['cc', *flags, str(source), '-o', str(folder / 'one')])
        run([str(folder / 'one')])
        version = run(['pkg-config', '--variable=abi_version', 'perfectstorm'], environment=sdk.environment()).strip()
        if not re.fullmatch(r'1\.\d+', version):
            raise Failure(f'abi_version is {version}')
        plugins = run(['pkg-config', '--variable=plugindir', 'perfectstorm'], environment=sdk.environment()).strip()
        if os.path.realpath(plugins) != os.path.realpath(sdk.prefix / 'lib' / 'perfectstorm' / 'plugins'):
            raise Failure(f'plugindir is {plugins}')
    # A version that nobody has is refused, with words.
    (folder / 'CMakeLists.txt').write_text('cmake_minimum_required(VERSION 3.25)\nproject(one LANGUAGES C)\n'
                                           'find_package(PerfectStorm 99 REQUIRED)\n', encoding='utf-8')
    said = run(['cmake', '-B', str(folder / 'b'), '-S', str(folder)], environment=sdk.environment(), wanted=None)
    if 'compatible with requested version' not in said:
        raise Failure(f'CMake does not refuse another version:\n{said}')


def main():
    build, what, *rest = pathlib.Path(sys.argv[1]).resolve(), *sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix='storm-user-') as name:
        folder = pathlib.Path(os.path.realpath(name))
        try:
            {'example': test_example, 'new': test_new, 'readme': test_readme, 'package': test_package}[what](Sdk(build, folder), folder, *rest)
        except Skip as reason:
            print(f'SKIPPED: {reason}')
            return SKIPPED
        except (Failure, subprocess.TimeoutExpired) as fault:
            print(f'FAILED  {what} {" ".join(rest)}: {fault}')
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
