// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of Ed25519.
 */
#include <crypto/ed25519.h>
#include <kunit/test.h>
#include <linux/hex.h>

#define LONG_MESSAGE	3000

/* RFC 8032, 7.1: TEST 1, 2, 3 and SHA(abc); PyNaCl 1.6.2 gives the same. */
static const struct rfc_vector {
	const char *seed, *public, *r, *s, *message[2];
} rfc_vectors[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
	  "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
	  { "", "" } },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
	  "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
	  { "72", "" } },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac",
	  "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
	  { "af82", "" } },
	{ "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
	  "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
	  "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589",
	  "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
	  { "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a",
	    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" } },
};

/*
 * Verdicts on the message "coconut". The first signature is PyNaCl 1.6.2's with
 * the seed 00 01 02 .. 1f; the others were made from it and that key with a
 * few lines of affine arithmetic in Python.
 */
static const struct verdict {
	const char *what, *public, *r, *s;
	int want;
} verdicts[] = {
	{ "as it was signed",
	  "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
	  "66da8082b6674b86b67dc9ab28c50be7472c72da70f08c66157c167fe02ef3de",
	  "c0baabe0abefb3f6cb0b872753443cddc1f2f523bbbfa19574b519ee758f310f", 0 },
	{ "s + L",
	  "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
	  "66da8082b6674b86b67dc9ab28c50be7472c72da70f08c66157c167fe02ef3de",
	  "ad8ea13dc652c64ea2a87eca313e1bf2c1f2f523bbbfa19574b519ee758f311f", -EBADMSG },
	{ "s with its top bit",
	  "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
	  "66da8082b6674b86b67dc9ab28c50be7472c72da70f08c66157c167fe02ef3de",
	  "c0baabe0abefb3f6cb0b872753443cddc1f2f523bbbfa19574b519ee758f318f", -EBADMSG },
	{ "s = L",
	  "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
	  "66da8082b6674b86b67dc9ab28c50be7472c72da70f08c66157c167fe02ef3de",
	  "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", -EBADMSG },
	{ "R = 0 in its canonical form",
	  "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
	  "0100000000000000000000000000000000000000000000000000000000000000",
	  "c64eecb79c046ed2ab9142dbe9315d2fa4fe556655b5e18866d264a411e78a0f", 0 },
	{ "R = 0 with y = p + 1",
	  "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
	  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	  "3be405794e9aa9ac7220133bbf0e36ea480e10585f4fca0df08e27274d0be702", -EBADMSG },
	{ "R = 0 with the sign of -0",
	  "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
	  "0100000000000000000000000000000000000000000000000000000000000080",
	  "b3efc79651ee1dc115292e001b004f803b7e6fe73f12fc94901ae7af9b582c0b", -EBADMSG },
	{ "R off by a point of order 8: holds only with cofactor",
	  "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
	  "068d4a7ae0fee63173f0035032665ad84311c6d37c6a1aaac19517856850caf0",
	  "41ddd20c6c3edb5640791704d6c7b206797c46ae790bb41f29c3dbecd0f78a02", -EBADMSG },
	{ "A of mixed order, where it makes no difference",
	  "b502ff3d92e31d8190b4aa4ea0414005167fad089c4de9dac8a2fc850fed4f58",
	  "5866666666666666666666666666666666666666666666666666666666666666",
	  "e417c164b4262d299759434d52a1541a878b678808c375ce41bbfcf1ed6a6001", 0 },
	{ "A of mixed order: holds only with cofactor",
	  "b502ff3d92e31d8190b4aa4ea0414005167fad089c4de9dac8a2fc850fed4f58",
	  "c9a3f86aae465f0e56513864510f3997561fa2c9e85ea21dc2292309f3cd6022",
	  "1f842843cbb35dfb12cb99a2f9c9cec1549d17c5f192877d18987b4301745b01", -EBADMSG },
	{ "A of order 1",
	  "0100000000000000000000000000000000000000000000000000000000000000",
	  "edc876d6831fd2105d0b4389ca2e283166469289146e2ce06faefe98b22548df",
	  "0500000000000000000000000000000000000000000000000000000000000000", -EINVAL },
	{ "A of order 8",
	  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	  "b4b937fca95b2f1e93e41e62fc3c78818ff38a66096fad6e7973e5c90006d321",
	  "0800000000000000000000000000000000000000000000000000000000000000", -EINVAL },
	{ "A of order 4",
	  "0000000000000000000000000000000000000000000000000000000000000080",
	  "2f1132ca61ab38dff00f2fea3228f24c6c71d58085b80e47e19515cb27e8d047",
	  "0400000000000000000000000000000000000000000000000000000000000000", -EINVAL },
	{ "A of order 8",
	  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	  "f1797bed4f44b2e7080dc20812d29fdfcd93208acf33ca6d89b977c8931b4ee0",
	  "1800000000000000000000000000000000000000000000000000000000000000", -EINVAL },
	{ "A of order 2",
	  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	  "5866666666666666666666666666666666666666666666666666666666666666",
	  "0100000000000000000000000000000000000000000000000000000000000000", -EINVAL },
	{ "A of order 8",
	  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	  "2f1132ca61ab38dff00f2fea3228f24c6c71d58085b80e47e19515cb27e8d047",
	  "0400000000000000000000000000000000000000000000000000000000000000", -EINVAL },
	{ "A of order 4",
	  "0000000000000000000000000000000000000000000000000000000000000000",
	  "f47e49f9d07ad2c1606b4d94067c41f9777d4ffda709b71da1d88628fce34d85",
	  "0600000000000000000000000000000000000000000000000000000000000000", -EINVAL },
	{ "A of order 8",
	  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	  "f47e49f9d07ad2c1606b4d94067c41f9777d4ffda709b71da1d88628fce34d85",
	  "0600000000000000000000000000000000000000000000000000000000000000", -EINVAL },
	{ "A with y = p",
	  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	  "66da8082b6674b86b67dc9ab28c50be7472c72da70f08c66157c167fe02ef3de",
	  "c0baabe0abefb3f6cb0b872753443cddc1f2f523bbbfa19574b519ee758f310f", -EINVAL },
	{ "A with y = p + 1",
	  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	  "66da8082b6674b86b67dc9ab28c50be7472c72da70f08c66157c167fe02ef3de",
	  "c0baabe0abefb3f6cb0b872753443cddc1f2f523bbbfa19574b519ee758f310f", -EINVAL },
	{ "A with y = p + 3, on the curve and of large order",
	  "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	  "66da8082b6674b86b67dc9ab28c50be7472c72da70f08c66157c167fe02ef3de",
	  "c0baabe0abefb3f6cb0b872753443cddc1f2f523bbbfa19574b519ee758f310f", -EINVAL },
	{ "A = 0 with the sign of -0",
	  "0100000000000000000000000000000000000000000000000000000000000080",
	  "66da8082b6674b86b67dc9ab28c50be7472c72da70f08c66157c167fe02ef3de",
	  "c0baabe0abefb3f6cb0b872753443cddc1f2f523bbbfa19574b519ee758f310f", -EINVAL },
	{ "A with y = 2, not on the curve",
	  "0200000000000000000000000000000000000000000000000000000000000000",
	  "66da8082b6674b86b67dc9ab28c50be7472c72da70f08c66157c167fe02ef3de",
	  "c0baabe0abefb3f6cb0b872753443cddc1f2f523bbbfa19574b519ee758f310f", -EINVAL },
};

/* Bytes i % 251 under the seed 00 01 02 .. 1f; made by PyNaCl 1.6.2. */
static const char *const long_signature[] = {
	"d99af665de091fab0041a3d1437e37c027446dc5e094df794217e4c380dbf88f",
	"2805934b94e95fe3d629c9eabb6c3682feab609d8bcfbd05e0f3b2d58f491500",
};

static void unhex(struct kunit *test, u8 *bin, const char *hex)
{
	KUNIT_ASSERT_EQ(test, hex2bin(bin, hex, strlen(hex) / 2), 0);
}

static void unhex_signature(struct kunit *test, u8 *bin, const char *r,
			    const char *s)
{
	unhex(test, bin, r);
	unhex(test, bin + 32, s);
}

static void ed25519_rfc8032(struct kunit *test)
{
	u8 seed[32], public[32], signature[64], message[64], got[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rfc_vectors); i++) {
		const struct rfc_vector *v = &rfc_vectors[i];
		size_t len = strlen(v->message[0]) / 2;
		struct ed25519_part part = { message, len + strlen(v->message[1]) / 2 };

		unhex(test, seed, v->seed);
		unhex(test, public, v->public);
		unhex_signature(test, signature, v->r, v->s);
		unhex(test, message, v->message[0]);
		unhex(test, message + len, v->message[1]);

		ed25519_public_key(got, seed);
		KUNIT_EXPECT_MEMEQ(test, got, public, 32);
		ed25519_sign(got, seed, public, &part, 1);
		KUNIT_EXPECT_MEMEQ(test, got, signature, 64);
		KUNIT_EXPECT_EQ(test, ed25519_verify(signature, public, &part, 1), 0);
	}
}

