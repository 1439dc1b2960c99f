# nmake /f nmake.mak [DEPS=DIR] [PROGRAM...]       with Visual Studio 2022's tools
#
# DEPS   where libyaml, zlib, minizip and libdeflate are (include, lib);
#        see doc/windows.md
# Checked on Linux by `make check-cl`; a real nmake has not read it yet.
!include sources.mk
!ifndef DEPS
DEPS = deps
!endif
.SUFFIXES: .c .obj

FLAGS = /nologo /std:c11 /utf-8 /W4 /WX /O2 /MT /D_WIN32_WINNT=0x0A00 \
	/DUNICODE /D_UNICODE /D_CRT_SECURE_NO_WARNINGS \
	/D_CRT_NONSTDC_NO_WARNINGS /DYAML_DECLARE_STATIC \
	/FIsrc/libnni/banned.h /Isrc/libnni /I$(DEPS)/include
LIBS = /libpath:$(DEPS)/lib yaml.lib minizip.lib zlib.lib deflatestatic.lib \
	bcrypt.lib ntdll.lib advapi32.lib
# wmain() is in our library, where the linker does not look for it unasked.
LINKFLAGS = /nologo /subsystem:console /entry:wmainCRTStartup

# src/x/y.c to build/nmake/x/y.obj, in two steps: nmake replaces plain text.
LIB_TMP = $(LIB_SRC:.c=.obj) $(LIB_WIN32_SRC:.c=.obj)
LIB_OBJ = $(LIB_TMP:src/=build/nmake/)
NNI_CONFIG_TMP = $(NNI_CONFIG_SRC:.c=.obj)
NNI_CONFIG_OBJ = $(NNI_CONFIG_TMP:src/=build/nmake/)
NNI_PACK_TMP = $(NNI_PACK_SRC:.c=.obj)
NNI_PACK_OBJ = $(NNI_PACK_TMP:src/=build/nmake/)
NNI_TUNE_TMP = $(NNI_TUNE_SRC:.c=.obj)
NNI_TUNE_OBJ = $(NNI_TUNE_TMP:src/=build/nmake/)
NNI_ASSESS_TMP = $(NNI_ASSESS_SRC:.c=.obj)
NNI_ASSESS_OBJ = $(NNI_ASSESS_TMP:src/=build/nmake/)
NNI_SUBMIT_TMP = $(NNI_SUBMIT_SRC:.c=.obj)
NNI_SUBMIT_OBJ = $(NNI_SUBMIT_TMP:src/=build/nmake/)
NNI_WATCH_TMP = $(NNI_WATCH_SRC:.c=.obj)
NNI_WATCH_OBJ = $(NNI_WATCH_TMP:src/=build/nmake/)
NNI_COLLECT_TMP = $(NNI_COLLECT_SRC:.c=.obj)
NNI_COLLECT_OBJ = $(NNI_COLLECT_TMP:src/=build/nmake/)
NNI_CANCEL_TMP = $(NNI_CANCEL_SRC:.c=.obj)
NNI_CANCEL_OBJ = $(NNI_CANCEL_TMP:src/=build/nmake/)
NNI_RUN_TMP = $(NNI_RUN_SRC:.c=.obj)
NNI_RUN_OBJ = $(NNI_RUN_TMP:src/=build/nmake/)
NNI_TRIAL_TMP = $(NNI_TRIAL_SRC:.c=.obj)
NNI_TRIAL_OBJ = $(NNI_TRIAL_TMP:src/=build/nmake/)
NNI_PLATFORM_LOCAL_TMP = $(NNI_PLATFORM_LOCAL_SRC:.c=.obj)
NNI_PLATFORM_LOCAL_OBJ = $(NNI_PLATFORM_LOCAL_TMP:src/=build/nmake/)
NNI_PLATFORM_REMOTE_TMP = $(NNI_PLATFORM_REMOTE_SRC:.c=.obj)
NNI_PLATFORM_REMOTE_OBJ = $(NNI_PLATFORM_REMOTE_TMP:src/=build/nmake/)
NNI_PLATFORM_REST_TMP = $(NNI_PLATFORM_REST_SRC:.c=.obj)
NNI_PLATFORM_REST_OBJ = $(NNI_PLATFORM_REST_TMP:src/=build/nmake/)
NNI_CONFORMANCE_TMP = $(NNI_CONFORMANCE_SRC:.c=.obj)
NNI_CONFORMANCE_OBJ = $(NNI_CONFORMANCE_TMP:src/=build/nmake/)
NNICTL_TMP = $(NNICTL_SRC:.c=.obj)
NNICTL_OBJ = $(NNICTL_TMP:src/=build/nmake/)

all: nni-config nni-pack nni-tune nni-assess nni-submit nni-watch nni-collect \
	nni-cancel nni-run nni-trial nni-platform-local nni-platform-remote \
	nni-platform-rest nni-conformance nnictl
