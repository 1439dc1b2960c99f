"""Volumes and the environment of a container that has no file system of its own.

There are no mount namespaces here (they need privileges that a test has not): a
container gets a directory that stands for its root, and the mount paths in its
command, arguments and environment are replaced by paths under that directory.
"""
import base64
import os
import re

VARIABLE = re.compile(r'\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)')
PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


class NotReady(Exception):
    """The kubelet would try again."""


class BadConfig(Exception):
    """CreateContainerConfigError."""


def expand(text, env):
    return VARIABLE.sub(lambda m: '$' if m.group(0) == '$$' else
                        env.get(m.group(1), m.group(0)), text)


class Mounts:
    def __init__(self, root):
        self.root = root
        self.paths = []

    def add(self, path, source):
        path = os.path.normpath(path)
        at = self.root + path
        os.makedirs(os.path.dirname(at), exist_ok=True)
        if os.path.lexists(at):
            os.rmdir(at)
        os.symlink(source, at)
        # /nni for a mount at /nni/run, where this machine has no /nni: scripts put
        # such paths together; but not /mnt for one at /mnt/data.
        while not os.path.exists(os.path.dirname(path)):
            path = os.path.dirname(path)
        if path not in self.paths:
            self.paths.append(path)

    def map(self, text):
        for path in sorted(self.paths, key=len, reverse=True):
            if path in text:
                text = re.sub(r'(?<![\w.\-/])' + re.escape(path) +
                              r'(?![\w-]|\.\w)', lambda m: self.root + m.group(0),
                              text)
        return text


class Resources:
    """What a pod refers to."""

    def __init__(self, store, scratch, pod):
        self.store, self.scratch, self.pod = store, scratch, pod
        self.namespace = pod['metadata']['namespace']

    def find(self, plural, name, optional=False):
        obj = self.store.get(plural, self.namespace, name)
        if obj is None and not optional:
            raise NotReady('%s "%s" not found' % (plural[:-1], name))
        return obj

    def field(self, path):
        meta, spec = self.pod['metadata'], self.pod['spec']
        m = re.match(r"metadata\.(labels|annotations)\['(.+)'\]$", path)
        if m:
            return (meta.get(m.group(1)) or {}).get(m.group(2), '')
        status = self.pod.get('status') or {}
        return {'metadata.name': meta['name'], 'metadata.uid': meta['uid'],
                'metadata.namespace': self.namespace,
                'spec.nodeName': spec.get('nodeName', ''),
                'spec.serviceAccountName': spec.get('serviceAccountName',
                                                    'default'),
                'status.podIP': status.get('podIP', '127.0.0.1'),
                'status.hostIP': '127.0.0.1'}.get(path, '')

    def content(self, plural, ref):
        """name: bytes"""
        obj = self.find(plural, ref.get('name') or ref.get('secretName'),
                        ref.get('optional'))
        if obj is None:
            return {}
        out = {k: base64.b64decode(v) if plural == 'secrets' else v.encode()
               for k, v in (obj.get('data') or {}).items()}
        out.update({k: base64.b64decode(v)
                    for k, v in (obj.get('binaryData') or {}).items()})
        if not ref.get('items'):
            return out
        for item in ref['items']:
            if item['key'] not in out and not ref.get('optional'):
                raise NotReady('references non-existent config key: ' + item['key'])
        return {i['path']: out[i['key']] for i in ref['items'] if i['key'] in out}

    def fill(self, where, source):
        if 'configMap' in source:
            files = self.content('configmaps', source['configMap'])
        elif 'secret' in source:
            files = self.content('secrets', source['secret'])
        elif 'downwardAPI' in source:
            files = {i['path']: self.field(i['fieldRef']['fieldPath']).encode()
                     for i in source['downwardAPI'].get('items') or []
                     if 'fieldRef' in i}
        else:
            files = {'token': b'token'}
        for name, data in files.items():
            at = os.path.join(where, name)
            os.makedirs(os.path.dirname(at), exist_ok=True)
            with open(at, 'wb') as f:
                f.write(data)

    def volume(self, v, where, nfs_root):
        """The directory that is mounted."""
        if 'hostPath' in v:
            path, kind = v['hostPath']['path'], v['hostPath'].get('type') or ''
            if kind == 'DirectoryOrCreate':
                os.makedirs(path, exist_ok=True)
            if kind == 'Directory' and not os.path.isdir(path):
                raise NotReady('hostPath type check failed: %s is not a directory'
                               % path)
            return path
        if 'nfs' in v:
            path = nfs_root + v['nfs']['path']
            if not os.path.isdir(path):
                raise NotReady(
                    'mount.nfs: mounting %s:%s failed, reason given by server: No '
                    'such file or directory' % (v['nfs']['server'],
                                                v['nfs']['path']))
            return path
        if 'persistentVolumeClaim' in v:
            where = os.path.join(self.scratch, 'pvc', self.namespace,
                                 v['persistentVolumeClaim']['claimName'])
        elif 'azureFile' in v:
            self.find('secrets', v['azureFile']['secretName'])
            where = os.path.join(self.scratch, 'azurefile',
                                 v['azureFile']['shareName'])
        os.makedirs(where, exist_ok=True)
        for source in (v.get('projected') or {}).get('sources') or []:
            self.fill(where, source)
        if 'configMap' in v or 'secret' in v or 'downwardAPI' in v:
            self.fill(where, v)
        return where

    def environment(self, c):
        env = {'PATH': PATH, 'HOSTNAME': self.pod['metadata']['name'],
               'HOME': '/root'}
        for e in c.get('envFrom') or []:
            for key, plural in (('configMapRef', 'configmaps'),
                                ('secretRef', 'secrets')):
                if key in e:
                    for k, v in self.content(plural, e[key]).items():
                        env[(e.get('prefix') or '') + k] = v.decode()
        for e in c.get('env') or []:
            env[e['name']] = self.value(c, e, env)
        return {k: v for k, v in env.items() if v is not None}

    def value(self, c, e, env):
        source = e.get('valueFrom')
        if not source:
            return expand(e.get('value') or '', env)
        if 'fieldRef' in source:
            return self.field(source['fieldRef']['fieldPath'])
        if 'resourceFieldRef' in source:
            part, name = source['resourceFieldRef']['resource'].split('.', 1)
            return str(((c.get('resources') or {}).get(part) or {}).get(name, '0'))
        for key, plural in (('secretKeyRef', 'secrets'),
                            ('configMapKeyRef', 'configmaps')):
            if key not in source:
                continue
            ref = source[key]
            try:
                data = self.content(plural, ref)
            except NotReady as why:
                raise BadConfig(str(why))
            if ref['key'] in data:
                return data[ref['key']].decode()
            if not ref.get('optional'):
                raise BadConfig("couldn't find key %s in %s %s/%s" % (
                    ref['key'], 'Secret' if plural == 'secrets' else 'ConfigMap',
                    self.namespace, ref['name']))
        return None
