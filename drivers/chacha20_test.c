/* drivers/chacha20_test.c: the block function gives the test vectors of RFC 8439, A.1 (those with a nonce of zero). */
#include "arch/host/host.h"
#include "drivers/chacha20.h"

static void check_block(const u8 key[32], u64 counter, const char *wanted)
{
	u32 words[8], out[16];
	memcpy(words, key, 32);
	chacha20_block(words, counter, out);
	const u8 *got = (const u8 *)out;
	for (int i = 0; i < 64; i++) {
		static const char digits[] = "0123456789abcdef";
		CHECK(wanted[2 * i] == digits[got[i] >> 4] && wanted[2 * i + 1] == digits[got[i] & 15]);
	}
}

static void test_vectors(void)
{
	u8 key[32] = { 0 };
	check_block(key, 0, "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
			    "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
	check_block(key, 1, "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
			    "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
	key[31] = 1;
	check_block(key, 1, "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
			    "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0");
}

int main(void)
{
	host_init(4);
	TEST_RUN(test_vectors);
	return test_end();
}
