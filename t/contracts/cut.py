#!/usr/bin/env python3
"""Cuts the published contracts down to what the stand-in server checks.

	cut.py FOLDER		FOLDER has k8s/, kubeflow/, frameworkcontroller/ as README says

Writes the *.json beside this script.  Descriptions go; a pod template that a CRD
spells out becomes a reference to Kubernetes' own definition.  Needs PyYAML; the
tests do not run it.
"""
import json
import os
import sys

import yaml

TEMPLATE = {'$ref': '#/definitions/io.k8s.api.core.v1.PodTemplateSpec'}
DROP = ('x-kubernetes-group-version-kind', 'x-kubernetes-validations',
        'x-kubernetes-patch-strategy', 'x-kubernetes-patch-merge-key',
        'x-kubernetes-list-type', 'x-kubernetes-list-map-keys',
        'x-kubernetes-map-type', 'uniqueItems')


def lean(o):
    if isinstance(o, list):
        return [lean(x) for x in o]
    if not isinstance(o, dict):
        return o
    return {k: lean(v) for k, v in o.items()
            if k not in DROP and
            not (k == 'description' and isinstance(v, str))}


def templates(o):
    """The same schema with every member "template" made a reference."""
    if isinstance(o, list):
        return [templates(x) for x in o]
    if not isinstance(o, dict):
        return o
    return {k: TEMPLATE if k == 'template' and 'properties' in v else
            templates(v) for k, v in o.items()}


def needed(definitions, roots):
    todo, found = list(roots), {}

    def refs(o):
        if isinstance(o, dict):
            if isinstance(o.get('$ref'), str):
                todo.append(o['$ref'].rsplit('/', 1)[1])
            for v in o.values():
                refs(v)
        elif isinstance(o, list):
            for v in o:
                refs(v)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = definitions[name]
            refs(definitions[name])
    return found


def kubernetes(folder):
    with open(folder + '/k8s/kubernetes-v1.34-subset.swagger.json') as f:
        doc = json.load(f)

    def query(parameters):
        for p in parameters:
            if '$ref' in p:
                p = doc['parameters'][p['$ref'].rsplit('/', 1)[1]]
            if p['in'] == 'query':
                yield p['name'], p['type']
    paths = {}
    for path, methods in doc['paths'].items():
        common = dict(query(methods.get('parameters', [])))
        paths[path] = {
            m: dict(common, **dict(query(op.get('parameters', []))))
            for m, op in methods.items() if m != 'parameters'}
    roots = ['io.k8s.api.' + n for n in (
        'batch.v1.Job', 'core.v1.Pod', 'core.v1.ConfigMap', 'core.v1.Secret',
        'core.v1.Namespace', 'core.v1.Event', 'core.v1.ResourceQuota',
        'core.v1.LimitRange', 'core.v1.Node', 'core.v1.PersistentVolumeClaim',
        'storage.v1.StorageClass', 'core.v1.PodTemplateSpec',
        'authorization.v1.SelfSubjectAccessReview')]
    roots += ['io.k8s.apimachinery.pkg.apis.meta.v1.' + n
              for n in ('DeleteOptions', 'Status')]
    return {'paths': paths,
            'definitions': lean(needed(doc['definitions'], roots))}


def crd(path):
    with open(path) as f:
        doc = yaml.safe_load(f)['spec']
    return {'group': doc['group'], 'names': doc['names'], 'versions': {
        v['name']: templates(lean(v['schema']['openAPIV3Schema']))
        for v in doc['versions']}}


def legacy(path):
    """Old CRDs: one schema for all versions, which checks replica counts only."""
    with open(path) as f:
        doc = yaml.safe_load(f)['spec']
    schema = doc.get('validation', {}).get('openAPIV3Schema', {})
    versions = [v['name'] for v in doc.get('versions', [])] or [doc['version']]
    return {'group': doc['group'], 'names': doc['names'],
            'versions': {v: lean(schema) for v in versions}}


def write(name, doc):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, name), 'w') as f:
        json.dump(doc, f, separators=(',', ':'), sort_keys=True)
        f.write('\n')


def main():
    folder = sys.argv[1]
    write('kubernetes.json', kubernetes(folder))
    for kind in ('tfjobs', 'pytorchjobs', 'mpijobs'):
        write(kind + '.json', crd(
            folder + '/kubeflow/training-operator-v1.9.0_%s.crd.yaml' % kind))
    fc = folder + '/frameworkcontroller/'
    write('frameworks.json', crd(
        fc + 'frameworks.frameworkcontroller.microsoft.com.crd.yaml'))
    with open(fc + 'framework-status.schema.json') as f:
        write('framework-status.json', lean(json.load(f)))
    with open(folder + '/openpai/job-protocol-v2.rest-server-check.schema.json') as f:
        job = json.load(f)
    write('pai-job.json', {k: v for k, v in job.items()
                           if k not in ('$schema', '$comment', 'title')})
    old = folder + '/kubeflow-legacy/'
    write('kubeflow-legacy.json', {
        'tf-operator-v0.3.0': legacy(old + 'tf-operator-v0.3.0_crd-v1alpha2.yaml'),
        'tf-operator-v0.5.0': legacy(old + 'tf-operator-v0.5.0_crd-v1beta1.yaml'),
        'tf-operator-v0.5.3': legacy(old + 'tf-operator-v0.5.3_crd-v1.yaml'),
        'tf-operator-v1.2.1': legacy(old + 'tf-operator-v1.2.1_crd.yaml'),
        'pytorch-operator': legacy(old + 'pytorch-operator_crd.yaml')})


main()
