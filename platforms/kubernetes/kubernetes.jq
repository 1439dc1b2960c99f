# A trial as a Job of Kubernetes (batch/v1), which every cluster has.
# https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/
include "k8s";
include "k8s-pod";

def kind: {api: "/apis/batch/v1", plural: "jobs", container: "trial", single: true};

# One pod, one try.
def job_body: . as $in
	| {apiVersion: "batch/v1", kind: "Job", metadata: job_metadata,
	   spec: {backoffLimit: 0, completions: 1, parallelism: 1, ttlSecondsAfterFinished: ttl,
		template: pod_template({container: "trial"})}}
	| job_merged($in.member.template; "trial");

def job_state: [.status.conditions[]? | select(.status == "True")] as $true
	| (first($true[] | select(.type == "Failed")) // null) as $failed
	| if any($true[]; .type == "Complete" or .type == "SuccessCriteriaMet") then {phase: "succeeded"}
	elif $failed then {phase: "failed", reason: ([$failed.reason, $failed.message] | map(select(. != null and . != "")) | join(": ")),
		early: (if $failed.reason == "DeadlineExceeded" then true else null end)}
	elif any($true[]; .type == "Suspended") then {phase: "waiting", reason: "the job is suspended"}
	elif (.status.ready // 0) > 0 then {phase: "running"}
	else {phase: "waiting"} end;

def step_submit($state; $event): k8s_submit($state; $event; kind; job_body);
def step_watch($state; $event): k8s_watch($state; $event; kind; job_state);
def step_collect($state; $event): k8s_collect($state; $event; kind);
def step_fetch($state; $event): k8s_fetch($state; $event; kind);
def step_check($state; $event): k8s_check($state; $event; kind);
def step_clean($state; $event): k8s_clean($state; $event; kind);
