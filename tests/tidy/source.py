"""tests/tidy/source.py - how the source reads: sizes, names, comments, words.  STYLE in short.

Heuristics where a real parser would be needed: clang-format has put every file into one form, and
the rules lean on that form.
"""

import ast
import re
import shutil
import subprocess

from rules import Functions, Rules, blank, line_of, lines_matching

rules = Rules()

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
TAB = 8
ESSAY_CHARS_MIN = 60  # of an opening comment, beside the file's name

TESTS = re.compile(r"^tests/")


# ---- sizes ----

@rules.rule(f"C files have at most {FILE_LINES_MAX} lines", bad={"ike/a.c": "\n" * (FILE_LINES_MAX + 1)},
            good={"ike/a.c": "\n" * FILE_LINES_MAX})
def file_size(tree):
  for path, text in tree.c():
    if (count := text.count("\n")) > FILE_LINES_MAX:
      yield f"{path}: {count} lines"


@rules.rule(f"functions have at most {FUNCTION_LINES_MAX} lines",
            bad=[{"ike/a.c": "int long_one(int a,\n\t     int b)\n{\n" + "\ta++;\n" * FUNCTION_LINES_MAX + "}\n"},
                 {"ike/a.c": "static void __attribute__((format(printf, 1, 2)))\nf(const char *x, ...)\n{\n"
                             + "\tx++;\n" * FUNCTION_LINES_MAX + "}\n"}],
            good={"ike/a.c": "int f(void)\n{\n" + "\tg();\n" * (FUNCTION_LINES_MAX - 3) + "}\n"})
def function_size(tree):
  for path, _ in tree.c():
    for name, first, last in Functions(tree.bare(path)).found:
      if (count := last - first + 1) > FUNCTION_LINES_MAX:
        yield f"{path}:{first}: {name}: {count} lines"


@rules.rule(f"no line of C is wider than {COLUMNS_MAX} columns, with tabs of {TAB}",
            bad={"ike/a.c": "\t" * 4 + "x" * 69 + "\n"}, good={"ike/a.c": "\t" * 4 + "x" * 68 + "\n"})
def columns(tree):
  for path, text in tree.c():
    for number, line in enumerate(text.split("\n"), 1):
      if (width := len(line.expandtabs(TAB))) > COLUMNS_MAX:
        yield f"{path}:{number}: {width} columns"


# ---- text ----

@rules.rule("files are UTF-8 with LF, end in a newline, and no line ends in white space",
            bad=[{"ike/a.c": "int a; \n"}, {"README.md": "a\t\n"}, {"etc/a": "a\r\n"}, {"doc/a": "a"},
                 {"doc/a": None}, {"doc/a": "a\n\n\n"}],
            good={"doc/a": "a\nb\n", "etc/empty": ""})
def white_space(tree):
  for path, text in tree.files.items():
    if text is None:
      yield f"{path}: not UTF-8"
      continue
    yield from (f"{found.rsplit(':', 1)[0]}: white space at the end"
                for found in lines_matching(tree, path, r"(?m)[ \t\r]+$"))
    if text and not text.endswith("\n"):
      yield f"{path}: no newline at the end"
    if text.endswith("\n\n"):
      yield f"{path}: empty lines at the end"


def loose_ends(tree):
  # In pieces, so that this file may be looked at like any other.
  words = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "st" + "ub(?:bed|s)?"))
  for path, _ in tree.items(r""):
    yield from lines_matching(tree, path, rf"(?<![\w-])(?:{words})(?![\w-])[^\n]{{0,40}}")


rules.rule("nothing is put off to later in a comment",
           bad=[{"ike/a.c": "/* TO" "DO: the rest */\n"}, {"tests/run": "# FIX" "ME\n"},
                {"ike/a.c": "int f(void) { return 0; } /* st" "ub */\n"}],
           good={"ike/a.c": 'char dir[] = "/tmp/a-XX' 'XXXX"; /* st' 'ubborn */\n'})(loose_ends)


def desk(tree):
  words = ("/wo" "rk/", "/fa" "rm/", "/tmp/ba" "sh_jobs", "/ho" "me/", "/Us" "ers/", "lang" "uage mod" "el",
           "sub" "agent")
  for path, text in tree.files.items():
    for word in words:
      if text and word in text.lower():
        yield f"{path}:{line_of(text, text.lower().index(word))}: {word}"


rules.rule("nothing speaks of the desk that it was written at",
           bad=[{"doc/a.md": "see /wo" "rk/notes\n"}, {"tests/run": "cd /ho" "me/me/spoked\n"}],
           good={"doc/a.md": "the network/worker\n"})(desk)


# ---- C ----

