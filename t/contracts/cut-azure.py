#!/usr/bin/env python3
"""Cuts the published contracts of Azure ML down to what t/aml-server checks.

	cut-azure.py FOLDER	FOLDER has azure/ as README says

Writes azure-ml.json beside this script.
"""
import json
import os
import re
import sys

DROP = ('description', 'x-ms-mutability', 'x-ms-enum', 'x-ms-client-name',
        'x-ms-secret', 'example', 'x-ms-discriminator-value', 'discriminator')


def lean(o):
    if isinstance(o, list):
        return [lean(x) for x in o]
    if not isinstance(o, dict):
        return o
    return {k: lean(v) for k, v in o.items()
            if k not in DROP or k == 'description' and isinstance(v, dict)}


def azure(folder):
    """Azure ML: what of its paths is used, and the bodies that go there."""
    base = folder + '/azure/specification/machinelearningservices/'
    arm = (base + 'resource-manager/Microsoft.MachineLearningServices/'
           'stable/2023-04-01/')
    data = (base + 'data-plane/Microsoft.MachineLearningServices/'
            'preview/2019-09-30/')
    found, paths = {}, {}
    wanted = re.compile(r'/workspaces/\{workspaceName\}(|/computes/\{\w+\}'
                        r'|/jobs.*|/(codes|environments)/\{\w+\}/versions/.*'
                        r'|/experiments/\{\w+\}/runs/\{\w+\}/details'
                        r'|/artifacts/\{origin\}/\{container\}/content)$')

    def flat(name, doc):
        """A definition with what it is made of (allOf) in place."""
        d = doc['definitions'][name]
        for part in d.get('allOf', ()):
            if part['$ref'].startswith('#'):
                up = flat(part['$ref'].rsplit('/', 1)[1], doc)
                d = dict(d, properties=dict(up.get('properties', {}),
                                            **d.get('properties', {})),
                         required=up.get('required', []) + d.get('required', []))
        return lean({k: v for k, v in d.items() if k != 'allOf'})

    def keep(name, doc):
        if name in found:
            return
        found[name] = flat(name, doc)
        # JobBase is of the kind that its jobType names
        kinds = [n for n, d in doc['definitions'].items()
                 if name in ('JobBase', 'JobLimits') and
                 any(p['$ref'].endswith('/' + name) for p in d.get('allOf', ()))
                 and n in ('CommandJob', 'CommandJobLimits')]
        if kinds:
            found[name] = {'$ref': '#/definitions/' + kinds[0]}
            keep(kinds[0], doc)
        todo = [found[name]]
        while todo:
            o = todo.pop()
            ref = o.get('$ref') if isinstance(o, dict) else None
            if isinstance(ref, str):
                if ref.startswith('#'):
                    keep(ref.rsplit('/', 1)[1], doc)
                else:
                    del o['$ref']
            todo += o.values() if isinstance(o, dict) else \
                o if isinstance(o, list) else []

    for file in (arm + 'mfe.json', arm + 'machineLearningServices.json',
                 data + 'runHistory.json', data + 'artifact.json'):
        with open(file) as f:
            doc = json.load(f)
        for path, methods in doc['paths'].items():
            if not wanted.search(path):
                continue
            for method, op in methods.items():
                if method not in ('get', 'put', 'post', 'delete') or \
                        path.endswith(('{workspaceName}', '{computeName}',
                                       '/content')) and \
                        method != 'get':
                    continue
                own = [p for p in op.get('parameters', ()) if '$ref' not in p]
                body = [p['schema']['$ref'].rsplit('/', 1)[1]
                        for p in own if p['in'] == 'body']
                for name in body:
                    keep(name, doc)
                paths.setdefault(path, {})[method] = {
                    'query': {p['name']: p.get('enum') for p in own
                              if p['in'] == 'query'},
                    'body': body[0] if body else None,
                    'answers': sorted(op['responses'])}
    for path, methods in paths.items():
        for d in methods.values():
            if path.endswith('/jobs'):
                d['query']['$skip'] = None
    return {'paths': paths, 'definitions': found}


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, 'azure-ml.json'), 'w') as f:
        json.dump(azure(sys.argv[1]), f, separators=(',', ':'), sort_keys=True)
        f.write('\n')


main()
