"""What Kubernetes refuses with 422 though it has the right shape: names, labels,
pod specs.  Faults are (reason, field, message), as in a Status' causes."""
import base64
import json
import re

LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
SUBDOMAIN = LABEL + r'(\.' + LABEL + ')*'
DNS1123 = ('a lowercase RFC 1123 %s must consist of lower case alphanumeric '
           "characters%s, and must start and end with an alphanumeric character "
           "(e.g. '%s', regex used for validation is '%s')")
WORD = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
SUFFIX = {'': 1, 'm': 1e-3, 'u': 1e-6, 'n': 1e-9, 'k': 1e3, 'M': 1e6, 'G': 1e9,
          'T': 1e12, 'P': 1e15, 'E': 1e18, 'Ki': 2 ** 10, 'Mi': 2 ** 20,
          'Gi': 2 ** 30, 'Ti': 2 ** 40, 'Pi': 2 ** 50, 'Ei': 2 ** 60}
MAX_DATA = 1048576


def quantity(text):
    m = re.match(r'([+-]?[0-9.]+)(.*)', str(text))
    if m.group(2)[:1] in ('e', 'E') and m.group(2) != 'E':
        return float(str(text))
    return float(m.group(1)) * SUFFIX[m.group(2)]


def invalid(field, value, text):
    return ('FieldValueInvalid', field, 'Invalid value: %s: %s'
            % (json.dumps(value, ensure_ascii=False), text))


def required(field, text=''):
    return ('FieldValueRequired', field, 'Required value' +
            (': ' + text if text else ''))


def unsupported(field, value, allowed):
    return ('FieldValueNotSupported', field,
            'Unsupported value: %s: supported values: %s' %
            (json.dumps(value), ', '.join('"%s"' % x for x in allowed)))


def dns_label(name, field, bad):
    if len(name) > 63:
        bad.append(invalid(field, name, 'must be no more than 63 characters'))
    if not re.fullmatch(LABEL, name):
        bad.append(invalid(field, name, DNS1123 % (
            'label', " or '-'", "my-name',  or '123-abc", LABEL)))


def dns_subdomain(name, field, bad):
    if len(name) > 253:
        bad.append(invalid(field, name, 'must be no more than 253 characters'))
    if not re.fullmatch(SUBDOMAIN, name):
        bad.append(invalid(field, name, DNS1123 % (
            'subdomain', ", '-' or '.'", 'example.com', SUBDOMAIN)))


def key(name, field, bad):
    prefix, slash, last = name.rpartition('/')
    if slash and not (re.fullmatch(SUBDOMAIN, prefix) and len(prefix) <= 253):
        bad.append(invalid(field, name, 'prefix part ' + DNS1123 % (
            'subdomain', ", '-' or '.'", 'example.com', SUBDOMAIN)))
    if len(last) > 63:
        bad.append(invalid(field, name, 'name part must be no more than 63 '
                           'characters'))
    if not re.fullmatch(WORD, last):
        bad.append(invalid(
            field, name, "name part must consist of alphanumeric characters, '-', "
            "'_' or '.', and must start and end with an alphanumeric character "
            "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
            "validation is '%s')" % WORD))


def labels(values, field, bad):
    for k, v in (values or {}).items():
        key(k, field, bad)
        if len(v) > 63:
            bad.append(invalid(field, v, 'must be no more than 63 characters'))
        if not re.fullmatch('(%s)?' % WORD, v):
            bad.append(invalid(
                field, v, "a valid label must be an empty string or consist of "
                "alphanumeric characters, '-', '_' or '.', and must start and end "
                "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
                "or '12345', regex used for validation is '(%s)?')" % WORD))


def annotations(values, field, bad):
    total = 0
    for k, v in (values or {}).items():
        key(k.lower(), field, bad)
        total += len(k) + len(v.encode())
    if total > 256 * 1024:
        bad.append(('FieldValueTooLong', field,
                    'Too long: must have at most 262144 bytes'))


def metadata(meta, bad):
    name = meta.get('name') or meta.get('generateName')
    if not name:
        bad.append(required('metadata.name', 'name or generateName is required'))
    else:
        dns_subdomain(meta.get('name') or name.rstrip('-') or '-',
                      'metadata.name', bad)
    labels(meta.get('labels'), 'metadata.labels', bad)
    annotations(meta.get('annotations'), 'metadata.annotations', bad)


