#!/usr/bin/env python3
"""nmk.py: reads nmake.mak as nmake would, on Linux.

	.ci/nmk.py --list FILE...	may both makes include these lists?
	.ci/nmk.py [-f FILE] [-n] [NAME=value...] [TARGET...]
		-n	print the commands and run nothing

Takes only the part of nmake's language that our makefile uses; anything else,
above all what only GNU make knows, is an error with its place.  `cl` is .ci/cl;
link, lib and rc check that their inputs are there and write an empty output,
so that the whole graph is walked.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys

NAME = r'[A-Za-z_]\w*'
# Predefined by nmake, or read by Microsoft's tools from the environment.
TAKEN = set('CC CPP CXX AS RC CFLAGS CPPFLAGS CXXFLAGS AFLAGS RFLAGS MAKE MAKEDIR '
            'MAKEFLAGS LIB LIBPATH INCLUDE LINK CL _CL_ _LINK_ ML PATH TMP TEMP'.split())
GNU_LINES = [
    (r'\s*-?include\s', 'nmake wants !include'),
    (r'\s*(ifeq|ifneq|ifdef|ifndef|else|endif|define|endef|export|override)\b',
     'a directive of GNU make'),
    (NAME + r'\s*[:?+!]+=', "nmake knows only '='"),
    (r'\.(PHONY|DELETE_ON_ERROR|SECONDARY|ONESHELL|NOTPARALLEL|POSIX)\b',
     'a special target of GNU make'),
]


class Bad(Exception):
    pass


def bad(where, what):
    raise Bad('%s: error: %s' % (where, what))


def logical_lines(path):
    """(place, line) with continuations joined."""
    with open(path, encoding='utf-8', newline='') as f:
        lines = f.read().split('\n')
    i = 0
    while i < len(lines):
        where, text = '%s:%d' % (path, i + 1), lines[i]
        if '\r' in text:
            bad(where, 'CR: GNU make takes it as part of a value')
        if re.search(r'\\[ \t]+$', text):
            bad(where, 'a blank after \\: the line does not continue')
        # "\ $<" ends a path; only a lone last backslash continues.
        while text.endswith('\\'):
            if text.startswith('#'):
                bad(where, 'a comment that swallows the next line')
            i += 1
            if i == len(lines) or not lines[i].strip() or lines[i].startswith('#'):
                bad(where, 'an empty line or comment inside a continued line')
            text = text[:-1].rstrip() + ' ' + lines[i].lstrip()
        yield where, text
        i += 1


def check_list(path):
    """What means the same in both makes: NAME = words, and comments."""
    seen = set()
    for where, text in logical_lines(path):
        if not text.strip() or text.startswith('#'):
            continue
        m = re.match(r'([A-Z][A-Z0-9_]*) = (.*)$', text)
        if not m:
            bad(where, "want 'NAME = words' or a comment in column 1")
        name, value = m.groups()
        if name in TAKEN:
            bad(where, name + ': means something to nmake or its tools')
        if name in seen:
            bad(where, name + ': set twice')
        seen.add(name)
        for used in re.findall(r'\$\(([^)]*)\)', value):
            if used not in seen:
                bad(where, '$(%s): only names set above, no modifiers' % used)
        c = re.search(r'[#$%^!{}";<>&|*?~`\'\\]', re.sub(r'\$\(\w+\)', '', value))
        if c:
            bad(where, "'%s' does not mean the same in both makes" % c.group())
        for word in value.split():
            if word.endswith('.c') and '/' not in word:
                bad(where, word + ': an entry carries its directory')


class Rule:
    def __init__(self, where, targets=(), deps=()):
        self.where, self.targets, self.deps = where, targets, deps
        self.commands = []      # (place, line, lines of an inline file or None)


class Makefile:
    def __init__(self, macros):
        self.macros = dict({'CC': 'cl'}, **macros)
        self.fixed = set(macros)
        self.rules, self.batches = [], []
        self.first = None

    def expand(self, text, where, special=None):
        def replace(value, old, new, use):
            if '%' in old + new or '$' in old + new:
                bad(where, use + ': nmake replaces plain text')
            for word in value.split():
                # GNU make replaces at the end, nmake everywhere.
                if old.startswith('.') and old in word[:-len(old)]:
                    bad(where, '%s: %r is also inside %s' % (use, old, word))
            return value.replace(old, new)

        def one(m):
            use, name, old, new = m.group(0), m.group(1), m.group(2), m.group(3)
            if use == '$$':
                return '$'
            if special and use in special:
                return special[use]
            if name is None:
                bad(where, use + ' has no meaning here')
            value = self.expand(self.macros.get(name, ''), where)
            return value if old is None else replace(value, old, new, use)

        return re.sub(r'\$\$|\$\*\*|\$[@<]|\$\((' + NAME +
                      r')(?::([^=()]+)=([^()]*))?\)|\$.?', one, text)

    def read(self, path):
        live, rule, inline = [True], None, None
        for where, text in logical_lines(path):
            if inline is not None:
                if text == '<<':
                    inline = None
                else:
                    inline.append(text)
            elif text.startswith('!'):
                rule = None
                self.directive(path, where, text, live)
            elif not all(live) or not text.strip() or text.startswith('#'):
                continue
            elif text[0] == '\t':
                if rule is None:
                    bad(where, 'a command outside of a rule')
                inline = [] if text.endswith('@<<') else None
                rule.commands.append((where, text.strip(), inline))
            elif text[0] == ' ':
                bad(where, 'commands begin with a tab, comments in column 1')
            else:
                for pattern, why in GNU_LINES:
                    if re.match(pattern, text):
                        bad(where, why)
                rule = self.statement(where, text)
        if len(live) > 1 or inline is not None:
            bad(path, '!if without !endif, or << without its end')

    def directive(self, path, where, text, live):
        word, arg = re.match(r'!\s*(\w*)\s*(.*)$', text).groups()
        word = word.lower()
        if word in ('ifdef', 'ifndef'):
            live.append((arg in self.macros) == (word == 'ifdef'))
        elif word == 'else' and len(live) > 1:
            live[-1] = not live[-1]
        elif word == 'endif' and len(live) > 1:
            live.pop()
        elif word == 'include':
            if all(live):
                name = os.path.join(os.path.dirname(path), arg)
                check_list(name)
                self.read(name)
        else:
            bad(where, '!%s: not among what is checked' % word)

    def statement(self, where, text):
        m = re.match(r'(' + NAME + r')\s*=\s*(.*)$', text)
        if m:
            if m.group(1) not in self.fixed:
                self.macros[m.group(1)] = m.group(2).rstrip()
            return None
        m = re.match(r'\{(.+)\}(\.\w+)\{(.+)\}(\.\w+)::$', text)
        if m:
            rule = Rule(where)
            rule.source, rule.source_ext, rule.target, rule.target_ext = m.groups()
            self.batches.append(rule)
            return rule
        m = re.match(r'([^:=]+?)\s*:\s*([^:=;|%]*)$', text)
        if not m:
            bad(where, 'not among what is checked: ' + text[:60])
        if m.group(1) == '.SUFFIXES':
            return None
        rule = Rule(where, self.expand(m.group(1), where).split(),
                    self.expand(m.group(2), where).split())
        for target in rule.targets:
            if any(target in r.targets for r in self.rules):
                bad(where, target + ': has a rule already')
        self.rules.append(rule)
        self.first = self.first or rule.targets[0]
        return rule


class Build:
    def __init__(self, makefile, dry):
        self.makefile, self.dry, self.done = makefile, dry, set()

    def batch_of(self, target):
        head, tail = os.path.split(target)
        base, ext = os.path.splitext(tail)
        for rule in self.makefile.batches:
            source = os.path.join(rule.source, base + rule.source_ext)
            if rule.target == head and rule.target_ext == ext and \
                    os.path.exists(source):
                return rule, source
        return None, None

    def make(self, target):
        if target in self.done:
            return
        self.done.add(target)
        rule = next((r for r in self.makefile.rules if target in r.targets), None)
        if rule is None:
            if not os.path.exists(target):
                bad(target, 'no rule makes it')
            return
        batches = {}
        for dep in rule.deps:
            batch, source = self.batch_of(dep)
            if batch is None:
                self.make(dep)
            elif dep not in self.done:
                self.done.add(dep)
                batches.setdefault(batch, []).append(source)
        for batch, sources in batches.items():
            self.run(batch, {'$<': ' '.join(sources)})
        self.run(rule, {'$@': target, '$**': ' '.join(rule.deps)})

    def run(self, rule, special):
        for where, line, inline in rule.commands:
            line = self.makefile.expand(line, where, special)
            quiet = line.startswith('@')
            ignore = line.startswith('-')
            line = line.lstrip('@-')
            if inline is not None:
                line = line.replace('@<<', ' '.join(
                    self.makefile.expand(t, where, special) for t in inline))
            elif len(line) > 8191:
                bad(where, '%d characters: cmd.exe wants a file (<<)' % len(line))
            if self.dry or not quiet:
                print(line if len(line) < 200 else line[:200] + ' ...', flush=True)
            if not self.dry and self.execute(line, where) != 0 and not ignore:
                bad(where, 'command failed')

    def execute(self, line, where):
        m = re.match(r'if not exist (\S+) (.*)$', line)
        if m:
            there = os.path.exists(m.group(1).replace('\\', '/'))
            return 0 if there else self.execute(m.group(2), where)
        words = shlex.split(line.replace('\\', '/'))
        if words[0] == 'cl':
            here = os.path.dirname(os.path.abspath(__file__))
            return subprocess.call([os.path.join(here, 'cl')] + words[1:])
        if words[0] in ('mkdir', 'rmdir') and '/' in line.split()[-1]:
            bad(where, words[0] + ' wants \\ in its path')
        if words[0] == 'mkdir':
            os.makedirs(words[1], exist_ok=True)
        elif words[0] == 'rmdir':
            shutil.rmtree(words[-1], ignore_errors=True)
        elif words[0] in ('lib', 'link', 'rc'):
            self.pretend(words, where)
        else:
            bad(where, words[0] + ': not among what is checked')
        return 0

    def pretend(self, words, where):
        """No linker here: are the inputs there, is the output named?"""
        out = None
        for word in words[1:]:
            m = re.match(r'/(out:|fo)(.+)$', word)
            if m:
                out = m.group(2)
            elif re.search(r'\.(obj|res|rc)$', word) and not os.path.exists(word):
                bad(where, '%s: there is no %s' % (words[0], word))
        if out is None:
            bad(where, words[0] + ': its output has no name')
        open(out, 'wb').close()


def main(args):
    if args[:1] == ['--list']:
        for path in args[1:]:
            check_list(path)
        return
    path, dry, macros, targets = 'nmake.mak', False, {}, []
    while args:
        arg = args.pop(0)
        if arg == '-f':
            path = args.pop(0)
        elif arg == '-n':
            dry = True
        elif re.match(NAME + '=', arg):
            name, macros_value = arg.split('=', 1)
            macros[name] = macros_value
        elif arg.startswith('-'):
            print(__doc__, file=sys.stderr)
            sys.exit(2)
        else:
            targets.append(arg)
    makefile = Makefile(macros)
    makefile.read(path)
    build = Build(makefile, dry)
    for target in targets or [makefile.first]:
        build.make(target)


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except Bad as e:
        print(e, file=sys.stderr)
        sys.exit(1)
