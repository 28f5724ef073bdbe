"""tests/tidy/documents.py - what the documents say is so: their configurations load, their commands
exist, their links lead somewhere, their numbers and log lines are the code's.

	tests/tidy/run documents ROOT SPOKED IKECTL
"""

import fnmatch
import os
import re
import shutil
import subprocess
import tempfile

from rules import Rules, Tree, blank, line_of

MARKDOWN = (r"^README\.md$", r"^doc/.*\.md$")
CODE = (r"^(base|ike|nhrp|pki|xfrm|daemon|ctl)/.*\.[ch]$",)
SECRET = b"0x" + b"5a" * 32 + b"\n"
PATH = re.compile(r"`([\w.*-]+(?:/[\w.*-]+)+)`")
SOURCE_FOLDERS = ("base/", "ike/", "nhrp/", "pki/", "xfrm/", "daemon/", "ctl/", "tests/", "etc/", "doc/")


def blocks(text, kind):
  """(offset, content) of the fenced blocks of that kind."""
  for match in re.finditer(rf"(?ms)^```{kind}\n(.*?)^```$", text):
    yield match.start(1), match[1]


def run(command, **options):
  done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)
  return done.returncode, (done.stdout + done.stderr).strip()


def literals(tree):
  """All string literals of the product's code, adjacent ones joined."""
  found = []
  for path, _ in tree.items(*CODE):
    code = re.sub(r'"\s*"', "", blank(tree.files[path], strings=False))
    found += re.findall(r'"((?:\\.|[^"\\\n])*)"', code)
  return "\n".join(text.replace('\\"', '"') for text in found)


def make(spoked, ikectl):
  rules = Rules()

  @rules.rule("configurations in the documents are valid (spoked -n)",
              bad=[{"README.md": '```conf\ntunnel gre1 {\n}\npeer "a" { romote = any }\n```\n'},
                   {"doc/A.md": "```conf\ntunnel gre1 {\n```\n"}],
              good={"README.md": '```conf\ntunnel gre1 { source = "192.0.2.1" }\npeer "a" { remote = any  secret-file = '
                                 '"/etc/spoked/a.psk" }\n```\n'})
  def configurations(tree):
    with tempfile.TemporaryDirectory() as folder:
      secret, conf = os.path.join(folder, "psk"), os.path.join(folder, "spoked.conf")
      with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(SECRET)
      for path, text in tree.items(*MARKDOWN):
        for at, block in blocks(text, "conf"):
          with open(conf, "w", encoding="utf-8") as file:
            file.write(re.sub(r'(secret-file\s*=\s*)"[^"]*"', rf'\1"{secret}"', block))
          status, said = run([spoked, "-n", "-f", conf])
          if status or "warning" in said.lower():
            yield f"{path}:{line_of(text, at)}: {said.replace(conf, 'the block')}"

  @rules.rule("shell blocks in the documents parse, and say spoked and ikectl by their true names",
              bad=[{"README.md": "```sh\nif true\n```\n"}, {"README.md": "```sh\nsudo ikectl statoos\n```\n"},
                   {"README.md": "`spoked -z`\n"}, {"doc/A.md": "see `ikectl lits-sas --json`\n"},
                   {"doc/A.md": "`tests/run unot`\n"}],
              good={"README.md": "```sh\nsudo ikectl status\nspoked -n\n```\n`ikectl list-sas --json`, `tests/run lab NAME`\n"})
  def commands(tree):
    known = set(re.findall(r"(?m)^  ([a-z-]+)  ", run([ikectl, "help"])[1]))
    options = set(re.findall(r"(?m)^  -(\w) ", run([spoked, "-h"])[1]))
    suites = {"unit", "fuzz", "tidy", "lab", "sim"}
    for path, text in tree.items(*MARKDOWN):
      for at, block in blocks(text, "sh"):
        status, said = run(["bash", "-n"], input=block)
        if status:
          yield f"{path}:{line_of(text, at)}: {said}"
      said = [m for _, b in blocks(text, "sh") for m in b.splitlines()] + re.findall(r"`([^`\n]+)`", text)
      for line in said:
        yield from (f"{path}: {line}: no such command" for name in re.findall(r"(?:^|sudo )ikectl ([a-z][\w-]*)", line)
                    if name not in known)
        yield from (f"{path}: {line}: no such option -{letter}"
                    for word in re.findall(r"(?:^|sudo )spoked((?: -\w+)+)", line)
                    for letter in word if letter not in " -" and letter not in options)
        yield from (f"{path}: {line}: no such suite" for name in re.findall(r"^(?:sudo )?tests/run ([a-z]+)", line)
                    if name not in suites)

  @rules.rule("swanctl.conf in the documents has one key a line",
              bad=[{"README.md": "```swanctl\na {\n    b = c }\n```\n"}, {"README.md": "```swanctl\na {\n```\n"},
                   {"README.md": "```swanctl\na { b = c }\n```\n"}],
              good={"README.md": "```swanctl\na {\n    b = c\n}\n```\n"})
  def swanctl(tree):
    for path, text in tree.items(*MARKDOWN):
      for at, block in blocks(text, "swanctl"):
        lines = [line.strip() for line in block.splitlines()]
        if any(not re.fullmatch(r"[\w-]+ \{|\}|[\w-]+ = [^{}]+|", line) for line in lines) \
           or block.count("{") != block.count("}"):
          yield f"{path}:{line_of(text, at)}: a value runs to the end of its line"

  return rules


rules = Rules()