def env(c, field, bad):
    for i, e in enumerate(c.get('env') or []):
        at = '%s.env[%d]' % (field, i)
        if not e.get('name'):
            bad.append(required(at + '.name'))
        elif not re.fullmatch('[-._a-zA-Z][-._a-zA-Z0-9]*', e['name']):
            bad.append(invalid(
                at + '.name', e['name'], 'a valid environment variable name must '
                "consist of alphabetic characters, digits, '_', '-', or '.', and "
                "must not start with a digit (e.g. 'my.env-name',  or "
                "'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is "
                "'[-._a-zA-Z][-._a-zA-Z0-9]*')"))
        if e.get('value') and e.get('valueFrom'):
            bad.append(invalid(at + '.valueFrom', '', 'may not be specified when '
                               '`value` is not empty'))


def resources(c, field, bad):
    r = c.get('resources') or {}
    limits, requests = r.get('limits') or {}, r.get('requests') or {}
    for part, values in (('limits', limits), ('requests', requests)):
        for k, v in values.items():
            at = '%s.resources.%s[%s]' % (field, part, k)
            if '/' not in k and k not in ('cpu', 'memory', 'ephemeral-storage') \
                    and not k.startswith('hugepages-'):
                bad.append(invalid(at, k, 'must be a standard resource for '
                                   'containers'))
            if quantity(v) < 0:
                bad.append(invalid(at, str(v),
                                   'must be greater than or equal to 0'))
            elif '/' in k and quantity(v) % 1:
                bad.append(invalid(at, str(v), 'must be an integer'))
    for k, v in requests.items():
        at = field + '.resources.requests'
        if k not in limits:
            if '/' in k:
                bad.append(required(field + '.resources.limits',
                                    'Limit must be set for non overcommitable '
                                    'resources'))
        elif '/' in k and quantity(v) != quantity(limits[k]):
            bad.append(invalid(at, str(v), 'must be equal to %s limit' % k))
        elif quantity(v) > quantity(limits[k]):
            bad.append(invalid(at, str(v), 'must be less than or equal to %s limit'
                               % k))


def container(c, field, volumes, bad):
    if not c.get('name'):
        bad.append(required(field + '.name'))
    else:
        dns_label(c['name'], field + '.name', bad)
    if not c.get('image'):
        bad.append(required(field + '.image'))
    elif c['image'] != c['image'].strip():
        bad.append(invalid(field + '.image', c['image'], 'must not have leading or '
                           'trailing whitespace'))
    for k, allowed in (('terminationMessagePolicy',
                        ('FallbackToLogsOnError', 'File')),
                       ('imagePullPolicy', ('Always', 'IfNotPresent', 'Never'))):
        if c.get(k) and c[k] not in allowed:
            bad.append(unsupported(field + '.' + k, c[k], allowed))
    env(c, field, bad)
    mounted = set()
    for i, m in enumerate(c.get('volumeMounts') or []):
        at = '%s.volumeMounts[%d]' % (field, i)
        if not m.get('name'):
            bad.append(required(at + '.name'))
        elif m['name'] not in volumes:
            bad.append(('FieldValueNotFound', at + '.name',
                        'Not found: "%s"' % m['name']))
        if not m.get('mountPath'):
            bad.append(required(at + '.mountPath'))
        elif m['mountPath'] in mounted:
            bad.append(invalid(at + '.mountPath', m['mountPath'], 'must be unique'))
        mounted.add(m.get('mountPath'))
        if (m.get('subPath') or '').startswith('/') or \
                '..' in (m.get('subPath') or '').split('/'):
            bad.append(invalid(at + '.subPath', m['subPath'],
                               'must be a relative path without ".."'))
    resources(c, field, bad)


def volume_source(v, at, bad):
    kinds = [k for k, x in v.items() if k != 'name' and x is not None]
    if len(kinds) > 1:
        bad.append(('FieldValueForbidden', at + '.' + kinds[1],
                    'Forbidden: may not specify more than 1 volume type'))
    for kind, keys in (('nfs', ('server', 'path')), ('hostPath', ('path',)),
                       ('secret', ('secretName',)), ('configMap', ('name',)),
                       ('azureFile', ('secretName', 'shareName')),
                       ('persistentVolumeClaim', ('claimName',))):
        if v.get(kind) is None:
            continue
        for k in keys:
            if not v[kind].get(k):
                bad.append(required('%s.%s.%s' % (at, kind, k)))
        if kind == 'nfs' and v[kind].get('path') and \
                not v[kind]['path'].startswith('/'):
            bad.append(invalid(at + '.nfs.path', v[kind]['path'],
                               'must be an absolute path'))
    for i, s in enumerate((v.get('projected') or {}).get('sources') or []):
        for kind in ('configMap', 'secret'):
            if s.get(kind) is not None and not s[kind].get('name'):
                bad.append(required('%s.projected.sources[%d].%s.name' %
                                    (at, i, kind)))


