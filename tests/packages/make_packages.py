#!/usr/bin/env python3
"""Makes the packages of what is built, and looks whether each has what it should.
usage: make_packages.py CPACK BUILD_FOLDER OUTPUT_FOLDER"""
import pathlib
import shutil
import subprocess
import sys

SECONDS = 300
WANTED = ('core', 'cli', 'sdk', 'agent', 'operator-text', 'executor-swarm', 'executor-simulated', 'executor-jsonl')
# By folder: what has to be in which package.
FILES = {
    'core': ('usr/sbin/stormd', 'usr/lib/systemd/system/stormd.service', 'usr/lib/sysusers.d/perfectstorm.conf',
             'etc/perfectstorm/stormd.yaml', 'usr/share/man/man8/stormd.8.gz', 'usr/share/man/man5/stormd.yaml.5.gz',
             'usr/lib/perfectstorm/plugins/storage-sqlite.so', 'usr/libexec/perfectstorm/storm-plugin-runner'),
    'operator-text': ('usr/lib/perfectstorm/plugins/operator-text.so',),
    'cli': ('usr/bin/stormctl', 'usr/share/man/man1/stormctl.1.gz', 'usr/share/bash-completion/completions/stormctl',
            'usr/share/zsh/vendor-completions/_stormctl', 'usr/share/fish/vendor_completions.d/stormctl.fish'),
    'sdk': ('usr/include/storm/plugin.h', 'usr/lib/cmake/PerfectStorm/PerfectStormConfig.cmake'),
    'executor-swarm': ('usr/lib/perfectstorm/plugins/executor-swarm.so', 'usr/lib/perfectstorm/plugins/executor-swarm.yaml'),
}


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True).stdout


def main():
    cpack, build, output = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    shutil.rmtree(output, ignore_errors=True)
    made = subprocess.run([cpack, '--config', str(build / 'CPackConfig.cmake'), '-B', str(output)], capture_output=True,
                          text=True, timeout=SECONDS, check=False)
    if made.returncode != 0:
        print(f'cpack failed; is everything built?\n{made.stdout}{made.stderr}')
        return 1
    shutil.rmtree(output / '_CPack_Packages', ignore_errors=True)
    packages = {output_of('dpkg-deb', '-f', str(file), 'Package').strip(): file for file in output.glob('*.deb')}
    faults = [f'there is no package perfectstorm-{name}' for name in WANTED if f'perfectstorm-{name}' not in packages]
    for name, wanted in FILES.items():
        if f'perfectstorm-{name}' not in packages:
            continue
        listed = output_of('dpkg-deb', '-c', str(packages[f'perfectstorm-{name}'])).splitlines()
        held = {line.split(None, 5)[5].removeprefix('./') for line in listed}
        faults += [f'perfectstorm-{name} has no {file}' for file in wanted if file not in held]
        faults += [f'perfectstorm-{name}: not of root: {line}' for line in listed if ' root/root ' not in line]
    for name, file in packages.items():
        print(f'{name}: {file.stat().st_size >> 10} KB, {output_of("dpkg-deb", "-f", str(file), "Depends").strip()}')
    print('\n'.join(faults), end='\n' if faults else '')
    return 1 if faults or not packages else 0


if __name__ == '__main__':
    sys.exit(main())