@rules.rule("links and paths in the documents lead to something",
            bad=[{"README.md": "[a](doc/NONE.md)\n"}, {"doc/A.md": "`ike/none.c`\n"}, {"doc/A.md": "[a](ike/b.c)\n"},
                 {"doc/A.md": "`tests/unit/none_*.c`\n"}],
            good={"README.md": "[a](doc/A.md), [b](https://example.org), [c](doc/)\n", "ike/a.c": "",
                  "doc/A.md": "`ike/a.c`, `ike/*.c`, [a](../README.md), `tests/unit/test_NAME.c`, `and/or`\n"})
def links(tree):
  for path, text in tree.items(*MARKDOWN):
    for match in re.finditer(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
      target = os.path.normpath(os.path.join(os.path.dirname(path), match[1]))
      if "://" not in match[1] and target not in tree.files and not any(f.startswith(target + "/") for f in tree.files):
        yield f"{path}:{line_of(text, match.start())}: {match[1]}"
    for match in PATH.finditer(text):
      name = match[1]
      if name.startswith(SOURCE_FOLDERS) and not re.search(r"[A-Z]{3}", name) \
         and not any(fnmatch.fnmatch(f, name) or f == name + ".c" or f.startswith(name + "/") for f in tree.files):
        yield f"{path}:{line_of(text, match.start())}: {name}"


def defined(tree, name):
  """The value of a macro, as numbers multiplied; None if there is no such macro."""
  for path, _ in tree.items(*CODE):
    if match := re.search(rf"(?m)^#define {name}\s+(.+)$", blank(tree.files[path])):
      value = 1
      for factor in re.sub(r"[()u]|TICK_S|\s", "", match[1]).split("*"):
        if factor:
          value *= int(factor, 0) if re.fullmatch(r"\w+", factor) and factor[0].isdigit() else 1
      return value
  return None


@rules.rule("numbers that the documents give for the code's constants are the code's",
            bad=[{"doc/A.md": "`A_MAX` (8)\n", "ike/a.h": "#define A_MAX 9\n"}, {"doc/A.md": "| `A_MAX` | 8 |\n"},
                 {"doc/A.md": "`A_US` (10 s)\n", "ike/a.h": "#define A_US (20 * TICK_S)\n"}],
            good={"doc/A.md": "`A_MAX` (8), `B_US` (10 s), | `A_MAX` | 8 |\n",
                  "ike/a.h": "#define A_MAX 8 /* as 9 */\n#define B_US (10 * TICK_S)\n"})
def numbers(tree):
  for path, text in tree.items(*MARKDOWN):
    for match in re.finditer(r"`([A-Z]\w*_[A-Z_]+)`(?: \((\d[\d,]*)(?: s)?[,)]| \| (\d+) \|)", text):
      said = int((match[2] or match[3]).replace(",", "").strip() or 0)
      if (value := defined(tree, match[1])) != said:
        yield f"{path}:{line_of(text, match.start())}: {match[1]} is {value}, not {said}"


@rules.rule("log lines that README.md explains are lines that the code writes",
            bad={"README.md": "| The log says | a |\n|---|---|\n| `never` … `written` | x |\n", "ike/a.c": '"written"'},
            good={"README.md": "| The log says | a |\n|---|---|\n| `no answer` … `requests` | x |\n",
                  "ike/a.c": 'f("no answer from %s to %u "\n  "requests");\n'})
def log_lines(tree):
  said = literals(tree)
  for path, text in tree.items(r"^README\.md$"):
    for table in re.finditer(r"(?m)^\| The log says .*\n(?:\|.*\n)+", text):
      for row in table[0].splitlines()[2:]:
        for fragment in re.findall(r"`([^`]+)`", row.split("|")[1]):
          if fragment not in said:
            yield f"{path}: nobody says \"{fragment}\""


def mdoc(text):
  """What a manual page's checker says: mandoc's if it is there, else groff's."""
  if shutil.which("mandoc"):
    status, said = run(["mandoc", "-T", "lint", "-W", "warning"], input=text)
    # Times and cross references outside this tree are not its affair.
    lines = [line for line in said.splitlines() if "referenced manual not found" not in line]
    return "\n".join(lines) if status and lines else ""
  # -rCHECKSTYLE: mdoc's own remarks; -ww: all of groff's; -z: no output
  status, said = run(["groff", "-mdoc", "-Tutf8", "-ww", "-rCHECKSTYLE=1", "-z"], input=text)
  return said or (f"status {status}" if status else "")


if shutil.which("mandoc") or shutil.which("groff"):

  @rules.rule("manual pages are well-formed mdoc",
              bad=[{"doc/a.8": ".Dd May 1, 2026\n.Dt A 8\n.Os\n.Sh NAME\n.Nm a\n.Nd b\n.Sh DESCRIPTION\n.Bl -tag\n.It x\n"},
                   {"doc/a.8": ".Dd May 1, 2026\n.Dt A 8\n.Os\n.Sh NAME\n.Nm a\n.Nd b\n.Sh DESCRIPTION\n.Zz\n"}],
              good={"doc/a.8": ".Dd May 1, 2026\n.Dt A 8\n.Os\n.Sh NAME\n.Nm a\n.Nd does nothing\n.Sh DESCRIPTION\nNothing.\n"})
  def manual(tree):
    for path, text in tree.items(r"^doc/[\w.]+\.[1-9]$"):
      if said := mdoc(text):
        yield f"{path}: {said}"


def tests(root, spoked, ikectl):
  tree = Tree.read(root)
  yield from rules.tests(tree)
  yield from make(spoked, ikectl).tests(tree)
