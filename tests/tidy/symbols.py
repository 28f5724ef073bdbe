"""tests/tidy/symbols.py - engines without sockets, clock, files, environment, log or globals.

Not by reading, but by asking the objects: every symbol that an engine leaves undefined must be on
a short list of what is harmless, and no variable of its may live in memory that can be written.
What stands below base/ is all that an engine can do to the world.

Constant tables of pointers lie in .data.rel.ro, which the loader fills in and then protects: nm
calls them "d" like variables, the section tells them apart.  The sanitizers' additions to the
objects (their own symbols and nameless data) are not ours and are left out.
"""

import os
import re
import shutil
import subprocess
import tempfile

# Memory and text; nothing here looks at or changes anything but its arguments.
LIBC = set("""abort bsearch calloc explicit_bzero free inet_ntop inet_pton malloc memchr memcmp memcpy memmove
  memset qsort realloc reallocarray snprintf strchr strcmp strcspn strlen strncmp strnlen strrchr strspn
  strstr vsnprintf __assert_fail __errno_location __stack_chk_fail _GLOBAL_OFFSET_TABLE_""".split())
SANITIZERS = re.compile(r"__(asan|ubsan|sanitizer|odr_asan|gcov|sancov)_")
FORTIFIED = re.compile(r"^__(\w+)_chk$")

# Computing; never OpenSSL's own random generator, its files, its engines or its errors' printing.
OPENSSL = re.compile(r"^(BN_(?!.*rand)|EC_GROUP_|EC_POINT_|ERR_(set_mark|pop_to_mark|clear_error)$|OSSL_PARAM_"
                     r"|EVP_(?!.*(keygen|generate|rand|RAND|SealInit|load_config)))")
GMP = re.compile(r"^__gmp[zn]_(?!.*(random|urandom|inp_str|out_str|print))")

ENGINES = {  # name: (members of the archive, archives that it may use, foreign functions)
  "base": (r"", (), ()),
  "ike": (r"", ("base",), (OPENSSL, GMP)),
  "nhrp": (r"", ("base",), ()),
  # What joins the engines is sans-IO as well, though it lives beside the sockets.
  "daemon": (r"^node(_\w+)?\.c\.o$", ("base", "ike", "nhrp"), ()),
}

WRITABLE = re.compile(r"^(\.(data|bss|tdata|tbss|ldata|lbss)(?!\.rel\.ro)|\*COM\*)")


class Object:
  def __init__(self, name):
    self.name, self.defined, self.undefined, self.variables = name, set(), set(), []


def read(archive):
  """The objects of an archive, or of one object file."""
  table = subprocess.run(["objdump", "-t", archive], capture_output=True, text=True, check=True).stdout
  objects = []
  for line in table.splitlines():
    if match := re.match(r"^(?:.*/)?(\S+):\s+file format", line):
      objects.append(Object(match[1]))
    # address, seven flags, section, size, name
    match = re.match(r"^[0-9a-f]+ (.{7}) (\S+)\t[0-9a-f]+\s+(?:\.\w+ )?(\S+)$", line)
    if not match or not objects or SANITIZERS.match(match[3]):
      continue
    flags, section, name = match.groups()
    if section == "*UND*":
      objects[-1].undefined.add(name)
      continue
    if flags[0] in "gu!" or flags[1] == "w":
      objects[-1].defined.add(name)
    # An unnamed one (.L…) would not be in the table; the sections' own entries are flagged "d".
    if flags[6] != "F" and WRITABLE.match(section) and "d" not in flags and "f" not in flags:
      objects[-1].variables.append(name)
  return objects


def of_engine(objects, members):
  return [o for o in objects if re.search(members, o.name)]


def wants(engine, objects, friends):
  """Complaints about what `objects` use beside each other, `friends` and the lists above."""
  known = set(LIBC).union(*(o.defined for o in [*objects, *friends]))
  for o in objects:
    for name in sorted(o.undefined - known):
      plain = FORTIFIED.sub(r"\1", name)
      if plain not in known and not any(f.match(name) for f in ENGINES[engine][2]):
        yield f"{o.name}: {name}"


