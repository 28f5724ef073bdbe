/*
 * tests/fuzz/pair_check.h - what must hold for two engines and their kernels, whatever was done to
 * the wire between them.  A check that fails aborts.
 */
#ifndef TESTS_FUZZ_PAIR_CHECK_H
#define TESTS_FUZZ_PAIR_CHECK_H

#include "tests/unit/pair.h"

/*
 * After pair_init.  Has a failing assertion of the pair abort, outside of any test; and the
 * engines' notes printed if the environment has PAIR_VERBOSE.
 */
void pair_check_setup(struct pair *p);

/* At any moment: each engine's Child SAs are those in its kernel, and its counts are right. */
void pair_check_counts(struct pair *p);

/*
 * Once the wire is whole again: time passes, and both ends agree, each pair having its mirror at
 * the other end, with one IKE SA and one pair at the most; a new wish is granted; and after a
 * Delete nothing is left.
 */
void pair_check_recovery(struct pair *p);

#endif