BANNED = {
  "strcpy strcat strncat stpcpy sprintf vsprintf gets": "unbounded: snprintf, memcpy, struct buf",
  "strncpy": "leaves strings open: snprintf, memcpy",
  "rand srand random srandom drand48 rand_r": "not random: struct rng",
  "atoi atol atoll atof": "no errors: config_value_*, ikectl_u64_of",
  "strtok": "one static state for all callers, and writes into its input",
  "alloca": "no bound",
  "setjmp longjmp": "jumps over clean-up",
  "bcopy bzero bcmp": "memcpy, memset, memcmp; secrets: secret_wipe",
  "gethostbyname inet_ntoa inet_addr ctime asctime localtime gmtime": "one static buffer for all threads",
  "mktemp tmpnam tempnam": "a race",
}
BANNED_IN_PRODUCT = {"system popen wordexp": "a shell: the peer may have written what it runs",
                     "sleep usleep": "nothing waits but the loop"}


@rules.rule("banned calls are not made",
            bad=[{"ike/a.c": f"int f(void)\n{{\n\treturn (int){name}(0);\n}}\n"}
                 for names in (*BANNED, *BANNED_IN_PRODUCT) for name in names.split()],
            good={"ike/a.c": '/* strcpy(a, b) */ char *s = "sprintf(x)"; int my_random(int x); struct a b = {.rand = 0};\n',
                  "tests/unit/a.c": "int f(void)\n{\n\treturn system(0);\n}\n"})
def banned_calls(tree):
  for path, _ in tree.c():
    table = BANNED if TESTS.match(path) else {**BANNED, **BANNED_IN_PRODUCT}
    for names, why in table.items():
      found = lines_matching(tree, path, rf"(?<![\w.>])(?:{'|'.join(names.split())})\s*\(", tree.bare(path))
      yield from (f"{complaint}): {why}" for complaint in found)


@rules.rule("a `default:` says on its line why a switch may have one",
            bad=[{"ike/a.c": "\tdefault:\n\t\tbreak;\n"}, {"ike/a.c": "\tdefault: return 1;\n"}],
            good={"ike/a.c": "\tdefault: /* the kernel's numbers: others may come */\n\t\tbreak;\n"})
def default_says_why(tree):
  for path, text in tree.c():
    for match in re.finditer(r"(?m)^[ \t]*default:(?![ \t]*/\*)", text):
      if "default:" in tree.bare(path)[match.start():match.end()]:
        yield f"{path}:{line_of(text, match.start())}: no reason given"


@rules.rule("structs, unions and enums have no typedef", bad={"ike/a.h": "typedef struct a {\n\tint b;\n} a_t;\n"},
            good={"ike/a.h": "typedef int64_t tick_t;\ntypedef enum ike_err handler_fn(struct ike_sa *sa);\n"})
def no_typedef(tree):
  for path, _ in tree.c():
    yield from lines_matching(tree, path, r"(?m)^[ \t]*typedef\s+(?:const\s+)?(?:struct|union|enum)\b(?:\s+\w+)?\s*"
                                          r"(?:\{|\*?\s*\w+;)", tree.bare(path))


@rules.rule("variable-length arrays and K&R prototypes do not exist: f(void)", bad={"ike/a.h": "int f();\n"},
            good={"ike/a.h": "int f(void);\n"})
def prototypes(tree):
  for path, _ in tree.items(r"\.h$"):
    yield from lines_matching(tree, path, r"(?m)^[a-z][\w \*]*\b\w+\(\);", tree.bare(path))


# ---- comments ----

@rules.rule("every C file opens with its name and what it is for",
            bad=[{"ike/a.c": "#include <stdio.h>\n"}, {"ike/a.c": "/*\n * ike/b.c - of another file, copied and never "
                                                      "changed, as it happens.\n */\n"},
                 {"ike/a.c": "/*\n * ike/a.c - a.\n */\n"}],
            good={"ike/a.c": "/*\n * ike/a.c - an essay: its job, lifetimes, the RFC's sections, what it leaves out.\n */\n"})
def essay(tree):
  for path, text in tree.c():
    match = re.match(r"/\*\n \* (\S+) - (.*?)\*/\n", text, re.S)
    if not match:
      yield f"{path}: no opening comment, or not as \"{path} - what it is for\""
    elif match[1] != path:
      yield f"{path}: the opening comment speaks of {match[1]}"
    elif len(re.sub(r"\s*\*?\s+", " ", match[2])) < ESSAY_CHARS_MIN and path.endswith(".c") \
         and not TESTS.match(path) and "see " not in match[2].lower():
      yield f"{path}: the opening comment says next to nothing"


@rules.rule("header guards are the path: FOLDER_FILE_H",
            bad=[{"ike/a.h": "int a;\n"}, {"ike/a.h": "#ifndef A_H\n#define A_H\n#endif\n"},
                 {"ike/a.h": "#ifndef IKE_A_H\n#define IKE_B_H\n#endif\n"}],
            good={"ike/a.h": "/* a */\n#ifndef IKE_A_H\n#define IKE_A_H\n#endif\n"})
def guards(tree):
  for path, _ in tree.items(r"\.h$"):
    guard = re.sub(r"\W", "_", path).upper()
    if not re.match(rf"\s*#ifndef {guard}\n#define {guard}\n(?:.*\n)?#endif\s*$", tree.bare(path), re.S):
      yield f"{path}: not all of it stands between #ifndef {guard}, #define {guard} and #endif"


def public_headers(tree):
  return tree.items(r"^(\w+)/\1\.h$", r"^base/\w+\.h$", r"^ike/(err|suite)\.h$")


