"""tests/tidy/rules.py - what a rule is, the tree that it looks at, and TAP.

A rule is a function from a Tree to complaints.  It comes with at least one small tree that breaks
it ("bad") and may come with one that keeps it ("good"): each rule is first shown that it can fail,
then the project.  A test that cannot fail says nothing.
"""

import os
import re
import sys

SKIPPED_DIRS = {".git", "build", ".cache", "__pycache__", "subprojects"}
BINARY_DIRS = ("tests/fuzz/corpus/", "tests/vectors/")


class Tree:
  """Text files by their path from the root."""

  def __init__(self, files):
    self.files = files
    self._bare = {}

  @classmethod
  def read(cls, root):
    files = {}
    for folder, dirs, names in os.walk(root):
      dirs[:] = sorted(d for d in dirs if d not in SKIPPED_DIRS
                       and not os.path.exists(os.path.join(folder, d, "meson-private")))
      for name in sorted(names):
        path = os.path.relpath(os.path.join(folder, name), root)
        if path.startswith(BINARY_DIRS) or os.path.islink(os.path.join(folder, name)):
          continue
        try:
          with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
            files[path] = file.read()
        except FileNotFoundError:
          continue  # an editor's, gone meanwhile
        except UnicodeDecodeError:
          files[path] = None  # a complaint of its own: see source.text_is_utf8
    return cls(files)

  def items(self, *patterns):
    """(path, text) of the files whose path matches one of the regular expressions."""
    for path, text in self.files.items():
      if text is not None and any(re.search(p, path) for p in patterns):
        yield path, text

  def c(self):
    return self.items(r"\.[ch]$")

  def bare(self, path):
    """A C file with comments and the insides of strings blanked, line by line in place."""
    if path not in self._bare:
      self._bare[path] = blank(self.files[path])
    return self._bare[path]


_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text, strings=True):
  """`text` with comments (and what is within quotes) replaced by spaces; newlines stay."""

  def fill(match):
    token = match[0]
    if token[0] in "\"'":
      return token[0] + " " * (len(token) - 2) + token[0] if strings else token
    return re.sub(r"[^\n]", " ", token)

  return _TOKEN.sub(fill, text)


def line_of(text, at):
  return text.count("\n", 0, at) + 1


def lines_matching(tree, path, pattern, text=None):
  """Complaints "path:line: what was found" for every match."""
  text = tree.files[path] if text is None else text
  return [f"{path}:{line_of(text, m.start())}: {m[0].strip()}" for m in re.finditer(pattern, text)]


class Functions:
  """Function definitions of a C file, as the house's style writes them: the body's braces stand in
  the first column."""

  _OPEN = re.compile(r"^\{$", re.M)

  def __init__(self, bare):
    self.found = []  # (name, first line, last line)
    for brace in self._OPEN.finditer(bare):
      end = re.compile(r"^\}", re.M).search(bare, brace.end())
      before = bare[:brace.start()].rstrip()
      if not end or not before.endswith(")"):
        continue
      start = max(before.rfind("\n\n"), before.rfind("}\n"), before.rfind(";\n")) + 2
      head = before[start:]
      name = re.search(r"(\w+)\s*\((?!\()", re.sub(r"__attribute__\s*\(\(.*?\)\)\s", "", head))
      start += len(head) - len(head.lstrip())
      self.found.append((name[1] if name else "?", line_of(bare, start),
                         line_of(bare, end.start())))


class Rule:
  def __init__(self, check, text, bad, good):
    self.check, self.text, self.bad, self.good = check, text, bad, good


class Rules:
  """A list of rules, and how they are run."""

  def __init__(self):
    self.rules = []

  def rule(self, text, bad, good=None):
    """Decorator: `bad` and `good` are trees ({path: content}) or lists of such trees."""

    def add(check):
      def trees(value):
        return [] if value is None else value if isinstance(value, list) else [value]

      self.rules.append(Rule(check, text, trees(bad), trees(good)))
      return check

    return add

  def tests(self, tree):
    """(name, complaints) of every rule, on its own samples and on the tree."""
    for rule in self.rules:
      wrong = [f"not noticed: {sample}" for sample in rule.bad
               if not list(rule.check(Tree(sample)))]
      wrong += [f"wrongly noticed: {sample}: {complaint}" for sample in rule.good
                for complaint in rule.check(Tree(sample))]
      yield f"can fail: {rule.text}", wrong
      yield rule.text, list(rule.check(tree))


def tap(tests):
  """Print a TAP report of (name, complaints) pairs.  Returns the exit status."""
  count = failed = 0
  for name, complaints in tests:
    count += 1
    failed += bool(complaints)
    print(f"{'not ok' if complaints else 'ok'} {count} - {name}")
    for complaint in complaints:
      for line in str(complaint).splitlines():
        print(f"#   {line}")
    sys.stdout.flush()
  print(f"1..{count}")
  return 1 if failed or not count else 0
