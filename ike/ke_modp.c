/*
 * ike/ke_modp.c - key exchange modulo a prime, with gmp.  RFC 7296 B, RFC 3526, RFC 6989 2.1.
 *
 * All seven primes are one formula over the binary digits of pi and a small constant, chosen so
 * that p and (p-1)/2 are both prime.  So what stands here is pi, once, and the formula; the tests
 * compare the results with another library's tables.
 *
 * Powers are computed by mpz_powm_sec, whose time and memory accesses depend on the sizes of its
 * arguments alone; the caller sets the top bit of every exponent, so that this size is fixed.  The
 * limbs of secrets are wiped before they are freed.  gmp's own scratch memory is out of reach, and
 * gmp aborts when memory runs out.
 *
 * A peer's value y is refused unless 1 < y < p-1: 0 and 1 make the secret known to everybody, p-1
 * has order 2, and mpz_export of a zero writes no bytes at all, on which others have crashed
 * (CVE-2008-4551, CVE-2015-3240).
 */
#include "ike/ke.h"

#include <string.h>

#define GENERATOR 2
#define PI_BITS	  8064 /* [2^8062 pi]: two bits before the point */

/* clang-format off */
static const char pi_hex[] =
	"c90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a0879"
	"8e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6"
	"f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651"
	"ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad96"
	"1c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e46"
	"2e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718"
	"3995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33a85521ab"
	"df1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7abf5ae8cdb0933d7"
	"1e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18"
	"177b200cbbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e"
	"4b82d120a92108011a723c12a787e6d788719a10bdba5b2699c327186af4e23c1a946834"
	"b6150bda2583e9ca2ad44ce8dbbbc2db04de8ef92e8efc141fbecaa6287c59474e6bc05d"
	"99b2964fa090c3a2233ba186515be7ed1f612970cee2d7afb81bdd762170481cd0069127"
	"d5b05aa993b4ea988d8fddc186ffb7dc90a6c08f4df435c93402849236c3fab4d27c7026"
	"c1d4dcb2602646dec9751e763dba37bdf8ff9406ad9e530ee5db382f413001aeb06a53ed"
	"9027d831179727b0865a8918da3edbebcf9b14ed44ce6cbaced4bb1bdb7f1447e6cc254b"
	"332051512bd7af426fb8f401378cd2bf5983ca01c64b92ecf032ea15d1721d03f482d7ce"
	"6e74fef6d55e702f46980c82b5a84031900b1c9e59e7c97fbec7e8f323a97a7e36cc88be"
	"0f1d45b7ff585ac54bd407b22b4154aacc8f6d7ebf48e1d814cc5ed20f8037e0a79715ee"
	"f29be32806a1d58bb7c5da76f550aa3d8a1fbff0eb19ccb1a313d55cda56c9ec2ef29632"
	"387fe8d76e3c0468043e8f663f4860ee12bf2d5b0b7474d6e694f91e6dbe115974a3926f"
	"12fee5e438777cb6a932df8cd8bec4d073b931ba3bc832b68d9dd300741fa7bf8afc47ed"
	"2576f6936ba424663aab639c5ae4f5683423b4742bf1c978238f16cbe39d652de3fdb8be"
	"fc848ad922222e04a4037c0713eb57a81a23f0c73473fc646cea306b4bcbc8862f8385dd"
	"fa9d4b7fa2c087e879683303ed5bdd3a062b3cf5b3a278a66d2a13f83f44f82ddf310ee0"
	"74ab6a364597e899a0255dc164f31cc50846851df9ab48195ded7ea1b1d510bd7ee74d73"
	"faf36bc31ecfa268359046f4eb879f924009438b481c6cd7889a002ed5ee382bc9190da6"
	"fc026e479558e4475677e9aa9e3050e2765694dfc81f56e880b96e7160c980dd98a573ea";
/* clang-format on */

void ike_modp_prime(unsigned bits, unsigned c, mpz_t out)
{
	mpz_t term;

	mpz_init_set_str(out, pi_hex, 16);
	mpz_fdiv_q_2exp(out, out, PI_BITS - (bits - 128)); /* [2^(bits-130) pi] */
	mpz_add_ui(out, out, c);
	mpz_mul_2exp(out, out, 64);
	mpz_init_set_ui(term, 1);
	mpz_mul_2exp(term, term, bits);
	mpz_add(out, out, term);
	mpz_fdiv_q_2exp(term, term, 64);
	mpz_sub(out, out, term);
	mpz_sub_ui(out, out, 1);
	mpz_clear(term);
}

/* A number with room for `bytes`, which it never outgrows, so that wiping finds all of it. */
static void number_init(mpz_t z, size_t bytes)
{
	mpz_init2(z, bytes * 8);
}

static void number_wipe(mpz_t z, size_t bytes)
{
	size_t limbs = (bytes * 8 + GMP_NUMB_BITS - 1) / GMP_NUMB_BITS;

	secret_wipe(mpz_limbs_write(z, (mp_size_t)limbs), limbs * sizeof(mp_limb_t));
	mpz_clear(z);
}

/* RFC 7296 3.4: as long as the prime; RFC 6989 2.1: 1 < y < p-1. */
static bool value_ok(const struct cur *bytes, size_t len, mpz_t y, mpz_t prime)
{
	if (bytes->left != len)
		return false;
	mpz_import(y, len, 1, 1, 1, 0, bytes->p);
	if (mpz_cmp_ui(y, 1) <= 0)
		return false;
	mpz_add_ui(y, y, 1);

	bool ok = mpz_cmp(y, prime) < 0;

	mpz_sub_ui(y, y, 1);
	return ok;
}

enum ike_err ike_modp_power(const struct ike_ke_row *row, const struct cur *base,
			    struct cur exponent, uint8_t *out)
{
	size_t len = row->public_len;
	mpz_t prime, y, x, power;
	enum ike_err err = IKE_OK;

	ike_modp_prime((unsigned)len * 8, (unsigned)row->param, prime);
	mpz_init(y); /* the peer's, no secret */
	number_init(x, exponent.left);
	number_init(power, len);
	if (!base)
		mpz_set_ui(y, GENERATOR);
	else if (!value_ok(base, len, y, prime))
		err = IKE_E_PUBLIC_VALUE;
	if (!err) {
		mpz_import(x, exponent.left, 1, 1, 1, 0, exponent.p);
		mpz_powm_sec(power, y, x, prime);

		size_t bytes = (mpz_sizeinbase(power, 2) + 7) / 8;

		memset(out, 0, len - bytes); /* padded to the modulus: RFC 7296 2.14, 3.4 */
		mpz_export(out + len - bytes, NULL, 1, 1, 1, 0, power);
	}
	number_wipe(power, len);
	number_wipe(x, exponent.left);
	mpz_clear(y);
	mpz_clear(prime);
	return err;
}