def pod_spec(spec, field, bad, image=True):
    volumes = set()
    for i, v in enumerate(spec.get('volumes') or []):
        at = '%s.volumes[%d]' % (field, i)
        if not v.get('name'):
            bad.append(required(at + '.name'))
            continue
        dns_label(v['name'], at + '.name', bad)
        if v['name'] in volumes:
            bad.append(('FieldValueDuplicate', at + '.name',
                        'Duplicate value: "%s"' % v['name']))
        volumes.add(v['name'])
        volume_source(v, at, bad)
    if not spec.get('containers'):
        bad.append(required(field + '.containers'))
    names = set()
    for part in ('initContainers', 'containers'):
        for i, c in enumerate(spec.get(part) or []):
            at = '%s.%s[%d]' % (field, part, i)
            container(c, at, volumes, bad)
            if c.get('name') in names:
                bad.append(('FieldValueDuplicate', at + '.name',
                            'Duplicate value: "%s"' % c['name']))
            names.add(c.get('name'))
    policy = spec.get('restartPolicy')
    if policy is not None and policy not in ('Always', 'OnFailure', 'Never'):
        bad.append(unsupported(field + '.restartPolicy', policy,
                               ('Always', 'OnFailure', 'Never')))
    labels(spec.get('nodeSelector'), field + '.nodeSelector', bad)
    for k in ('terminationGracePeriodSeconds', 'activeDeadlineSeconds'):
        if (spec.get(k) or 0) < 0:
            bad.append(invalid('%s.%s' % (field, k), spec[k],
                               'must be greater than or equal to 0'))
    if spec.get('serviceAccountName'):
        dns_subdomain(spec['serviceAccountName'], field + '.serviceAccountName',
                      bad)
    for i, t in enumerate(spec.get('tolerations') or []):
        at = '%s.tolerations[%d]' % (field, i)
        if t.get('operator') not in (None, '', 'Exists', 'Equal'):
            bad.append(unsupported(at + '.operator', t['operator'],
                                   ('Equal', 'Exists')))
        if t.get('effect') not in (None, '', 'NoSchedule', 'PreferNoSchedule',
                                   'NoExecute'):
            bad.append(unsupported(at + '.effect', t['effect'], (
                'NoSchedule', 'PreferNoSchedule', 'NoExecute')))


def template(t, field, bad):
    meta = t.get('metadata') or {}
    labels(meta.get('labels'), field + '.labels', bad)
    annotations(meta.get('annotations'), field + '.annotations', bad)
    pod_spec(t.get('spec') or {}, field + '.spec', bad)


def job(obj, bad):
    spec = obj.get('spec') or {}
    metadata(obj['metadata'], bad)
    for k in ('backoffLimit', 'completions', 'parallelism', 'activeDeadlineSeconds',
              'ttlSecondsAfterFinished'):
        if (spec.get(k) or 0) < 0:
            bad.append(invalid('spec.' + k, spec[k],
                               'must be greater than or equal to 0'))
    t = spec.get('template') or {}
    name = obj['metadata'].get('name') or ''
    if len(name) > 63:
        bad.append(invalid('spec.template.labels', name,
                           'must be no more than 63 characters'))
    template(t, 'spec.template', bad)
    policy = (t.get('spec') or {}).get('restartPolicy')
    if not policy:
        bad.append(required('spec.template.spec.restartPolicy',
                            'valid values: "OnFailure", "Never"'))
    elif policy == 'Always':
        bad.append(unsupported('spec.template.spec.restartPolicy', policy,
                               ('OnFailure', 'Never')))
    if spec.get('selector') and not spec.get('manualSelector'):
        bad.append(invalid('spec.selector', None,
                           '`selector` not auto-generated'))


def pod(obj, bad):
    metadata(obj['metadata'], bad)
    pod_spec(obj.get('spec') or {}, 'spec', bad)