nni-config: dirs build/nmake/bin/nni-config.exe
nni-pack: dirs build/nmake/bin/nni-pack.exe
nni-tune: dirs build/nmake/bin/nni-tune.exe
nni-assess: dirs build/nmake/bin/nni-assess.exe
nni-submit: dirs build/nmake/bin/nni-submit.exe
nni-watch: dirs build/nmake/bin/nni-watch.exe
nni-collect: dirs build/nmake/bin/nni-collect.exe
nni-cancel: dirs build/nmake/bin/nni-cancel.exe
nni-run: dirs build/nmake/bin/nni-run.exe
nni-trial: dirs build/nmake/bin/nni-trial.exe
nni-platform-local: dirs build/nmake/bin/nni-platform-local.exe
nni-platform-remote: dirs build/nmake/bin/nni-platform-remote.exe
nni-platform-rest: dirs build/nmake/bin/nni-platform-rest.exe
nni-conformance: dirs build/nmake/bin/nni-conformance.exe
nnictl: dirs build/nmake/bin/nnictl.exe

RES = build/nmake/utf8.res
LIB_NNI = build/nmake/nni.lib
$(LIB_NNI): $(LIB_OBJ)
	lib /nologo /out:$@ @<<
$**
<<
$(RES): src/libnni/os/utf8.rc src/libnni/os/utf8.manifest
	rc /nologo /fo$@ src/libnni/os/utf8.rc

build/nmake/bin/nni-config.exe: $(NNI_CONFIG_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-pack.exe: $(NNI_PACK_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-tune.exe: $(NNI_TUNE_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-assess.exe: $(NNI_ASSESS_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-submit.exe: $(NNI_SUBMIT_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-watch.exe: $(NNI_WATCH_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-collect.exe: $(NNI_COLLECT_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-cancel.exe: $(NNI_CANCEL_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-run.exe: $(NNI_RUN_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-trial.exe: $(NNI_TRIAL_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-platform-local.exe: $(NNI_PLATFORM_LOCAL_OBJ) $(LIB_NNI) \
	$(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-platform-remote.exe: $(NNI_PLATFORM_REMOTE_OBJ) $(LIB_NNI) \
	$(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-platform-rest.exe: $(NNI_PLATFORM_REST_OBJ) $(LIB_NNI) \
	$(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nni-conformance.exe: $(NNI_CONFORMANCE_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)
build/nmake/bin/nnictl.exe: $(NNICTL_OBJ) $(LIB_NNI) $(RES)
	link $(LINKFLAGS) /out:$@ $** $(LIBS)

# One call of cl for all changed files of a directory. nmake does not know which
# headers a file includes: after a change of one, `nmake /f nmake.mak clean`.
{src/libnni}.c{build/nmake/libnni}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\libnni\ $<
{src/libnni/os}.c{build/nmake/libnni/os}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\libnni\os\ $<
{src/nni-config}.c{build/nmake/nni-config}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-config\ $<
{src/nni-pack}.c{build/nmake/nni-pack}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-pack\ $<
{src/nni-tune}.c{build/nmake/nni-tune}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-tune\ $<
{src/nni-assess}.c{build/nmake/nni-assess}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-assess\ $<
{src/nni-submit}.c{build/nmake/nni-submit}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-submit\ $<
{src/nni-watch}.c{build/nmake/nni-watch}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-watch\ $<
{src/nni-collect}.c{build/nmake/nni-collect}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-collect\ $<
{src/nni-cancel}.c{build/nmake/nni-cancel}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-cancel\ $<
{src/nni-run}.c{build/nmake/nni-run}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-run\ $<
{src/nni-trial}.c{build/nmake/nni-trial}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-trial\ $<
{src/nni-platform-local}.c{build/nmake/nni-platform-local}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-platform-local\ $<
{src/nni-platform-remote}.c{build/nmake/nni-platform-remote}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-platform-remote\ $<
{src/nni-platform-rest}.c{build/nmake/nni-platform-rest}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-platform-rest\ $<
{src/nni-conformance}.c{build/nmake/nni-conformance}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nni-conformance\ $<
{src/nnictl}.c{build/nmake/nnictl}.obj::
	$(CC) $(FLAGS) /c /Fobuild\nmake\nnictl\ $<

dirs:
	@if not exist build\nmake\bin mkdir build\nmake\bin
	@if not exist build\nmake\libnni\os mkdir build\nmake\libnni\os
	@if not exist build\nmake\nni-config mkdir build\nmake\nni-config
	@if not exist build\nmake\nni-pack mkdir build\nmake\nni-pack
	@if not exist build\nmake\nni-tune mkdir build\nmake\nni-tune
	@if not exist build\nmake\nni-assess mkdir build\nmake\nni-assess
	@if not exist build\nmake\nni-submit mkdir build\nmake\nni-submit
	@if not exist build\nmake\nni-watch mkdir build\nmake\nni-watch
	@if not exist build\nmake\nni-collect mkdir build\nmake\nni-collect
	@if not exist build\nmake\nni-cancel mkdir build\nmake\nni-cancel
	@if not exist build\nmake\nni-run mkdir build\nmake\nni-run
	@if not exist build\nmake\nni-trial mkdir build\nmake\nni-trial
	@if not exist build\nmake\nni-platform-local \
		mkdir build\nmake\nni-platform-local
	@if not exist build\nmake\nni-platform-remote \
		mkdir build\nmake\nni-platform-remote
	@if not exist build\nmake\nni-platform-rest \
		mkdir build\nmake\nni-platform-rest
	@if not exist build\nmake\nni-conformance mkdir build\nmake\nni-conformance
	@if not exist build\nmake\nnictl mkdir build\nmake\nnictl
clean:
	-rmdir /s /q build\nmake