static void ed25519_verdicts(struct kunit *test)
{
	struct ed25519_part part = { "coconut", 7 };
	u8 public[32], signature[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verdicts); i++) {
		unhex(test, public, verdicts[i].public);
		unhex_signature(test, signature, verdicts[i].r, verdicts[i].s);
		KUNIT_EXPECT_EQ_MSG(test, ed25519_verify(signature, public, &part, 1),
				    verdicts[i].want, "%s", verdicts[i].what);
	}
}

/* No bit of key, signature or message can be turned. */
static void ed25519_bit_flips(struct kunit *test)
{
	u8 all[32 + 64 + 7];
	u8 *public = all, *signature = all + 32;
	struct ed25519_part part = { all + 96, 7 };
	size_t bit;

	unhex(test, public, verdicts[0].public);
	unhex_signature(test, signature, verdicts[0].r, verdicts[0].s);
	memcpy(all + 96, "coconut", 7);
	KUNIT_ASSERT_EQ(test, ed25519_verify(signature, public, &part, 1), 0);

	for (bit = 0; bit < 8 * sizeof(all); bit++) {
		all[bit / 8] ^= BIT(bit % 8);
		KUNIT_EXPECT_NE_MSG(test, ed25519_verify(signature, public, &part, 1),
				    0, "bit %zu", bit);
		all[bit / 8] ^= BIT(bit % 8);
	}
}

