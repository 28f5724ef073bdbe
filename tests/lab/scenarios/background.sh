# background: as an init script starts it: in the background, with a configuration that is named from
# where one stands; a second start leaves the first daemon alone; what rights each process keeps.

host a
address_up a lo 192.0.2.1/32
psk a b 'nobody else is here'
psk_config a 192.0.2.1 10.8.0.1/24 b 192.0.2.2

start() { # FILE; its exit status is the one of the process that was started
	on a sh -c 'cd /run && exec "$0" -f "$1"' "$LAB_SPOKED" "$1" > "$LAB/start" 2>&1
}
daemons() {
	on a pgrep -x spoked || true
}

step "it exits 0 once the daemon listens"
start spoked.conf || fail "it did not start: $(< "$LAB/start")"
ike a version
pid=$(daemons)
assert test "$(wc -w <<< "$pid")" -eq 1

step "a second one exits 1, and the first one does not notice"
refute start spoked.conf
start spoked.conf || true
assert grep -q 'UDP port 500 is taken' "$LAB/start"
assert test "$(daemons)" = "$pid"
ike a version

step "neither the daemon nor its reader has rights that it does not need"
reader=$(on a pgrep -x spoked-reader)
status() { # PID FIELD
	awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"
}
assert test "$(status "$pid" Uid)" -ne 0
assert test "$(status "$pid" CapEff)" = 0000000000003000	# CAP_NET_ADMIN, CAP_NET_RAW
assert test "$(status "$pid" CapBnd)" = 0000000000000000
assert test "$(status "$pid" NoNewPrivs)" -eq 1
assert test "$(status "$reader" CapEff)" = 0000000000000004	# CAP_DAC_READ_SEARCH
assert test "$(status "$reader" Seccomp)" -eq 2
assert test "$(stat -c %a "$(run_of a)/spoked/spoked.vici")" = 660

step "the reader ends with it, however it ends; what it leaves is no obstacle"
kill -KILL "$pid"
reader_gone() { ! kill -0 "$reader" 2> /dev/null; }
wait_for 10 reader_gone
start spoked.conf || fail "it did not start again: $(< "$LAB/start")"
pid=$(daemons)
kill -TERM "$pid"
daemon_gone() { [[ -z $(daemons) ]]; }
wait_for 30 daemon_gone
