# The one list of sources: read by Makefile (include) and nmake.mak (!include).
# Only what means the same in both; a test checks that.
LIB_SRC = src/libnni/archive.c src/libnni/attempts.c src/libnni/backend.c src/libnni/base64.c src/libnni/buf.c src/libnni/canonical.c src/libnni/classargs.c src/libnni/columns.c src/libnni/config.c src/libnni/copy.c \
	src/libnni/crew.c src/libnni/csv.c src/libnni/expdir.c src/libnni/experiment.c src/libnni/feed.c src/libnni/fetch.c src/libnni/filter.c src/libnni/hash.c src/libnni/hmac.c src/libnni/intent.c \
	src/libnni/journal.c src/libnni/json.c src/libnni/json-write.c \
	src/libnni/lines.c src/libnni/map.c src/libnni/metric.c src/libnni/metricfile.c \
	src/libnni/names.c \
	src/libnni/node.c src/libnni/node-scalar.c src/libnni/node-yaml.c \
	src/libnni/problems.c src/libnni/searchspace.c \
	src/libnni/sha256.c src/libnni/sha256-x86.c \
	src/libnni/mem.c src/libnni/opt.c src/libnni/opt-complete.c \
	src/libnni/opt-words.c src/libnni/parameters.c src/libnni/parents.c src/libnni/phases.c src/libnni/placed.c \
	src/libnni/quote.c src/libnni/record.c src/libnni/remote.c \
	src/libnni/say.c src/libnni/survey.c src/libnni/table.c src/libnni/toolfiles.c src/libnni/trials.c src/libnni/utf8.c src/libnni/verb.c \
	src/libnni/when.c src/libnni/width.c src/libnni/os/timers.c \
	src/libnni/os/whole.c
LIB_POSIX_SRC = src/libnni/os/dir-posix.c src/libnni/os/file-posix.c \
	src/libnni/os/job-posix.c src/libnni/os/keeper-posix.c \
	src/libnni/os/lock-posix.c src/libnni/os/loop-posix.c src/libnni/os/main-posix.c \
	src/libnni/os/process-posix.c src/libnni/os/signal-posix.c \
	src/libnni/os/sys-posix.c src/libnni/os/thread-posix.c \
	src/libnni/os/watch-posix.c
LIB_WIN32_SRC = src/libnni/os/command-win32.c src/libnni/os/dir-win32.c \
	src/libnni/os/file-win32.c \
	src/libnni/os/job-win32.c src/libnni/os/keeper-win32.c \
	src/libnni/os/lock-win32.c src/libnni/os/loop-win32.c \
	src/libnni/os/process-win32.c src/libnni/os/stream-win32.c \
	src/libnni/os/sys-win32.c src/libnni/os/text-win32.c \
	src/libnni/os/thread-win32.c src/libnni/os/watch-win32.c
NNI_CONFIG_SRC = src/nni-config/algorithm.c src/nni-config/algorithms.c \
	src/nni-config/experiment.c src/nni-config/fold.c src/nni-config/form.c \
	src/nni-config/keys.c \
	src/nni-config/keys-v1.c src/nni-config/main.c src/nni-config/platforms.c \
	src/nni-config/platforms-v1.c src/nni-config/print.c \
	src/nni-config/rules.c src/nni-config/rules-k8s.c \
	src/nni-config/schema.c src/nni-config/service.c \
	src/nni-config/service-v1.c src/nni-config/tree.c src/nni-config/unknown.c \
	src/nni-config/value.c
NNI_PACK_SRC = src/nni-pack/deflate.c src/nni-pack/ignore.c \
	src/nni-pack/limits.c src/nni-pack/main.c \
	src/nni-pack/output.c src/nni-pack/pack.c src/nni-pack/sink.c \
	src/nni-pack/tree.c src/nni-pack/zip.c
NNI_TUNE_SRC = src/nni-tune/main.c src/nni-tune/batch.c \
	src/nni-tune/category.c src/nni-tune/dedup.c src/nni-tune/grid.c \
	src/nni-tune/gridsearch.c src/nni-tune/history.c \
	src/nni-tune/migrate.c src/nni-tune/normal.c \
	src/nni-tune/parzen.c src/nni-tune/point.c src/nni-tune/random.c \
	src/nni-tune/rng.c src/nni-tune/running.c src/nni-tune/search.c \
	src/nni-tune/split.c src/nni-tune/tpe.c src/nni-tune/tpe-args.c \
	src/nni-tune/tuner.c
NNI_ASSESS_SRC = src/nni-assess/main.c src/nni-assess/assessor.c \
	src/nni-assess/judge.c src/nni-assess/median.c \
	src/nni-assess/medianstop.c
NNI_SUBMIT_SRC = src/nni-submit/control.c src/nni-submit/experiment.c src/nni-submit/live.c src/nni-submit/main.c \
	src/nni-submit/member.c src/nni-submit/place.c src/nni-submit/task.c
NNI_WATCH_SRC = src/nni-watch/main.c src/nni-watch/track.c
NNI_COLLECT_SRC = src/nni-collect/files.c src/nni-collect/gather.c src/nni-collect/logs.c \
	src/nni-collect/main.c src/nni-collect/reading.c src/nni-collect/report.c
NNI_CANCEL_SRC = src/nni-cancel/direct.c src/nni-cancel/main.c src/nni-cancel/request.c \
	src/nni-cancel/targets.c