# Not inline functions: they say what they do by doing it.
DECLARES = re.compile(r"^(?!typedef|return|static|_Static_assert|#|\s)[\w \t\*]*?\b(\w+)\((?!\*)", re.M)


@rules.rule("public headers say what their functions do: in a comment to each paragraph of them",
            bad={"ike/ike.h": "/* a */\nint a(void);\n\nint b(int c);\n"},
            good={"ike/ike.h": "/* a, b */\nint a(void);\nint b(int c,\n      int d);\n\nint c(void); /* c */\n",
                  "base/cur.h": "static inline int cur_left(struct cur c)\n{\n\treturn c.left;\n}\n"})
def headers_comment(tree):
  for path, text in public_headers(tree):
    at = 0
    for paragraph in re.split(r"(\n[ \t]*\n)", text):
      bare = blank(paragraph)
      names = [m[1] for m in DECLARES.finditer(bare)] if not re.match(r"\s*[{}]", bare) else []
      if names and "/*" not in paragraph:
        yield f"{path}:{line_of(text, at)}: {', '.join(names)}"
      at += len(paragraph)


@rules.rule("functions in a public header bear the folder's name",
            bad={"xfrm/xfrm.h": "int sa_add(void);\n"}, good={"xfrm/xfrm.h": "int xfrm_sa_add(void);\n",
                                                             "base/map.h": "void map_init(void);\n"})
def headers_name(tree):
  for path, _ in tree.items(r"^(ike|nhrp|pki|xfrm|ctl)/\1\.h$", r"^ike/suite\.h$", r"^ike/err\.h$"):
    folder = path.split("/")[0]
    for match in DECLARES.finditer(tree.bare(path)):
      if not match[1].startswith(folder + "_") and match[1] != "__attribute__":
        yield f"{path}:{line_of(tree.bare(path), match.start())}: {match[1]}"


# ---- scripts ----

def shell_scripts(tree):
  for path, text in tree.items(r""):
    if re.match(r"#!\s*/\S*\b(sh|bash)\b", text) or re.search(r"\.(sh|inc|bash)$", path):
      yield path, text


def say(command, text):
  """What a checker says about `text` on its standard input, nothing if it is content."""
  done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
  return (done.stdout + done.stderr).strip() or f"status {done.returncode}" if done.returncode else ""


@rules.rule("shell scripts parse (bash -n)", bad={"tests/run": "#!/bin/sh\nif true; then\n"},
            good={"tests/a.sh": "if true; then :; fi\n", "etc/a": "if\n"})
def shell_syntax(tree):
  for path, text in shell_scripts(tree):
    if said := say(["bash", "-n"], text):
      yield f"{path}: {said}"


@rules.rule("Python scripts parse", bad=[{"tests/a.py": "if True\n"}, {"tests/a": "#!/usr/bin/python3\n(\n"}],
            good={"tests/a.py": "if True:\n  pass\n"})
def python_syntax(tree):
  for path, text in tree.items(r""):
    if path.endswith(".py") or re.match(r"#!.*\bpython3\b", text):
      try:
        ast.parse(text)
      except SyntaxError as error:
        yield f"{path}:{error.lineno}: {error.msg}"


# Of shellcheck's warnings, those that the scripts' ways make meaningless:
SHELLCHECK_OFF = [
  "SC1090",  # sources what it finds at run time
  "SC1091",  # or what is another file of this tree
  "SC2034",  # scenarios and lib.sh read each other's variables
  "SC2154",
  "SC2148",  # a scenario is sourced and has no first line
  "SC1010",  # "ping -M do" is no loop
]

if shutil.which("shellcheck"):

  @rules.rule("shellcheck has no warning", bad={"tests/a.sh": "#!/bin/sh\nrm -rf $1/\ncd /nowhere\n[ $a == b ]\n"},
              good={"tests/a.sh": '#!/bin/sh\necho "$1"\n'})
  def shellcheck(tree):
    for path, text in shell_scripts(tree):
      said = say(["shellcheck", "-S", "warning", "-f", "gcc", "-s", "bash", "-e", ",".join(SHELLCHECK_OFF), "-"], text)
      yield from (path + line.removeprefix("-") for line in said.splitlines())


# ---- completeness ----

@rules.rule("every unit test and fuzz target is named in tests/meson.build",
            bad=[{"tests/unit/test_a.c": "", "tests/meson.build": "'b': [],\n"},
                 {"tests/fuzz/fuzz_a.c": "", "tests/meson.build": ""}],
            good={"tests/unit/test_a.c": "", "tests/meson.build": "  'a': [[], engine, []],\n"})
def tests_run(tree):
  build = tree.files.get("tests/meson.build") or ""
  for path, _ in tree.items(r"^tests/unit/test_\w+\.c$", r"^tests/fuzz/fuzz_\w+\.c$"):
    name = re.search(r"(?:test|fuzz)_(\w+)\.c$", path)[1]
    if not re.search(rf"'(?:{name}|unit/test_{name}\.c|fuzz/fuzz_{name}\.c)'", build):
      yield f"{path}: nobody runs it"
