"""Validates objects against OpenAPI definitions and CRD structural schemas.

Faults are (kind, path, text): "type" (the JSON cannot be decoded into the field),
"unknown" (no such field), "required" and "invalid" (the value is not allowed).
"""
import base64
import binascii
import json
import os
import re

HERE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                    'contracts')
QUANTITY = re.compile(r'[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)'
                      r'(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?[0-9]+))?\Z')
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z')
NAMES = {dict: 'object', list: 'array', str: 'string', bool: 'boolean',
         int: 'integer', float: 'number', type(None): 'null'}
RANGE = {'int32': 2 ** 31, 'int64': 2 ** 63}


def load(name):
    with open(os.path.join(HERE, name)) as f:
        return json.load(f)


KUBERNETES = load('kubernetes.json')
DEFINITIONS = KUBERNETES['definitions']


def definition(ref):
    return DEFINITIONS[ref.rsplit('/', 1)[1]]


def scalar(schema, value, path, faults):
    form = schema.get('format')
    kind = schema.get('type')
    if form == 'int-or-string' or schema.get('x-kubernetes-int-or-string'):
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            faults.append(('type', path, 'must be an integer or a string'))
        elif 'pattern' in schema and not re.search(schema['pattern'], str(value)):
            faults.append(('invalid', path, json.dumps(value) + ': should match ' +
                           schema['pattern']))
        return
    if kind == 'integer' and isinstance(value, float) and value.is_integer():
        value = int(value)
    good = {'string': str, 'integer': int, 'boolean': bool,
            'number': (int, float)}.get(kind, object)
    if not isinstance(value, good) or \
            isinstance(value, bool) and kind in ('integer', 'number'):
        faults.append(('type', path, 'cannot unmarshal %s into a field of type %s'
                       % (NAMES[type(value)], kind)))
        return
    if form in RANGE and not -RANGE[form] <= value < RANGE[form]:
        faults.append(('type', path, 'cannot unmarshal number %s into a field of '
                       'type %s' % (value, form)))
    if form == 'byte':
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            faults.append(('type', path, 'illegal base64 data'))
    if form == 'date-time' and not TIME.match(value):
        faults.append(('type', path, 'parsing time %s: not RFC 3339'
                       % json.dumps(value)))
    if 'enum' in schema and value not in schema['enum']:
        faults.append(('invalid', path, 'Unsupported value: %s: supported values: %s'
                       % (json.dumps(value),
                          ', '.join(json.dumps(x) for x in schema['enum']))))
    if 'pattern' in schema and not re.search(schema['pattern'], value):
        faults.append(('invalid', path, 'Invalid value: %s: should match \'%s\''
                       % (json.dumps(value), schema['pattern'])))
    for key, bad, word in (('minimum', lambda a, b: a < b, 'greater than'),
                           ('maximum', lambda a, b: a > b, 'less than')):
        if key in schema and bad(value, schema[key]):
            faults.append(('invalid', path, 'Invalid value: %s: should be %s or '
                           'equal to %s' % (value, word, schema[key])))


def check(schema, value, path, faults, strict=True):
    """Appends what is wrong with the value to faults."""
    while '$ref' in schema:
        if schema['$ref'].endswith('.Quantity'):
            if isinstance(value, bool) or not isinstance(value, (int, float, str)) \
                    or not QUANTITY.match(str(value)):
                faults.append(('type', path, 'quantities must match the regular '
                               "expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*"
                               "[-+]?[0-9]*)$'"))
            return
        schema = definition(schema['$ref'])
        strict = True
    if value is None:
        return            # Go takes null for "not there"
    if schema.get('x-kubernetes-preserve-unknown-fields') and \
            'properties' not in schema:
        return
    kind = schema.get('type')
    if isinstance(kind, list):
        kind = kind[0]
    if kind is None and ('properties' in schema or
                         'additionalProperties' in schema):
        kind = 'object'
    if kind == 'object':
        if not isinstance(value, dict):
            faults.append(('type', path, 'cannot unmarshal %s into a field of type '
                           'object' % NAMES[type(value)]))
            return
        members(schema, value, path, faults, strict)
    elif kind == 'array':
        if not isinstance(value, list):
            faults.append(('type', path, 'cannot unmarshal %s into a field of type '
                           'array' % NAMES[type(value)]))
            return
        for i, x in enumerate(value):
            check(schema.get('items', {}), x, '%s[%d]' % (path, i), faults, strict)
    elif kind is not None or 'enum' in schema or \
            'x-kubernetes-int-or-string' in schema:
        scalar(schema, value, path, faults)


def members(schema, value, path, faults, strict):
    known = schema.get('properties', {})
    other = schema.get('additionalProperties')
    keeps = schema.get('x-kubernetes-preserve-unknown-fields')
    prefix = path + '.' if path else ''
    for k, v in value.items():
        if k in known:
            if prefix == '' and k == 'metadata' and '$ref' not in known[k]:
                check(META, v, k, faults, True)
                check(known[k], v, k, faults, False)
            else:
                check(known[k], v, prefix + k, faults, strict)
        elif isinstance(other, dict):
            check(other, v, prefix + k, faults, strict)
        elif strict and not keeps and other is None and known:
            faults.append(('unknown', prefix + k, 'unknown field'))
    for k in schema.get('required', ()):
        if value.get(k) is None:
            faults.append(('required', prefix + k, 'Required value'))


def crd(schema):
    """With what the server adds to each custom kind."""
    properties = dict(schema.get('properties') or {})
    for k in ('apiVersion', 'kind'):
        properties[k] = {'type': 'string'}
    properties.setdefault('metadata', {'type': 'object'})
    return dict(schema, type='object', properties=properties)


META = {'$ref': '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'}