def data(obj, bad):
    """ConfigMaps and Secrets."""
    metadata(obj['metadata'], bad)
    total = 0
    secret = obj['kind'] == 'Secret'
    both = obj.get('binaryData') or {}
    for part in ('data', 'binaryData', 'stringData'):
        for k, v in (obj.get(part) or {}).items():
            at = '%s[%s]' % (part, k)
            if not re.fullmatch('[-._a-zA-Z0-9]+', k):
                bad.append(invalid(
                    at, k, "a valid config key must consist of alphanumeric "
                    "characters, '-', '_' or '.' (e.g. 'key.name',  or "
                    "'KEY_NAME',  or 'key-name', regex used for validation is "
                    "'[-._a-zA-Z0-9]+')"))
            elif len(k) > 253 or k in ('.', '..'):
                bad.append(invalid(at, k, 'must be no more than 253 characters'))
            if part == 'data' and k in both:
                bad.append(invalid(at, k, 'duplicate of key present in binaryData'))
            binary = part == 'binaryData' or part == 'data' and secret
            total += len(base64.b64decode(v)) if binary else len(v.encode())
    if total > MAX_DATA:
        bad.append(('FieldValueTooLong', 'data' if secret else '[]',
                    'Too long: must have at most %d bytes' % MAX_DATA))
    if secret and obj.get('type') == 'kubernetes.io/dockerconfigjson':
        text = (obj.get('data') or {}).get('.dockerconfigjson')
        if text is None:
            bad.append(required('data[.dockerconfigjson]'))
        else:
            try:
                json.loads(base64.b64decode(text))
            except ValueError:
                bad.append(invalid('data[.dockerconfigjson]', '<secret contents '
                                   'redacted>', 'invalid character'))


def replicas(obj, bad):
    """What the training operator's webhook and the pods' own names refuse."""
    metadata(obj['metadata'], bad)
    kind = obj['kind']
    field, names, keys = {
        'TFJob': ('tfReplicaSpecs', ('tensorflow',),
                  ('PS', 'Worker', 'Chief', 'Master', 'Evaluator')),
        'PyTorchJob': ('pytorchReplicaSpecs', ('pytorch',), ('Master', 'Worker')),
        'MPIJob': ('mpiReplicaSpecs', None, ('Launcher', 'Worker'))}[kind]
    name = obj['metadata'].get('name') or ''
    if not re.fullmatch('[a-z]([-a-z0-9]*[a-z0-9])?', name):
        bad.append(invalid('metadata.name', name, 'a DNS-1035 label must consist of '
                           "lower case alphanumeric characters or '-', start with "
                           'an alphabetic character, and end with an alphanumeric '
                           "character (e.g. 'my-name',  or 'abc-123', regex used "
                           "for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"))
    specs = (obj.get('spec') or {}).get(field) or {}
    if not specs:
        bad.append(required('spec.' + field, 'must be specified'))
    for role, r in specs.items():
        at = 'spec.%s[%s]' % (field, role)
        if role not in keys:
            bad.append(unsupported(at, role, keys))
        t = r.get('template') or {}
        if len('%s-%s-%d' % (name, role, r.get('replicas') or 1)) > 63:
            bad.append(invalid('metadata.name', name, 'the names of its pods must '
                               'be no more than 63 characters'))
        template(t, at + '.template', bad)
        if names and not any(c.get('name') in names for c in
                             (t.get('spec') or {}).get('containers') or []):
            bad.append(required(at + '.template.spec.containers', 'must have at '
                                'least one container with name ' + names[0]))
        if role == 'Master' and (r.get('replicas') or 1) != 1:
            bad.append(('FieldValueForbidden', at + '.replicas',
                        'Forbidden: must be 1'))
        if r.get('restartPolicy') not in (None, 'Always', 'OnFailure', 'Never',
                                          'ExitCode'):
            bad.append(unsupported(at + '.restartPolicy', r['restartPolicy'],
                                   ('Always', 'OnFailure', 'Never', 'ExitCode')))


def framework(obj, bad):
    metadata(obj['metadata'], bad)
    for i, r in enumerate((obj.get('spec') or {}).get('taskRoles') or []):
        task = (r.get('task') or {}).get('pod') or {}
        template(task, 'spec.taskRoles[%d].task.pod' % i, bad)
        if len('%s-%s-%d' % (obj['metadata'].get('name'), r.get('name'),
                             r.get('taskNumber') or 0)) > 253:
            bad.append(invalid('metadata.name', obj['metadata']['name'],
                               'the names of its pods are too long'))
