# Frameworks, where a job stays for many trials (reuseMode).
include "frameworkcontroller";
include "environments";

def reuse_submit($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	env_submit(.pass.state; .pass.event; framework_job; framework_body; framework_state));
def reuse_watch($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	env_watch(.pass.state; .pass.event; framework_job; framework_state));
def reuse_collect($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	env_collect(.pass.state; .pass.event; framework_job; framework_state));
def reuse_fetch($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	env_fetch(.pass.state; .pass.event; framework_job));
def reuse_check($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	env_check(.pass.state; .pass.event; framework_job));
def reuse_clean($state; $event): . + {plain: true} | custom_step($state; $event; framework_custom;
	env_clean(.pass.state; .pass.event; framework_job));