/* Where a message is cut into parts makes no difference; its length does. */
static void ed25519_parts(struct kunit *test)
{
	u8 seed[32], public[32], want[64], got[64];
	u8 *message = kunit_kmalloc(test, LONG_MESSAGE, GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, message);
	for (i = 0; i < LONG_MESSAGE; i++)
		message[i] = i % 251;
	for (i = 0; i < sizeof(seed); i++)
		seed[i] = i;
	unhex_signature(test, want, long_signature[0], long_signature[1]);
	ed25519_public_key(public, seed);

	for (i = 0; i <= LONG_MESSAGE; i += 97) {
		struct ed25519_part parts[] = {
			{ message, i },
			{ NULL, 0 },
			{ message + i, LONG_MESSAGE - i },
		};

		ed25519_sign(got, seed, public, parts, ARRAY_SIZE(parts));
		KUNIT_EXPECT_MEMEQ(test, got, want, sizeof(want));
		KUNIT_EXPECT_EQ(test, ed25519_verify(want, public, parts, 3), 0);
		parts[2].len -= !!parts[2].len;
		KUNIT_EXPECT_EQ(test, ed25519_verify(want, public, parts, 3), -EBADMSG);
	}
}

static struct kunit_case ed25519_cases[] = {
	KUNIT_CASE(ed25519_rfc8032),
	KUNIT_CASE(ed25519_verdicts),
	KUNIT_CASE(ed25519_bit_flips),
	KUNIT_CASE(ed25519_parts),
	{}
};

static struct kunit_suite ed25519_suite = {
	.name = "ed25519",
	.test_cases = ed25519_cases,
};

kunit_test_suite(ed25519_suite);

MODULE_DESCRIPTION("KUnit tests of Ed25519");
MODULE_LICENSE("GPL");