NNI_RUN_SRC = src/nni-run/asking.c src/nni-run/capabilities.c \
	src/nni-run/check.c src/nni-run/child.c src/nni-run/control.c \
	src/nni-run/failures.c src/nni-run/main.c src/nni-run/picture.c src/nni-run/places.c \
	src/nni-run/pipeline.c \
	src/nni-run/prepare.c src/nni-run/programs.c src/nni-run/progress.c \
	src/nni-run/records.c src/nni-run/retry.c src/nni-run/run.c \
	src/nni-run/session.c src/nni-run/summary.c src/nni-run/tick.c \
	src/nni-run/updates.c \
	src/nni-run/view.c
NNI_TRIAL_SRC = src/nni-trial/main.c src/nni-trial/phase.c \
	src/nni-trial/trial.c
NNI_PLATFORM_LOCAL_SRC = src/nni-platform-local/answer.c \
	src/nni-platform-local/check.c src/nni-platform-local/clean.c \
	src/nni-platform-local/collect.c src/nni-platform-local/command.c \
	src/nni-platform-local/contact.c src/nni-platform-local/environment.c \
	src/nni-platform-local/far.c src/nni-platform-local/fetch.c \
	src/nni-platform-local/gpu.c src/nni-platform-local/gpulock.c \
	src/nni-platform-local/keeper.c src/nni-platform-local/main.c \
	src/nni-platform-local/order.c \
	src/nni-platform-local/place.c \
	src/nni-platform-local/prepare.c src/nni-platform-local/sampler.c src/nni-platform-local/share.c \
	src/nni-platform-local/state.c src/nni-platform-local/submit.c \
	src/nni-platform-local/supply.c src/nni-platform-local/tail.c \
	src/nni-platform-local/trees.c src/nni-platform-local/watch.c \
	src/nni-platform-local/workcopy.c
NNI_PLATFORM_REMOTE_SRC = src/nni-platform-remote/agent.c \
	src/nni-platform-remote/arrival.c src/nni-platform-remote/fetch.c \
	src/nni-platform-remote/askpass.c \
	src/nni-platform-remote/check.c \
	src/nni-platform-remote/collect.c \
	src/nni-platform-remote/connection.c \
	src/nni-platform-remote/ending.c \
	src/nni-platform-remote/explain.c \
	src/nni-platform-remote/fleet.c \
	src/nni-platform-remote/machine.c src/nni-platform-remote/pulse.c \
	src/nni-platform-remote/main.c \
	src/nni-platform-remote/settings.c \
	src/nni-platform-remote/ssh.c \
	src/nni-platform-remote/submit.c \
	src/nni-platform-remote/tools.c \
	src/nni-platform-remote/tree.c \
	src/nni-platform-remote/watch.c \
	src/nni-platform-remote/windows.c \
	src/nni-platform-remote/windows-visit.c
NNI_PLATFORM_REST_SRC = src/nni-platform-rest/access.c \
	src/nni-platform-rest/answer.c \
	src/nni-platform-rest/azure.c \
	src/nni-platform-rest/azure-sign.c \
	src/nni-platform-rest/azure-login.c src/nni-platform-rest/azure-token.c \
	src/nni-platform-rest/azure-vault.c \
	src/nni-platform-rest/bodyfile.c \
	src/nni-platform-rest/bring.c \
	src/nni-platform-rest/curl-line.c \
	src/nni-platform-rest/delivery.c \
	src/nni-platform-rest/engine.c \
	src/nni-platform-rest/errand.c \
	src/nni-platform-rest/inquiry.c \
	src/nni-platform-rest/exec-plugin.c \
	src/nni-platform-rest/keyfile.c \
	src/nni-platform-rest/kube.c \
	src/nni-platform-rest/kubeconfig.c \
	src/nni-platform-rest/kubeconfig-entry.c \
	src/nni-platform-rest/kubeconfig-exec.c \
	src/nni-platform-rest/listing.c \
	src/nni-platform-rest/login.c src/nni-platform-rest/main.c \
	src/nni-platform-rest/percent.c src/nni-platform-rest/plain.c \
	src/nni-platform-rest/podlog.c \
	src/nni-platform-rest/program.c \
	src/nni-platform-rest/reading.c \
	src/nni-platform-rest/records.c \
	src/nni-platform-rest/replies.c \
	src/nni-platform-rest/request.c \
	src/nni-platform-rest/secret.c src/nni-platform-rest/server.c \
	src/nni-platform-rest/share.c \
	src/nni-platform-rest/tgz.c \
	src/nni-platform-rest/transport.c \
	src/nni-platform-rest/unpack.c \
	src/nni-platform-rest/url.c
NNICTL_SRC = src/nnictl/absent.c src/nnictl/list.c src/nnictl/logs.c src/nnictl/main.c src/nnictl/places.c src/nnictl/platform.c \
	src/nnictl/results.c src/nnictl/show.c src/nnictl/start.c \
	src/nnictl/state.c src/nnictl/stop.c src/nnictl/tensorboard.c src/nnictl/update.c src/nnictl/which.c
NNI_CONFORMANCE_SRC = src/nni-conformance/contract.c \
	src/nni-conformance/main.c src/nni-conformance/play.c \
	src/nni-conformance/play-asks.c src/nni-conformance/play-fetch.c src/nni-conformance/play-phases.c src/nni-conformance/play-starts.c \
	src/nni-conformance/play-trials.c src/nni-conformance/ring.c \
	src/nni-conformance/stage.c src/nni-conformance/trial.c
