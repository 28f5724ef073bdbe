"""tests/tidy/edges.py - who may include whom.  doc/ARCHITECTURE.md, "The house".

Folders know each other in one direction only, and from outside by one header only.  A foreign
library has one home.  The engines include nothing that could reach the outside world.
"""

import re

from rules import Rules

rules = Rules()

# folder: what it may include beside itself
EDGES = {
  "base": set(),
  "ike": {"base"},
  "nhrp": {"base"},
  "pki": {"base"},
  "xfrm": {"base"},
  "ctl": {"base"},
  "daemon": {"base", "ike", "nhrp", "pki", "xfrm", "ctl"},
  "tests": {"base", "ike", "nhrp", "pki", "xfrm", "ctl", "daemon"},
}

# What a folder's public header may be made of, beside base/base.h.
PUBLIC_PARTS = {"ike": {"ike/err.h", "ike/proto.h", "ike/suite.h"}}

FOREIGN = {
  r"event2?[/.]": {"daemon"},
  r"confuse\.h": {"daemon"},
  r"libmnl/|libnftnl/": {"xfrm"},
  r"gmp\.h": {"ike"},
  r"openssl/": {"ike", "pki"},
  r"cmocka\.h": set(),
}

LIBC = set("""alloca argp arpa/ asm/ assert bits/ byteswap complex ctype dirent endian err errno error
  execinfo fcntl features fenv float fnmatch ftw getopt glob grp ifaddrs inttypes langinfo libgen limits
  linux/ locale math mntent net/ netdb netinet/ netpacket/ paths poll pthread pwd regex resolv sched
  search semaphore setjmp signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib
  stdnoreturn string strings sys/ syslog termios threads time uchar unistd utime wchar wctype""".split())

# The engines' (and base's): values, memory, text.  No files, clocks, processes, sockets.  (arpa/inet.h
# is there for inet_pton and inet_ntop; that nothing else is called is seen in the objects.)
PURE = {"base", "ike", "nhrp"}
PURE_LIBC = {"arpa/inet", "assert", "ctype", "errno", "inttypes", "limits", "stdalign", "stdarg", "stdbool", "stddef",
             "stdint", "stdio", "stdlib", "string"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)


def includes(tree):
  """(path, folder, line, quoted, included) of every #include."""
  for path, text in tree.c():
    for match in INCLUDE.finditer(text):
      line = text.count("\n", 0, match.start()) + 1
      yield path, path.split("/")[0], line, match[1] == '"', match[2]


@rules.rule('#include "..." starts at the root, and the file is there',
            bad=[{"ike/a.c": '#include "ike.h"\n', "ike/ike.h": ""}, {"ike/a.c": '#include "ike/b.h"\n'},
                 {"ike/a.c": '#include "../base/base.h"\n', "base/base.h": ""}],
            good={"ike/a.c": '#include "ike/ike.h"\n#include <stdio.h>\n', "ike/ike.h": ""})
def from_the_root(tree):
  for path, _, line, quoted, what in includes(tree):
    if quoted and (what not in tree.files or "/" not in what):
      yield f'{path}:{line}: "{what}"'


@rules.rule("folders include each other in one direction: base <- ike, nhrp, pki, xfrm, ctl <- daemon, tests",
            bad=[{"base/a.c": '#include "ike/ike.h"\n'}, {"ike/a.c": '#include "xfrm/xfrm.h"\n'},
                 {"xfrm/a.c": '#include "daemon/log.h"\n'}, {"daemon/a.c": '#include "tests/unit/pair.h"\n'},
                 {"garage/a.c": "#include <stdio.h>\n"}],
            good={"daemon/a.c": '#include "ike/ike.h"\n', "tests/unit/a.c": '#include "daemon/node.h"\n'})
def one_direction(tree):
  for path, folder, line, quoted, what in includes(tree):
    if folder not in EDGES:
      yield f"{path}:{line}: folder {folder}/ has no place in EDGES"
    elif quoted and (to := what.split("/")[0]) != folder and to not in EDGES[folder]:
      yield f"{path}:{line}: {folder}/ must not know {what}"


@rules.rule("from outside a folder, only its public header is included",
            bad=[{"daemon/a.c": '#include "ike/engine.h"\n'}, {"ike/a.c": '#include "base/map.h"\n'}],
            good={"daemon/a.c": '#include "ike/ike.h"\n', "tests/a.c": '#include "ike/engine.h"\n'})
def public_header_only(tree):
  for path, folder, line, quoted, what in includes(tree):
    to = what.split("/")[0]
    if quoted and to != folder and folder != "tests" and what != f"{to}/{to}.h":
      yield f"{path}:{line}: {what} is private to {to}/"


@rules.rule("a public header is made of public parts only",
            bad={"xfrm/xfrm.h": '#include "xfrm/msg.h"\n'},
            good={"ike/ike.h": '#include "ike/suite.h"\n#include "base/base.h"\n',
                  "base/base.h": '#include "base/map.h"\n'})
def public_parts(tree):
  for path, folder, line, quoted, what in includes(tree):
    is_public = path == f"{folder}/{folder}.h" or path in PUBLIC_PARTS.get(folder, ())
    if quoted and is_public and folder not in ("base", "daemon") and what.split("/")[0] == folder \
       and what not in PUBLIC_PARTS.get(folder, ()):
      yield f"{path}:{line}: {what} is private"


@rules.rule("a foreign library has one home",
            bad=[{"ike/a.c": "#include <event2/event.h>\n"}, {"daemon/a.c": "#include <openssl/evp.h>\n"},
                 {"daemon/a.c": "#include <libmnl/libmnl.h>\n"}, {"xfrm/a.c": "#include <gmp.h>\n"},
                 {"ike/a.c": "#include <confuse.h>\n"}, {"ctl/a.c": "#include <curl/curl.h>\n"},
                 {"ctl/a.c": "#include <pcap.h>\n"}],
            good={"ike/a.c": "#include <gmp.h>\n", "tests/unit/a.c": "#include <cmocka.h>\n",
                  "xfrm/a.c": "#include <sys/socket.h>\n#include <linux/xfrm.h>\n"})
def foreign_home(tree):
  for path, folder, line, quoted, what in includes(tree):
    if quoted or folder == "tests":
      continue
    homes = [home for pattern, home in FOREIGN.items() if re.match(pattern, what)]
    if homes and folder not in homes[0]:
      yield f"{path}:{line}: <{what}> lives in {', '.join(sorted(homes[0])) or 'tests'}/"
    if not homes and what.removesuffix(".h") not in LIBC and what.split("/")[0] + "/" not in LIBC:
      yield f"{path}:{line}: <{what}> is no header of libc or Linux, and has no home in FOREIGN"


@rules.rule("base/ and the engines include nothing that opens, waits, reads a clock or the environment",
            bad=[{"ike/a.c": "#include <sys/socket.h>\n"}, {"base/a.c": "#include <time.h>\n"},
                 {"nhrp/a.c": "#include <unistd.h>\n"}],
            good={"ike/a.c": "#include <string.h>\n#include <openssl/evp.h>\n", "xfrm/a.c": "#include <time.h>\n"})
def pure(tree):
  for path, folder, line, quoted, what in includes(tree):
    if folder in PURE and not quoted and what.removesuffix(".h") not in PURE_LIBC \
       and not any(folder in home and re.match(pattern, what) for pattern, home in FOREIGN.items()):
      yield f"{path}:{line}: <{what}>"
