# Jobs of Kubeflow, where a job stays for many trials (reuseMode).
include "kubeflow";
include "environments";

def reuse_submit($state; $event): custom_step($state; $event; kubeflow_custom;
	env_submit(.pass.state; .pass.event; kubeflow_job; kubeflow_body; kubeflow_state));
def reuse_watch($state; $event): custom_step($state; $event; kubeflow_custom;
	env_watch(.pass.state; .pass.event; kubeflow_job; kubeflow_state));
def reuse_collect($state; $event): custom_step($state; $event; kubeflow_custom;
	env_collect(.pass.state; .pass.event; kubeflow_job; kubeflow_state));
def reuse_fetch($state; $event): custom_step($state; $event; kubeflow_custom;
	env_fetch(.pass.state; .pass.event; kubeflow_job));
def reuse_check($state; $event): custom_step($state; $event; kubeflow_custom;
	env_check(.pass.state; .pass.event; kubeflow_job));
def reuse_clean($state; $event): custom_step($state; $event; kubeflow_custom;
	env_clean(.pass.state; .pass.event; kubeflow_job));