def holds(objects):
  for o in objects:
    for name in o.variables:
      yield f"{o.name}: {name} can be written"


BAD_WANTS = {
  "sendto": "#include <sys/socket.h>\nlong f(void) { return sendto(1, 0, 0, 0, 0, 0); }",
  "clock_gettime": "#include <time.h>\nint f(void) { struct timespec t; return clock_gettime(CLOCK_MONOTONIC, &t); }",
  "time": "#include <time.h>\nlong f(void) { return time(0); }",
  "open": "#include <fcntl.h>\nint f(const char *n) { return open(n, O_RDONLY); }",
  "getenv": "#include <stdlib.h>\nchar *f(void) { return getenv(\"A\"); }",
  "getrandom": "#include <sys/random.h>\nlong f(void *p) { return getrandom(p, 1, 0); }",
  "rand": "#include <stdlib.h>\nint f(void) { return rand(); }",
  "syslog": "#include <syslog.h>\nvoid f(void) { syslog(1, \"%d\", 1); }",
  "fprintf": "#include <stdio.h>\nint f(int a) { return fprintf(stderr, \"%d\", a); }",
  "poll": "#include <poll.h>\nint f(struct pollfd *p) { return poll(p, 1, 0); }",
  "event_new": "struct event; struct event *event_new(void); struct event *f(void) { return event_new(); }",
  "RAND_bytes": "int RAND_bytes(void *p, int n); int f(void *p) { return RAND_bytes(p, 1); }",
  "EVP_PKEY_keygen": "int EVP_PKEY_keygen(void *p); int f(void *p) { return EVP_PKEY_keygen(p); }",
}
BAD_HOLDS = {
  "a static counter": "static int n; int f(void) { return ++n; }",
  "an initialised one": "int n = 7; int f(void) { return ++n; }",
  "a static in a function": "int f(void) { static int n = 1; return n *= 2; }",
  "a pointer to constants": "static const char *s = \"a\"; void g(const char **); void f(void) { g(&s); }",
  "one per thread": "_Thread_local int n; int f(void) { return ++n; }",
}
GOOD = """#include <stdio.h>
#include <string.h>
static const char *const names[] = { "a", "b" };
static const unsigned char table[] = { 1, 2, 3 };
size_t f(char *out, unsigned i) { (void)snprintf(out, 9, "%s", names[i % 2]); return strlen(out) + table[i % 3]; }
"""


def samples():
  """The rules on small programs: (name, complaints)."""
  compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
  with tempfile.TemporaryDirectory() as folder:

    def compiled(text):
      path = os.path.join(folder, "sample.o")
      subprocess.run([compiler, "-O1", "-fPIE", "-w", "-x", "c", "-", "-c", "-o", path], input=text, text=True,
                     check=True)
      return read(path)

    yield "can fail: undefined symbols", [
      *(f"not noticed: {name}" for name, text in BAD_WANTS.items()
        if not any(c.endswith(name) for c in wants("ike", compiled(text), []))),
      *(f"wrongly noticed: {c}" for c in wants("ike", compiled(GOOD), []))]
    yield "can fail: writable data", [
      *(f"not noticed: {name}" for name, text in BAD_HOLDS.items() if not list(holds(compiled(text)))),
      *(f"wrongly noticed: {c}" for c in holds(compiled(GOOD)))]


def tests(arguments):
  archives = {name: read(path) for name, path in (a.split("=", 1) for a in arguments)}
  yield from samples()
  for name, objects in archives.items():
    members, friends, _ = ENGINES[name]
    mine = of_engine(objects, members)
    others = [o for friend in friends for o in archives.get(friend, [])]
    what = name if not members else f"{name}/node"
    yield f"{what}: no socket, clock, file, environment, randomness or log", \
          list(wants(name, mine, others)) if mine else ["no objects found"]
    yield f"{what}: nothing that can be written but what it is given", \
          list(holds(mine)) if mine else ["no objects found"]
