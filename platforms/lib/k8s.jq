# What the platforms on Kubernetes share: names and labels, the pod of a trial,
# its code, one watch for all jobs and one for all pods, and what became of a
# trial.  A platform adds what its jobs look like:
#
#	include "k8s";
#	def step($state; $event): k8s_step($state; $event; kind; job_body; job_state);
#
# kind		SETUP | {api: "/apis/batch/v1", plural: "jobs", container: "trial",
#			 single: true}
#	The path of the API, the jobs' name in it, the container of a pod in which
#	the trial's command runs, and whether a job has one pod only, so that the
#	job is lost with it.  More keys:
#	rights: [{verb, group, resource}]   needed beside those on jobs and pods
#	facts				see below
# job_body	SETUP + {trial: T} | the object to create
#	T is {key: "k3xq9-1", name: "nni-E-k3xq9-1", trial, attempt, sequence,
#	parameters: TEXT, namespace, labels: {...}, archives: {code: [NAME...],
#	tools: [NAME...]}}.  pod_template(ROLE) makes a pod's template of it, see there;
#	job_metadata the object's `metadata`.
# job_state	a job object | {phase, reason, infra, early}
#	phase is "waiting", "running", "succeeded" or "failed"; the rest may be
#	left out.  early: true if it ended since its time was up.
#
# A platform that has to look at the cluster first (which version is served?)
# keeps back the event `open`, asks, and then passes it on with a key `facts`:
# k8s_step($state; $event + {facts: F}; ...).  Wherever `kind` and `job_body` are
# asked from then on, `.facts` of their input is F.  Identifiers of such
# requests begin with "x-"; the platform's state is an object whose key `own` is
# never touched here.
#
# Nothing here reads parameters as anything but text.
