"""tests/tidy/lint.py - clang-tidy over every C file, as the build compiles it; one test a file.

One process per file, although one could take them all: clang-tidy 14 carries state of its va_list
check from file to file and then reports va_lists that were started as if they had not been.  About
one second a file, on as many processors as there are.

The checks are .clang-tidy's.  What is taken away from them here is what cannot be mended in the
code without making it worse, each with its reason.  What is added is -Wswitch-enum: over an enum, a
`default:` does not excuse a missing case, so that a new state is noticed wherever it matters.
"""

import concurrent.futures
import json
import os
import re
import resource
import shlex
import subprocess
import tempfile

import rules

ADDED = ["clang-diagnostic-switch-enum"]
REMOVED = [
  # "4 * 1024 * 1024" of ints that becomes a size_t is nearly all that it finds; the compiler checks
  # constants (-Woverflow), UBSan the rest in every test.
  "bugprone-implicit-widening-of-multiplication-result",
  # takes calloc(n, sizeof(*array_of_pointers)) for a slip
  "bugprone-sizeof-expression",
  # takes the kernel's fixed-width names, which are padded with zeroes, for strings
  "bugprone-not-null-terminated-result",
]
REMOVED_IN_TESTS = [
  # cmocka's assertions end a test, which the analyzer cannot see: everything stays NULL for it
  "clang-analyzer-*",
  # two equal runs are compared byte by byte; a difference in padding would fail, not pass
  "bugprone-suspicious-memory-comparison",
]
KEPT_FLAGS = re.compile(r"^-(I|D|std=|isystem|include)")
TIME_MAX_S = 300

SAMPLE_NULL = "int f(int *p);\nint f(int *p)\n{\n\tif (!p)\n\t\treturn *p;\n\treturn 0;\n}\n"
SAMPLE_ENUM = """enum e { A, B, C };
int f(enum e e);
int f(enum e e)
{
	switch (e) {
	case A:
		return 1;
	case B:
		return 2;
	default:
		return 3;
	}
}
"""
SAMPLE_GOOD = SAMPLE_ENUM.replace("default", "case C") + "/* unreachable: the enum has three */\n"


def flags_by_file(root, build):
  """What each file is compiled with, of what matters for reading it: paths, macros, the standard."""
  flags = {}
  with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
    for entry in json.load(file):
      words = entry.get("arguments") or shlex.split(entry["command"])
      path = os.path.relpath(os.path.realpath(os.path.join(entry["directory"], entry["file"])), root)
      kept = [re.sub(r"^-(I|isystem)(?=[^/])", lambda m: m[0] + entry["directory"] + "/", w)
              for w in words if KEPT_FLAGS.match(w) and "_FORTIFY_SOURCE" not in w]
      flags.setdefault(path, kept)
  return flags


def lint(root, path, flags, name=None):
  """What clang-tidy says; `name` is what the file stands for in the project."""
  removed = REMOVED + (REMOVED_IN_TESTS if (name or path).startswith("tests/") else [])
  checks = ",".join(ADDED + ["-" + check for check in removed])
  command = ["clang-tidy", "--quiet", f"--config-file={root}/.clang-tidy", f"--checks={checks}",
             f"--header-filter=^{re.escape(root)}/.*", os.path.join(root, path), "--", "-Wswitch-enum", *flags]
  # meson has memory filled for the tests' sake (MALLOC_PERTURB_); here it would only cost time.
  environment = {name: value for name, value in os.environ.items() if name != "MALLOC_PERTURB_"}
  done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIME_MAX_S,
                        env=environment)
  found = [line.replace(root + "/", "") for line in done.stdout.splitlines()
           if re.search(r":\d+:\d+: (warning|error):", line)]
  if done.returncode and not found:
    found = (done.stdout + done.stderr).splitlines()[-10:]
  return found


def samples(root):
  with tempfile.TemporaryDirectory() as folder:

    def said(text):
      path = os.path.join(folder, "sample.c")
      with open(path, "w", encoding="ascii") as file:
        file.write(text)
      return " ".join(lint(root, path, ["-std=c17"], "ike/sample.c"))

    yield "can fail: clang-tidy", [f"not noticed: {check}" for check, text in (
      ("NullDereference", SAMPLE_NULL), ("switch-enum", SAMPLE_ENUM)) if check not in said(text)]
    yield "can fail: clang-tidy has nothing against a good file", [said(SAMPLE_GOOD)] if said(SAMPLE_GOOD) else []


def tests(root, build):
  root = os.path.realpath(root)
  flags = flags_by_file(root, build)
  paths = [path for path, _ in rules.Tree.read(root).items(r"\.c$")]
  yield from samples(root)
  yield "every C file is compiled", [path for path in paths if path not in flags]
  with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    results = [(path, pool.submit(lint, root, path, flags[path])) for path in paths if path in flags]
    for path, result in results:
      yield path, result.result()
  used = resource.getrusage(resource.RUSAGE_CHILDREN)
  print(f"# {len(results)} files, {used.ru_utime + used.ru_stime:.0f} s of processor time")
