# xfrm-probe: every function of xfrm/xfrm.h against this kernel, two namespaces, no daemon.  What it
# finds out about the kernel stands in doc/KERNEL.md.
# limit: 480

step "tests/lab/xfrm_probe"
probe=${LAB_XFRM_PROBE:-$lab/../../build/asan/tests/xfrm_probe}
assert test -x "$probe"
status=0
"$probe" > "$LAB/probe.tap" 2>&1 || status=$?
cat "$LAB/probe.tap"
((status == 0)) || fail "xfrm_probe: $(grep -Em 1 '^not ok|^Bail out' "$LAB/probe.tap" || echo "status $status")"
assert grep -Eq '^1\.\.[1-9]' "$LAB/probe.tap"
