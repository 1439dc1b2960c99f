#!/usr/bin/env python3
"""Cuts the description of DLTS's dashboard down to what t/dlts-server checks.

	cut-dlts.py FOLDER	FOLDER has dlts/ as README says

Writes dlts.json beside this script: per path and method the parameters of the
query and the schema of the body.  Needs PyYAML; the tests do not run it.
"""
import json
import os
import sys

import yaml


def lean(o):
    if isinstance(o, list):
        return [lean(x) for x in o]
    if not isinstance(o, dict):
        return o
    return {k: lean(v) for k, v in o.items()
            if not (k == 'description' and isinstance(v, str))}


def main():
    folder = os.path.join(sys.argv[1], 'dlts')
    with open(os.path.join(folder, 'dlts-dashboard.openapi.yaml')) as f:
        doc = yaml.safe_load(f)
    paths = {}
    for path, methods in doc['paths'].items():
        for method, op in methods.items():
            if method == 'parameters':
                continue
            one = {'query': {p['name']: p['schema'] for p in op.get('parameters', [])
                             if p.get('in') == 'query'}}
            if 'requestBody' in op:
                one['body'] = op['requestBody']['content']['application/json']['schema']
            paths.setdefault(path, {})[method.upper()] = one
    # the dashboard's own, in place of those that were written down
    for path, name in (('/clusters/{clusterId}/jobs/{jobId}/status', 'status'),
                       ('/clusters/{clusterId}/jobs/status', 'batch-status'),
                       ('/clusters/{clusterId}/jobs/{jobId}/priority', 'priority')):
        with open(os.path.join(folder, 'dashboard-validator_%s.schema.json' % name)) as f:
            for one in paths[path].values():
                if 'body' in one:
                    one['body'] = json.load(f)
    keep = ('JobRequest', 'SettableStatus', 'Job', 'JobStatus', 'JobLog', 'SubmitReply')
    out = {'paths': lean(paths), 'schemas': {
        k: lean(doc['components']['schemas'][k]) for k in keep}}
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, 'dlts.json'), 'w') as f:
        json.dump(out, f, separators=(',', ':'), sort_keys=True)
        f.write('\n')


main()
