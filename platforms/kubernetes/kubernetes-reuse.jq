# Jobs of Kubernetes, where a job stays for many trials (reuseMode).
include "kubernetes";
include "environments";

def reuse_submit($state; $event): env_submit($state; $event; kind; job_body; job_state);
def reuse_watch($state; $event): env_watch($state; $event; kind; job_state);
def reuse_collect($state; $event): env_collect($state; $event; kind; job_state);
def reuse_fetch($state; $event): env_fetch($state; $event; kind);
def reuse_check($state; $event): env_check($state; $event; kind);
def reuse_clean($state; $event): env_clean($state; $event; kind);
