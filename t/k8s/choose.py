"""Label selectors and field selectors."""
import re

import checks


class Bad(Exception):
    pass


TOKEN = re.compile(r'\s*(!=|==|=|!|,|\(|\)|[^\s!=,()]+)')


def tokens(text):
    out, at = [], 0
    text = text.rstrip()
    while at < len(text):
        m = TOKEN.match(text, at)
        if not m:
            raise Bad('unable to parse requirement: found %r' % text[at:])
        out.append(m.group(1))
        at = m.end()
    return out


def word(name, field):
    bad = []
    if field == 'key':
        checks.key(name, 'key', bad)
    else:
        checks.labels({'k': name}, 'values', bad)
    if bad:
        raise Bad('unable to parse requirement: ' + bad[0][2])
    return name


def parse(text):
    """A function that says of a dict of labels whether it is selected."""
    toks = tokens(text)
    tests, i = [], 0

    def take():
        nonlocal i
        i += 1
        return toks[i - 1] if i <= len(toks) else ''
    while i < len(toks):
        name = take()
        if name == '!':
            name = word(take(), 'key')
            tests.append(lambda l, n=name: n not in l)
        else:
            word(name, 'key')
            op = take()
            if op in ('=', '==', '!='):
                value = take()
                if value == ',':
                    i -= 1
                    value = ''
                word(value, 'value')
                tests.append((lambda l, n=name, v=value: l.get(n) != v)
                             if op == '!=' else
                             (lambda l, n=name, v=value: l.get(n) == v))
            elif op in ('in', 'notin'):
                if take() != '(':
                    raise Bad("unable to parse requirement: expected '('")
                values = set()
                while True:
                    v = take()
                    if v == ')':
                        break
                    if v == '':
                        raise Bad('unable to parse requirement: '
                                  "found '', expected: ',', or ')'")
                    if v != ',':
                        values.add(word(v, 'value'))
                tests.append((lambda l, n=name, v=values: l.get(n) in v)
                             if op == 'in' else
                             (lambda l, n=name, v=values: l.get(n) not in v))
            elif op in (',', ''):
                tests.append(lambda l, n=name: n in l)
                if op:
                    i -= 1
            else:
                raise Bad("unable to parse requirement: found '%s', expected: "
                          "'=', '!=', '==', 'in', notin'" % op)
        comma = take()
        if comma not in (',', ''):
            raise Bad("unable to parse requirement: found '%s', expected: ','"
                      % comma)
    return lambda labels: all(t(labels) for t in tests)


FIELDS = {
    'pods': {'metadata.name', 'metadata.namespace', 'spec.nodeName',
             'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName',
             'status.phase', 'status.podIP', 'status.nominatedNodeName'},
    'jobs': {'metadata.name', 'metadata.namespace', 'status.successful'},
    'events': {'metadata.name', 'metadata.namespace', 'involvedObject.kind',
               'involvedObject.namespace', 'involvedObject.name',
               'involvedObject.uid', 'reason', 'type', 'source'},
    'secrets': {'metadata.name', 'metadata.namespace', 'type'}}


def field(obj, path):
    if path == 'status.successful':
        return str((obj.get('status') or {}).get('succeeded', 0))
    for part in path.split('.'):
        obj = obj.get(part) if isinstance(obj, dict) else None
    return '' if obj is None else str(obj)


def parse_fields(text, kind):
    tests = []
    for term in filter(None, text.split(',')):
        m = re.fullmatch(r'([^=!]+)(==|=|!=)(.*)', term)
        if not m:
            raise Bad("invalid selector: '%s'; can't understand '%s'"
                      % (text, term))
        name, op, value = m.groups()
        if name not in FIELDS.get(kind.plural,
                                  {'metadata.name', 'metadata.namespace'}):
            if kind.plural == 'jobs':
                raise Bad('field label "%s" not supported for batchv1.Job' % name)
            raise Bad('field label not supported: ' + name)
        tests.append((name, op == '!=', value))
    return lambda obj: all((field(obj, n) == v) != no for n, no, v in tests)
